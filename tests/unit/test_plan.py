"""What a reconcile would do, and why."""

from dataclasses import replace

import pytest

from paramsync.api.sync import TargetKind
from paramsync.core.actions import ActionKind
from paramsync.core.annotations import decode
from paramsync.core.objects import ConfigMapContent, SecretContent
from paramsync.core.parameters import Parameter
from paramsync.core.plan import Counts, Plan
from paramsync.core.provenance import Entry
from paramsync.core.reasons import Reason
from paramsync.core.routing import TargetRef
from paramsync.core.values import KeyValue, SecureValue

from .builders import (
    CONFIG_MAP,
    OTHER_UID,
    SECRET,
    SECURE_STRING,
    STRING,
    controller,
    entry,
    live,
    origin,
    ours,
    parameter,
    planned,
    secure,
    snapshot,
    source,
    spec,
    target,
    written,
)

HOST = {"HOST": entry("host")}
PASSWORD = {"PASSWORD": entry("password", kind=SECURE_STRING)}
FULL = snapshot(parameter(), secure())
LIVE_CONFIG_MAP = ours(CONFIG_MAP, {"HOST": "db.internal"}, entries=HOST)
LIVE_SECRET = ours(SECRET, {"PASSWORD": SecureValue(b"hunter2")}, entries=PASSWORD)


def reasons(plan: Plan) -> list[tuple[Reason, str]]:
    return [(problem.reason, problem.subject) for problem in plan.problems]


def data(plan: Plan) -> dict[TargetRef, dict[str, KeyValue]]:
    return {content.ref: dict(content.data) for content in plan.contents}


def test_secure_values_go_into_the_secret_and_plain_ones_into_the_config_map() -> None:
    plan = planned(FULL)
    secret, config_map = plan.contents
    assert isinstance(secret, SecretContent)
    assert isinstance(config_map, ConfigMapContent)
    assert data(plan) == {SECRET: {"PASSWORD": SecureValue(b"hunter2")}, CONFIG_MAP: {"HOST": "db.internal"}}
    assert plan.counts == Counts(parameters=2, secure=1, skipped=0, overlaid=0)
    assert (plan.problems, plan.holds, plan.notes, plan.dropped, plan.needs_values) == ((), (), (), (), frozenset())


def test_a_target_exists_from_the_first_success_even_without_keys() -> None:
    assert data(planned(snapshot(parameter()))) == {SECRET: {}, CONFIG_MAP: {"HOST": "db.internal"}}


def test_a_secret_alone_takes_everything() -> None:
    plan = planned(FULL, spec=spec(targets=[target(TargetKind.SECRET)]))
    assert data(plan) == {SECRET: {"HOST": SecureValue(b"db.internal"), "PASSWORD": SecureValue(b"hunter2")}}


def test_what_no_target_takes_is_counted_as_skipped() -> None:
    plan = planned(FULL, spec=spec(targets=[target(TargetKind.CONFIG_MAP)]))
    assert plan.counts == Counts(parameters=1, secure=0, skipped=1, overlaid=0)


def test_what_a_later_source_hides_is_counted_as_overlaid() -> None:
    plan = planned(snapshot(parameter("/shared/host", "old"), path="/shared"), FULL)
    assert plan.counts == Counts(parameters=2, secure=1, skipped=0, overlaid=1)
    assert data(plan)[CONFIG_MAP] == {"HOST": "db.internal"}


def test_provenance_names_every_source() -> None:
    plan = planned(snapshot(parameter("/shared/port"), path="/shared"), FULL)
    (config_map,) = [content for content in plan.contents if content.ref == CONFIG_MAP]
    known = decode(config_map.annotations["paramsync.dev/provenance"])
    assert known is not None
    assert known.origins == (origin("/shared"), origin("/prod/pay"))
    assert {key: known.name_of(key) for key in known.entries} == {"HOST": "/prod/pay/host", "PORT": "/shared/port"}


@pytest.mark.parametrize("applied", [[], [SECRET, CONFIG_MAP]], ids=["new", "applied before"])
def test_an_empty_required_source_stops_everything(applied: list[TargetRef]) -> None:
    plan = planned(snapshot(), FULL, spec=spec("/shared", "/prod/pay"), applied=applied)
    assert reasons(plan) == [(Reason.NO_PARAMETERS, "/shared")]
    assert ("what the targets hold stays as it is" in plan.problems[0].message) is bool(applied)
    assert (plan.contents, plan.actions, plan.dropped) == ((), (), ())


def test_an_empty_optional_source_stops_nothing() -> None:
    plan = planned(snapshot(path="/shared"), FULL, spec=spec(source("/shared", optional=True), "/prod/pay"))
    assert plan.problems == ()
    assert data(plan)[CONFIG_MAP] == {"HOST": "db.internal"}


def test_all_sources_empty_and_nothing_applied_is_no_success_even_if_all_are_optional() -> None:
    made = spec(source("/shared", optional=True), source("/prod/pay", optional=True))
    plan = planned(snapshot(path="/shared"), snapshot(), spec=made, applied=[])
    assert reasons(plan) == [(Reason.NO_PARAMETERS, "/shared"), (Reason.NO_PARAMETERS, "/prod/pay")]


def test_optional_sources_that_became_empty_are_removals_and_held() -> None:
    plan = planned(
        snapshot(),
        spec=spec(source(optional=True)),
        live=[LIVE_CONFIG_MAP, LIVE_SECRET],
    )
    assert [(hold.reason, [each.key for each in hold.actions]) for hold in plan.holds] == [
        (Reason.REMOVAL_BLOCKED, ["HOST", "PASSWORD"])
    ]
    assert data(plan) == {SECRET: {"PASSWORD": SecureValue(b"hunter2")}, CONFIG_MAP: {"HOST": "db.internal"}}
    assert {(each.kind, each.reason) for each in plan.actions} == {(ActionKind.KEEP, "held until it is approved")}


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ([parameter("/prod/pay/1st")], [(Reason.INVALID_KEY, "/prod/pay/1st")]),
        ([parameter("/prod/pay/a/b"), parameter("/prod/pay/a-b")], [(Reason.KEY_COLLISION, "/prod/pay/a/b")]),
        ([secure("/prod/pay/key", None)], [(Reason.DECRYPTION_FAILED, "/prod/pay/key")]),
        ([parameter("/prod/pay/key", None)], [(Reason.DECRYPTION_FAILED, "/prod/pay/key")]),
    ],
    ids=["no key", "a collision", "sealed", "sealed and plain"],
)
def test_one_bad_parameter_stops_everything(parameters: list[Parameter], expected: list[tuple[Reason, str]]) -> None:
    plan = planned(snapshot(parameter(), secure(), *parameters))
    assert reasons(plan) == expected
    assert plan.contents == ()


def test_a_sealed_parameter_that_no_target_takes_stops_nothing() -> None:
    plan = planned(snapshot(parameter(), secure(value=None)), spec=spec(targets=[target(TargetKind.CONFIG_MAP)]))
    assert plan.problems == ()


def test_names_that_differ_by_kind_of_target_do_not_collide() -> None:
    plan = planned(snapshot(parameter("/prod/pay/a/b"), secure("/prod/pay/a-b")))
    assert plan.problems == ()


def test_one_name_that_several_targets_cannot_take_is_one_problem() -> None:
    made = spec(targets=[target(name="one", types=[STRING]), target(name="two", types=[STRING])])
    assert reasons(planned(snapshot(parameter("/prod/pay/1st")), spec=made)) == [(Reason.INVALID_KEY, "/prod/pay/1st")]


def test_one_foreign_target_stops_everything_and_comes_first() -> None:
    plan = planned(
        snapshot(parameter("/prod/pay/1st")), live=[live(SECRET, controlled_by=controller(uid=OTHER_UID, name="x"))]
    )
    assert reasons(plan) == [(Reason.TARGET_CONFLICT, "Secret app"), (Reason.INVALID_KEY, "/prod/pay/1st")]
    assert plan.contents == ()


def test_a_target_that_is_being_deleted_is_waited_for() -> None:
    assert reasons(planned(FULL, live=[replace(LIVE_SECRET, deleting=True)])) == [(Reason.PENDING, "Secret app")]


def test_one_target_that_does_not_fit_stops_everything() -> None:
    big = parameter("/prod/pay/big", "x" * (1024 * 1024))
    plan = planned(snapshot(parameter(), secure(), big))
    assert reasons(plan) == [(Reason.TOO_LARGE, "ConfigMap app")]
    assert plan.contents == ()


def test_annotations_of_others_count_and_our_own_old_ones_do_not() -> None:
    old_one = replace(
        LIVE_CONFIG_MAP,
        annotations={**LIVE_CONFIG_MAP.annotations, "paramsync.dev/provenance": "x" * 262_000, "note": "x" * 262_000},
    )
    assert reasons(planned(FULL, live=[old_one])) == [(Reason.TOO_LARGE, "ConfigMap app")]
    without = replace(old_one, annotations={key: text for key, text in old_one.annotations.items() if key != "note"})
    assert reasons(planned(FULL, live=[without])) == []


def test_gains_are_written_before_losses_and_secrets_before_config_maps() -> None:
    a, b, c, d = (
        TargetRef(kind, name) for kind in (TargetKind.SECRET, TargetKind.CONFIG_MAP) for name in ("losing", "gaining")
    )
    made = spec(
        targets=[
            target(TargetKind.CONFIG_MAP, "losing"),
            target(TargetKind.SECRET, "losing"),
            target(TargetKind.CONFIG_MAP, "gaining"),
            target(TargetKind.SECRET, "gaining"),
        ]
    )
    found = [
        ours(a, entries={**PASSWORD, "GONE": entry("gone", kind=SECURE_STRING)}),
        ours(c, entries={**HOST, "GONE": entry("gone")}),
    ]
    assert [content.ref for content in planned(FULL, spec=made, live=found).contents] == [b, d, a, c]


@pytest.mark.parametrize(
    ("applied", "dropped"),
    [
        ([], ()),
        ([SECRET, CONFIG_MAP], (CONFIG_MAP,)),
        ([SECRET, TargetRef(TargetKind.SECRET, "old"), CONFIG_MAP], (CONFIG_MAP, TargetRef(TargetKind.SECRET, "old"))),
    ],
    ids=["none", "a kind", "a kind and a name"],
)
def test_what_was_applied_and_is_no_target_any_more_is_dropped(
    applied: list[TargetRef], dropped: tuple[TargetRef, ...]
) -> None:
    assert planned(FULL, spec=spec(targets=[target()]), applied=applied).dropped == dropped


def test_a_change_that_has_not_settled_keeps_the_live_value() -> None:
    changed = snapshot(parameter(value="new", version=2), secure(), settled=False)
    plan = planned(changed, live=[LIVE_CONFIG_MAP, LIVE_SECRET])
    assert data(plan) == {SECRET: {"PASSWORD": SecureValue(b"hunter2")}, CONFIG_MAP: {"HOST": "db.internal"}}
    (config_map,) = [content for content in plan.contents if content.ref == CONFIG_MAP]
    assert config_map.entries == HOST


def test_a_removal_that_has_not_settled_keeps_the_live_value() -> None:
    plan = planned(
        snapshot(secure(), parameter("/prod/pay/port", "1"), absence_settled=False),
        live=[LIVE_CONFIG_MAP, LIVE_SECRET],
    )
    assert data(plan)[CONFIG_MAP] == {"HOST": "db.internal", "PORT": "1"}
    assert [(each.kind, each.key) for each in plan.actions] == [(ActionKind.ADD, "PORT"), (ActionKind.KEEP, "HOST")]


def pending(plan: Plan) -> list[str]:
    assert {each.reason for each in plan.pending} <= {Reason.PENDING}
    return [each.subject for each in plan.pending]


def test_an_addition_that_has_not_settled_is_not_yet_there() -> None:
    more = snapshot(parameter(), parameter("/prod/pay/port"), secure(), settled=False)
    plan = planned(more, live=[LIVE_CONFIG_MAP, LIVE_SECRET])
    assert data(plan)[CONFIG_MAP] == {"HOST": "db.internal"}
    assert (plan.notes, pending(plan)) == ((), ["ConfigMap app/PORT"])


def test_what_others_gave_a_key_that_is_kept_is_told_and_stops_nothing() -> None:
    less = snapshot(secure(), absence_settled=False)
    assert planned(less, live=[LIVE_CONFIG_MAP, LIVE_SECRET]).pending == ()
    edited = replace(LIVE_CONFIG_MAP, foreign_keys=frozenset({"HOST"}))
    plan = planned(less, live=[edited])
    assert pending(plan) == ["ConfigMap app/HOST"]
    assert data(plan) == {SECRET: {"PASSWORD": SecureValue(b"hunter2")}, CONFIG_MAP: {"HOST": "db.internal"}}


def test_what_another_source_has_not_settled_does_not_matter() -> None:
    shared = snapshot(parameter("/shared/port"), path="/shared", absence_settled=False)
    plan = planned(shared, snapshot(secure()), live=[LIVE_CONFIG_MAP, LIVE_SECRET])
    assert [(each.kind, each.key) for each in plan.actions] == [(ActionKind.ADD, "PORT"), (ActionKind.KEEP, "HOST")]
    assert [(each.kind, each.key) for each in plan.held] == [(ActionKind.REMOVE, "HOST")]


def test_a_key_of_an_unknown_parameter_waits_until_every_source_has_settled() -> None:
    found = ours(CONFIG_MAP, {"OLD": "x", "HOST": "db.internal"}, entries={"OLD": Entry(STRING), "HOST": entry()})
    waiting = planned(snapshot(parameter(), secure(), absence_settled=False), live=[found])
    settled = planned(FULL, live=[found])
    assert data(waiting)[CONFIG_MAP] == {"HOST": "db.internal", "OLD": "x"}
    assert data(settled)[CONFIG_MAP] == {"HOST": "db.internal"}


def test_values_are_asked_for_where_keys_are_kept() -> None:
    kept = snapshot(parameter("/prod/pay/port"), secure(), absence_settled=False)
    bare = replace(LIVE_CONFIG_MAP, data=None)
    plan = planned(kept, live=[bare, replace(LIVE_SECRET, data=None)])
    assert plan.needs_values == {CONFIG_MAP}
    assert (plan.contents, plan.dropped) == ((), ())


def test_values_are_not_asked_for_where_nothing_is_kept() -> None:
    found = [replace(each, data=None) for each in (LIVE_CONFIG_MAP, LIVE_SECRET)]
    plan = planned(FULL, live=found)
    assert plan.needs_values == frozenset()
    assert len(plan.contents) == 2


def test_a_kept_key_that_someone_deleted_is_told_and_no_failure() -> None:
    plan = planned(
        snapshot(parameter("/prod/pay/port"), absence_settled=False),
        live=[ours(CONFIG_MAP, {}, entries=HOST)],
    )
    assert plan.problems == ()
    assert [(note.reason, note.subject) for note in plan.notes] == [(Reason.REMOVAL_BLOCKED, "ConfigMap app/HOST")]
    assert pending(plan) == []
    assert data(plan)[CONFIG_MAP] == {"PORT": "db.internal"}


def test_kept_keys_keep_their_origin_when_the_sources_change() -> None:
    found = ours(
        CONFIG_MAP,
        {"A": "1", "B": "2", "C": "3"},
        entries={"A": entry("a", source=1), "B": entry("b", source=0), "C": entry("c", source=0)},
        origins=[origin("/shared"), origin("/prod/pay")],
    )
    now = snapshot(parameter("/prod/pay/c"), secure(), absence_settled=False)
    plan = planned(now, snapshot(parameter("/shared/c"), path="/shared", absence_settled=False), live=[found])
    (config_map,) = [content for content in plan.contents if content.ref == CONFIG_MAP]
    known = decode(config_map.annotations["paramsync.dev/provenance"])
    assert known is not None
    assert known.origins[0] == origin("/prod/pay")
    assert {key: known.name_of(key) for key in known.entries} == {
        "A": "/prod/pay/a",
        "B": "/shared/b",
        "C": "/shared/c",
    }


def test_a_kept_key_of_an_unknown_origin_loses_its_name_alone() -> None:
    found = ours(CONFIG_MAP, {"A": "1"}, entries={"A": entry("a", source=5, version=3)})
    plan = planned(snapshot(), spec=spec(source(optional=True)), live=[found])
    (config_map,) = [content for content in plan.contents if content.ref == CONFIG_MAP]
    assert [(each.source, each.relative, each.version) for each in config_map.entries.values()] == [(None, None, 3)]


def test_a_foreign_value_is_written_over() -> None:
    found = replace(LIVE_CONFIG_MAP, data={"HOST": "evil"})
    assert data(planned(FULL, live=[found]))[CONFIG_MAP] == {"HOST": "db.internal"}


def test_the_revision_depends_on_stamps_and_not_on_values() -> None:
    def revisions(*parameters: Parameter) -> list[str]:
        return [content.revision for content in planned(snapshot(*parameters)).contents]

    assert revisions(parameter(value="a"), secure(value="a")) == revisions(secure(value="b"), parameter(value="b"))
    assert revisions(parameter(version=2), secure()) != revisions(parameter(), secure())
    assert revisions(parameter(), secure(version=2)) != revisions(parameter(), secure())


def test_a_plan_survives_what_was_written_by_it() -> None:
    first = planned(FULL)
    again = planned(FULL, live=[written(content) for content in first.contents])
    assert again.actions == ()
    assert again.contents == first.contents
