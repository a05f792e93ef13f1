"""From a key back to what it is made of."""

from dataclasses import fields
from datetime import timedelta

from hypothesis import given

from paramsync.api.sync import ParameterSyncSpec
from paramsync.core.annotations import decode
from paramsync.core.explaining import KeyOrigin, Origin, explain
from paramsync.core.objects import PROVENANCE_ANNOTATION
from paramsync.core.parameters import Snapshot

from . import strategies
from .builders import (
    CONFIG_MAP,
    NOW,
    SECRET,
    SECURE_STRING,
    STRING,
    STRING_LIST,
    parameter,
    planned,
    secure,
    snapshot,
    written,
)

SPEC = ParameterSyncSpec.model_validate(
    {
        "sources": [{"path": "/shared"}, {"path": "/prod/pay"}],
        "expand": {"app": "JSON"},
        "decode": {"app/blob": "Base64"},
        "stringList": "JSON",
        "keys": {"rename": {"port": "PGPORT"}},
        "targets": [
            {"kind": "Secret", "exclude": ["**"], "compose": {"URL": "${host}:${password}"}},
            {
                "kind": "ConfigMap",
                "files": [{"key": "app.json", "format": "JSON", "include": ["zones", "app/level"]}],
            },
        ],
    }
)
HOSTS = ParameterSyncSpec.model_validate(
    {"sources": [{"path": "/shared", "optional": True}, {"path": "/prod/pay"}], "targets": [{"kind": "ConfigMap"}]}
)
HOST = snapshot(parameter("/prod/pay/host"))
LATER = NOW + timedelta(hours=1)
SHARED = snapshot(parameter("/shared/host"), parameter("/shared/app", '{"level": "debug"}'), path="/shared")
OWN = snapshot(
    parameter("/prod/pay/app", '{"blob": "AAE=", "level": "info"}', version=3),
    parameter("/prod/pay/host", "h", version=2, modified=LATER),
    parameter("/prod/pay/port", "5432"),
    parameter("/prod/pay/zones", "a,b", kind=STRING_LIST),
    secure("/prod/pay/password", "hunter2", version=7),
)


def test_every_key_is_explained() -> None:
    host = Origin("/prod/pay/host", STRING, 2, LATER, "/prod/pay", ("/shared/host",))
    level = Origin("/prod/pay/app", STRING, 3, NOW, "/prod/pay", ("/shared/app",), "app/level", ("expand",))
    blob = Origin("/prod/pay/app", STRING, 3, NOW, "/prod/pay", (), "app/blob", ("expand", "decode"))
    port = Origin("/prod/pay/port", STRING, 1, NOW, "/prod/pay")
    zones = Origin("/prod/pay/zones", STRING_LIST, 1, NOW, "/prod/pay")
    password = Origin("/prod/pay/password", SECURE_STRING, 7, NOW, "/prod/pay")

    assert explain(SPEC, "app", [SHARED, OWN]) == (
        KeyOrigin(CONFIG_MAP, "APP_BLOB", False, None, None, False, (blob,)),
        KeyOrigin(CONFIG_MAP, "HOST", False, None, None, False, (host,)),
        KeyOrigin(CONFIG_MAP, "PGPORT", True, None, None, False, (port,)),
        KeyOrigin(CONFIG_MAP, "app.json", False, "JSON", None, False, (level, zones)),
        KeyOrigin(SECRET, "URL", False, None, "${host}:${password}", True, (host, password)),
    )


def test_it_holds_no_value() -> None:
    shown = repr(explain(SPEC, "app", [SHARED, OWN]))
    assert "hunter2" not in shown
    assert "AAE" not in shown
    assert {each.name for each in fields(Origin)} == {
        "parameter", "type", "version", "modified", "source", "shadowed", "field", "made",
    }  # fmt: skip


@given(strategies.situations(legal=True))
def test_it_explains_the_keys_that_a_plan_gives(situation: tuple[ParameterSyncSpec, list[Snapshot]]) -> None:
    spec, snapshots = situation
    plan = planned(*snapshots, spec=spec)
    explained = {(each.target, each.key): each for each in explain(spec, "app", snapshots)}
    for content in plan.contents:
        for key, entry in content.entries.items():
            each = explained[(content.ref, key)]
            assert each.is_secure == (entry.type is SECURE_STRING)
            told = [(part.type, part.version) for part in each.parameters]
            assert told == [(part.type, part.version) for part in entry.parameters]
            assert each.is_renamed == entry.is_renamed
            paths = [tuple(spec.sources[source].path for source in part.shadowed) for part in entry.parameters]
            assert [len(part.shadowed) for part in each.parameters] == [len(path) for path in paths]
            for part, below in zip(each.parameters, paths, strict=True):
                assert all(map(is_below, part.shadowed, below))


def is_below(name: str, path: str) -> bool:
    return name.startswith(f"{path.rstrip('/')}/")


def test_the_annotation_says_what_is_overlaid_and_renamed() -> None:
    contents = {content.ref: content for content in planned(SHARED, OWN, spec=SPEC).contents}
    known = decode(contents[CONFIG_MAP].annotations[PROVENANCE_ANNOTATION])
    assert known is not None
    assert {key for key, entry in known.entries.items() if entry.is_renamed} == {"PGPORT"}
    assert {key: [part.shadowed for part in entry.parameters] for key, entry in known.entries.items()} == {
        "APP_BLOB": [()],
        "HOST": [(0,)],
        "PGPORT": [()],
        "app.json": [(0,), ()],
    }


def test_what_comes_to_be_overlaid_changes_no_key_and_is_told() -> None:
    (before,) = planned(snapshot(path="/shared"), HOST, spec=HOSTS).contents
    hidden = snapshot(parameter("/shared/host"), path="/shared")
    after = planned(hidden, HOST, spec=HOSTS, live=[written(before, values=False)])
    (content,) = after.contents
    assert after.actions == ()
    assert content.revision == before.revision
    assert '"HOST":["S",1,"host",1,1772366400000,{"shadowed":[0]}]' in content.annotations[PROVENANCE_ANNOTATION]
    back = planned(snapshot(path="/shared"), HOST, spec=HOSTS, live=[written(content, values=False)])
    assert (back.actions, back.holds, back.contents) == ((), (), (before,))


def test_what_a_field_hides_has_the_name_of_its_parameter() -> None:
    own = snapshot(parameter("/prod/pay/app", '{"db": {"host": "x"}}'))
    below = snapshot(parameter("/shared/app/db", '{"host": "y"}'), path="/shared")
    spec = ParameterSyncSpec.model_validate(
        {"sources": [{"path": "/shared"}, {"path": "/prod/pay"}], "expand": {"app": "JSON", "app/db": "JSON"}}
    )
    (found,) = explain(spec, "app", [below, own])
    assert found.parameters[0].shadowed == ("/shared/app/db",)
