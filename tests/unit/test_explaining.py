"""From a key back to what it is made of."""

from dataclasses import fields
from datetime import timedelta

from hypothesis import given

from paramsync.api.sync import ParameterSyncSpec
from paramsync.core.explaining import KeyOrigin, Origin, explain
from paramsync.core.parameters import Snapshot

from . import strategies
from .builders import CONFIG_MAP, NOW, SECRET, SECURE_STRING, STRING, STRING_LIST, parameter, planned, secure, snapshot

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
