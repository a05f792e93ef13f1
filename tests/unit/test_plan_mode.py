"""A plan that is not carried out, against what somebody else made."""

from paramsync.api.sync import Mode
from paramsync.core.actions import ActionKind
from paramsync.core.objects import MANAGED_BY_LABEL, Live
from paramsync.core.plan import Plan
from paramsync.core.reasons import Reason
from paramsync.core.report import outcome_of
from paramsync.core.values import SecureValue

from .builders import (
    CONFIG_MAP,
    SECRET,
    SECURE_STRING,
    entry,
    live,
    origin,
    ours,
    parameter,
    planned,
    secure,
    snapshot,
    spec,
)

NOW = snapshot(parameter(), secure(), secure("/prod/pay/token"))
PLAN = spec(mode=Mode.PLAN)


def theirs(value: str = "hunter2", **labels: str) -> Live:
    data = {"PASSWORD": SecureValue.of(value), "LEGACY": SecureValue.of("old")}
    return live(SECRET, data, labels=labels, foreign_keys=data)


def told(plan: Plan) -> list[tuple[ActionKind, str, str]]:
    return sorted((each.kind, str(each.target), each.key) for each in plan.actions)


def test_it_tells_what_taking_over_would_change_and_what_stands_in_the_way() -> None:
    plan = planned(NOW, spec=PLAN, live=[theirs()], applied=())
    assert plan.problems == ()
    assert told(plan) == [
        (ActionKind.ADD, "ConfigMap app", "HOST"),
        (ActionKind.ADD, "Secret app", "TOKEN"),
        (ActionKind.REMOVE, "Secret app", "LEGACY"),
        (ActionKind.REPLACE, "Secret app", "PASSWORD"),
    ]
    (note,) = plan.notes
    assert (note.reason, note.subject) == (Reason.TARGET_CONFLICT, "Secret app")
    outcome = outcome_of(plan, "payments", "app", only_planned=True)
    assert outcome.reason is Reason.PLANNED
    assert outcome.problems == (note,)


def test_it_is_no_oracle() -> None:
    assert (
        planned(NOW, spec=PLAN, live=[theirs("hunter2")], applied=()).actions
        == planned(NOW, spec=PLAN, live=[theirs("another")], applied=()).actions
    )


def test_what_another_tool_tracks_is_planned_and_told() -> None:
    plan = planned(NOW, spec=PLAN, live=[theirs(**{MANAGED_BY_LABEL: "Helm"})], applied=())
    assert "Helm" in plan.notes[0].message
    assert (ActionKind.REPLACE, "Secret app", "PASSWORD") in told(plan)


def test_what_stands_in_the_way_is_told_beside_what_would_be_held() -> None:
    moved = ours(CONFIG_MAP, {"HOST": "x"}, entries={"HOST": entry()}, origins=[origin(account="444455556666")])
    plan = planned(NOW, spec=PLAN, live=[theirs(), moved], applied=[CONFIG_MAP])
    assert [hold.reason for hold in plan.holds] == [Reason.SOURCE_MOVED]
    assert [note.reason for note in plan.notes] == [Reason.TARGET_CONFLICT]


def test_a_sync_that_writes_is_stopped_by_it() -> None:
    plan = planned(NOW, live=[theirs()], applied=())
    assert [problem.reason for problem in plan.problems] == [Reason.TARGET_CONFLICT]
    assert plan.actions == ()


def test_a_plan_against_our_own_targets_is_what_would_be_carried_out() -> None:
    own = [
        ours(CONFIG_MAP, {"HOST": "old", "GONE": "x"}, entries={"HOST": entry(version=9), "GONE": entry("gone")}),
        ours(SECRET, None, entries={"PASSWORD": entry("password", kind=SECURE_STRING)}),
    ]
    assert planned(NOW, spec=PLAN, live=own).actions == planned(NOW, live=own).actions
