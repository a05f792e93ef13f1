"""From a key in the cluster back to its parameters, by the target's annotation, the spec and status."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from hypothesis import given

from paramsync.api.status import PlannedAction, PlanStatus
from paramsync.api.sync import ParameterSyncSpec
from paramsync.core.explaining import explain
from paramsync.core.objects import PROVENANCE_ANNOTATION, Live
from paramsync.core.parameters import Snapshot
from paramsync.core.provenance import Entry, Origin, Provenance
from paramsync.core.routing import TargetRef, routes
from paramsync.core.tracing import KeyTrace, TargetTrace, chosen, overlaying, similar, trace, untold

from . import strategies
from .builders import (
    CONFIG_MAP,
    NOW,
    SECRET,
    SECURE_STRING,
    STRING,
    controller,
    live,
    owner,
    parameter,
    planned,
    secure,
    snapshot,
)
from .test_explaining import OWN, SHARED, SPEC

ROUTES = {route.ref: route for route in routes(SPEC, "app")}
ORIGIN = Origin("/prod/pay", "111122223333", "eu-west-1")


def ours(ref: TargetRef, annotations: Mapping[str, str]) -> Live:
    return live(ref, annotations=annotations, controlled_by=controller())


def traced(spec: ParameterSyncSpec, *snapshots: Snapshot, plan: PlanStatus | None = None) -> list[TargetTrace]:
    """The targets as a plan would write them."""
    route_of = {route.ref: route for route in routes(spec, "app")}
    return [
        trace(ours(content.ref, content.annotations), owner(), route_of[content.ref], plan)
        for content in sorted(planned(*snapshots, spec=spec).contents, key=lambda each: each.ref)
    ]


def keys(targets: list[TargetTrace]) -> dict[str, KeyTrace]:
    return {key.key: key for target in targets for key in target.keys}


def test_every_key_tells_what_it_was_made_of() -> None:
    found = keys(traced(SPEC, SHARED, OWN))

    assert sorted(found) == ["APP_BLOB", "HOST", "PGPORT", "URL", "app.json"]
    (host,) = found["HOST"].parts
    assert (host.parameter, host.version, host.modified) == ("/prod/pay/host", 2, NOW + timedelta(hours=1))
    assert host.shadowed == ("/shared/host",)
    assert host.source is not None
    assert host.source.path == "/prod/pay"
    assert found["PGPORT"].is_renamed
    assert not found["HOST"].is_renamed
    (blob,) = found["APP_BLOB"].parts
    assert (blob.parameter, blob.field, blob.made) == ("/prod/pay/app", "app/blob", ("expand", "decode"))
    assert (found["app.json"].file, found["app.json"].is_composed) == ("JSON", False)
    assert [part.field for part in found["app.json"].parts] == ["app/level", None]
    assert (found["URL"].is_composed, found["URL"].template) == (True, "${host}:${password}")
    assert found["URL"].type is SECURE_STRING


def test_it_shows_no_value() -> None:
    shown = repr(traced(SPEC, SHARED, OWN))
    assert "hunter2" not in shown
    assert "debug" not in shown


@given(strategies.situations(legal=True))
def test_it_says_what_the_explanation_says(situation: tuple[ParameterSyncSpec, list[Snapshot]]) -> None:
    spec, snapshots = situation
    found = {(key.target, key.key): key for target in traced(spec, *snapshots) for key in target.keys}
    for each in explain(spec, "app", snapshots):
        if (each.target, each.key) not in found:
            continue  # the plan has problems, so that nothing is written
        key = found[(each.target, each.key)]
        assert (key.is_renamed, key.file, key.template) == (each.is_renamed, each.file, each.template)
        assert [(part.parameter, part.version, part.field, part.made) for part in key.parts] == [
            (origin.parameter, origin.version, origin.field, origin.made) for origin in each.parameters
        ]


def test_a_template_that_is_another_one_by_now_is_not_shown() -> None:
    annotations = next(each for each in planned(SHARED, OWN, spec=SPEC).contents if each.ref == SECRET).annotations
    other = SPEC.model_dump(by_alias=True, exclude_none=True)
    other["targets"][0]["compose"] = {"URL": "${password}"}
    (route,) = (each for each in routes(ParameterSyncSpec.model_validate(other), "app") if each.ref == SECRET)
    (url,) = trace(ours(SECRET, annotations), owner(), route, None).keys
    assert (url.is_composed, url.template) == (True, None)


def encoded(*entries: Entry, most: int = 10_000) -> str:
    many = {f"K{number}": entry for number, entry in enumerate(entries)}
    return Provenance((ORIGIN,), many).encode(most)


ENTRY = Entry(STRING, 0, "host", 3, 1_000_000)


def annotated(text: str) -> TargetTrace:
    return trace(ours(SECRET, {PROVENANCE_ANNOTATION: text}), owner(), None, None)


def test_what_had_no_room_is_said() -> None:
    whole = annotated(encoded(replace(ENTRY, is_renamed=True)))
    assert whole.unknown == ""
    many = [replace(ENTRY, is_renamed=True)] * 20
    trimmed = annotated(encoded(*many, most=620))
    assert "no room for all keys' overlays, dates" in trimmed.unknown
    assert trimmed.keys[0].parts[0].modified is None
    assert trimmed.keys[0].parts[0].parameter == "/prod/pay/host"
    assert "no room for any of them" in annotated(encoded(*many, most=10)).unknown


def test_a_target_that_tells_nothing() -> None:
    assert "is not this sync's" in trace(live(), owner(), None, None).unknown
    assert "has no annotation" in trace(ours(SECRET, {}), owner(), None, None).unknown
    assert "has no annotation" in annotated("{").unknown


HELD = PlannedAction(
    action="remove", kind="ConfigMap", name="app", key="HOST", parameter="/prod/pay/host", reason="gone", held=True
)
NEW = PlannedAction(action="add", kind="Secret", name="app", key="TOKEN", parameter="/prod/pay/token", reason="new")
PLAN = PlanStatus(digest="d", actions=(HELD, NEW))


def test_what_is_held_or_planned_of_a_key() -> None:
    targets = traced(SPEC, SHARED, OWN, plan=PLAN)
    found = keys(targets)
    assert found["HOST"].planned == HELD
    assert found["TOKEN"] == KeyTrace(SECRET, "TOKEN", None, planned=NEW)
    assert found["PGPORT"].planned is None


def test_spec_and_status_speak_of_a_target_that_may_not_be_read() -> None:
    secret = untold(SECRET, "no", ROUTES[SECRET], PLAN)
    assert [(key.key, key.template) for key in secret.keys] == [("TOKEN", None), ("URL", "${host}:${password}")]
    config_map = untold(CONFIG_MAP, "no", ROUTES[CONFIG_MAP], PLAN)
    assert [(key.key, key.file, key.planned) for key in config_map.keys] == [
        ("HOST", None, HELD),
        ("app.json", "JSON", None),
    ]
    assert untold(CONFIG_MAP, "no", None, None) == TargetTrace(CONFIG_MAP, (), "no", is_hidden=False)
    assert untold(CONFIG_MAP, "no", None, None, is_hidden=True).is_hidden


def test_a_word_is_a_key_or_a_parameter() -> None:
    targets = traced(SPEC, SHARED, OWN, plan=PLAN)
    for word, expected in (
        ("HOST", ["HOST"]),
        ("/prod/pay/host", ["HOST", "URL"]),
        ("/prod/pay/token", ["TOKEN"]),
        ("host", []),
        ("/shared/host", ["HOST", "URL"]),
        ("/shared/hosts", []),
    ):
        assert sorted(keys(list(chosen(targets, word)))) == expected


def test_what_a_key_has_instead_of_an_overlaid_parameter() -> None:
    host = keys(traced(SPEC, SHARED, OWN))["HOST"]
    assert overlaying(host, "/shared/host") == ("/prod/pay/host",)
    assert overlaying(host, "/prod/pay/host") == ()


def test_keys_that_look_like_a_word() -> None:
    targets = traced(SPEC, SHARED, OWN)
    assert similar(targets, "/shared/hst") == ["HOST", "/shared/host"]
    assert similar(targets, "host") == ["HOST"]
    assert similar(targets, "/prod/other/hosts")[0] == "HOST"
    assert similar(targets, "zzz") == ["APP_BLOB", "HOST", "PGPORT", "URL", "app.json"], "few: all"
    many = snapshot(*(parameter(f"/prod/pay/p{number}", "x") for number in range(9)), secure())
    assert similar(traced(ParameterSyncSpec.model_validate({"sources": [{"path": "/prod/pay"}]}), many), "zzz") == []


def test_who_else_wrote_a_key() -> None:
    content = next(each for each in planned(SHARED, OWN, spec=SPEC).contents if each.ref == CONFIG_MAP)
    found = ours(CONFIG_MAP, content.annotations)
    edited = replace(found, editors={"HOST": frozenset({"kubectl-edit", "helm\n", "paramsync"})})
    assert keys([trace(edited, owner(), None, None)])["HOST"].editors == ("helm?", "kubectl-edit")
