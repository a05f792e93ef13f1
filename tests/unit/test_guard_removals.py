"""How many parameters may be removed without an approval, and what counts as a removal."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramsync.api.sources import Source
from paramsync.api.status import GuardWindow
from paramsync.api.sync import TargetKind
from paramsync.core.actions import ActionKind
from paramsync.core.clock import timestamp
from paramsync.core.guard.removals import allowed
from paramsync.core.objects import Live
from paramsync.core.parameters import Parameter, Snapshot
from paramsync.core.plan import Plan
from paramsync.core.provenance import Entry
from paramsync.core.reasons import Reason

from .builders import (
    CONFIG_MAP,
    NOW,
    SECRET,
    SECURE_STRING,
    STRING,
    desired,
    entry,
    origin,
    ours,
    parameter,
    planned,
    secure,
    snapshot,
    source,
    spec,
    target,
)


def numbered(*numbers: int, path: str = "/prod/pay") -> list[Parameter]:
    return [parameter(f"{path}/p{number}", f"v{number}") for number in numbers]


def filled(*numbers: int, path: str = "/prod/pay") -> Live:
    """A ConfigMap that was written from so many parameters."""
    made = desired(*numbered(*numbers, path=path), path=path)
    return ours(
        CONFIG_MAP,
        {k: str(w.value) for k, w in made.items()},
        entries={k: w.entry for k, w in made.items()},
        origins=[origin(path)],
    )


def left(*numbers: int, of: int, most: int | str | None = None, window: GuardWindow | None = None) -> Plan:
    """A plan where of so many parameters these are left."""
    sync = spec(targets=[target(TargetKind.CONFIG_MAP)], most=most)
    return planned(snapshot(*numbered(*numbers)), spec=sync, live=[filled(*range(of))], window=window)


def kinds(plan: Plan) -> dict[str, ActionKind]:
    return {each.key: each.kind for each in plan.actions}


@pytest.mark.parametrize(
    ("most", "peak", "expected"),
    [("20%", 10, 2), ("20%", 9, 1), ("20%", 4, 1), ("20%", 0, 1), ("0%", 100, 1), ("100%", 7, 7), (3, 100, 3)],
)
def test_a_share_is_rounded_down_and_one_may_always_go(most: int | str, peak: int, expected: int) -> None:
    assert allowed(most, peak) == expected


@given(st.one_of(st.integers(1, 100), st.integers(0, 100).map("{}%".format)), st.integers(1, 40), st.data())
def test_removals_are_held_as_a_whole_exactly_if_they_are_more_than_allowed(
    most: int | str, peak: int, data: st.DataObject
) -> None:
    gone = data.draw(st.integers(0, peak))
    plan = left(*range(gone, peak), of=peak, most=most)
    is_held = gone > allowed(most, peak) or (gone == peak and gone > 0)
    if gone == peak:
        assert plan.problems  # a required source that is empty stops everything
        return
    assert bool(plan.holds) is is_held
    assert len(plan.held) == (gone if is_held else 0)
    assert len(plan.removed) == (0 if is_held else gone)
    (content,) = plan.contents
    assert len(content.data) == (peak if is_held else peak - gone)


def test_additions_and_changes_go_on_while_removals_are_held() -> None:
    sync = spec(targets=[target(TargetKind.CONFIG_MAP)])
    changed = parameter("/prod/pay/p0", "new", version=2)
    plan = planned(snapshot(changed, parameter("/prod/pay/p9", "more")), spec=sync, live=[filled(0, 1, 2, 3)])
    assert kinds(plan) == {
        "P0": ActionKind.CHANGE,
        "P9": ActionKind.ADD,
        "P1": ActionKind.KEEP,
        "P2": ActionKind.KEEP,
        "P3": ActionKind.KEEP,
    }
    (content,) = plan.contents
    assert content.data == {"P0": "new", "P1": "v1", "P2": "v2", "P3": "v3", "P9": "more"}


def test_it_says_how_many_of_how_many_and_which() -> None:
    (hold,) = left(*range(3), of=10).holds
    assert (hold.reason, hold.subject, hold.stops_everything) == (Reason.REMOVAL_BLOCKED, "ConfigMap app", False)
    assert hold.message == (
        "7 of 10 parameters would be removed within an hour, and 2 may be (spec.guard.maxRemovals):"
        " p3, p4, p5, p6, p7 and 2 more; their keys are kept with their last values. Restore the parameters"
    )


def hour(removed: int, peak: int) -> GuardWindow:
    return GuardWindow(since=timestamp(NOW - timedelta(minutes=20)), peak=peak, removed=removed)


@pytest.mark.parametrize(
    ("window", "is_held"),
    [
        (None, False),
        (hour(1, 10), False),
        (hour(2, 10), True),
        (hour(2, 15), False),
        (hour(19, 100), False),
        (hour(20, 100), True),
    ],
)
def test_removals_are_counted_over_an_hour_against_its_peak(window: GuardWindow | None, is_held: bool) -> None:
    assert bool(left(*range(1, 8), of=8, window=window).holds) is is_held


def planned_twice(before: Sequence[Entry], now: Sequence[Snapshot], sources: Sequence[Source | str]) -> Plan:
    """A plan for a ConfigMap that was written from these entries of /shared and /prod/pay, and seven more."""
    entries = {(each.relative or "").upper(): each for each in before}
    more = {f"P{number}": entry(f"p{number}", source=1) for number in range(7)}
    found = ours(
        CONFIG_MAP,
        dict.fromkeys(entries | more, "old"),
        entries=entries | more,
        origins=[origin("/shared"), origin("/prod/pay")],
    )
    made = spec(*sources, targets=[target(TargetKind.CONFIG_MAP)])
    return planned(*now, spec=made, live=[found])


PAY = numbered(*range(7))
SHARED = [parameter("/shared/a"), parameter("/shared/b"), parameter("/shared/c")]
TWO = ("/shared", "/prod/pay")


@pytest.mark.parametrize(
    ("before", "shared", "pay", "removed"),
    [
        ([entry("a"), entry("b"), entry("c")], SHARED, PAY, set()),
        ([entry("a"), entry("b"), entry("c")], SHARED[:1], PAY, {"b", "c"}),
        ([entry("a", source=1), entry("b", source=1)], SHARED, PAY, {"a", "b"}),
        ([entry("a"), entry("b")], SHARED[2:], [*PAY, parameter("/prod/pay/a"), parameter("/prod/pay/b")], set()),
        ([entry("a")], [secure("/shared/a"), *SHARED[1:]], PAY, {"a"}),
    ],
    ids=[
        "nothing vanished",
        "two vanished",
        "a lower source shows through",
        "a higher source took over as the lower one vanished",
        "turned secure, and no target takes that",
    ],
)
def test_a_removal_is_a_name_whose_winner_vanished_or_that_no_target_takes_any_more(
    before: Sequence[Entry], shared: Sequence[Parameter], pay: Sequence[Parameter], removed: set[str]
) -> None:
    plan = planned_twice(before, [snapshot(*shared, path="/shared"), snapshot(*pay)], TWO)
    assert (plan.removed.keys() or {(each.key).lower() for each in plan.held}) == removed


@pytest.mark.parametrize(
    "sources",
    [
        [Source(path="/prod/pay", exclude=("p0", "p1", "p2", "p3", "p4"))],
        [Source(path="/prod/pay", include=("p5", "p6", "p7"))],
    ],
    ids=["exclude", "include"],
)
def test_editing_globs_removes_nothing(sources: list[Source]) -> None:
    made = spec(*sources, targets=[target(TargetKind.CONFIG_MAP)])
    plan = planned(snapshot(*numbered(*range(8))), spec=made, live=[filled(*range(8))])
    assert (plan.holds, plan.removed) == ((), {})
    assert set(kinds(plan).values()) == {ActionKind.REMOVE}


def test_a_target_that_takes_other_types_removes_nothing() -> None:
    both = ours(SECRET, None, entries={"A": entry("a"), "B": entry("b"), "S": entry("s", kind=SECURE_STRING)})
    listed = snapshot(parameter("/prod/pay/a"), parameter("/prod/pay/b"), secure("/prod/pay/s"))
    plan = planned(listed, spec=spec(targets=[target(types=[SECURE_STRING])]), live=[both])
    assert (plan.holds, plan.removed) == ((), {})
    assert kinds(plan) == {"A": ActionKind.REMOVE, "B": ActionKind.REMOVE}


def test_plain_parameters_that_all_turn_secure_without_a_secret_are_held() -> None:
    made = spec(targets=[target(TargetKind.CONFIG_MAP)])
    turned = snapshot(secure("/prod/pay/p0"), secure("/prod/pay/p1"))
    plan = planned(turned, spec=made, live=[filled(0, 1)])
    (hold,) = plan.holds
    assert hold.message.startswith("All 2 parameters would be removed (p0, p1)")
    assert plan.contents[0].data == {"P0": "v0", "P1": "v1"}


def test_an_overlay_that_is_deleted_does_not_fall_back_to_shared_defaults() -> None:
    names = ["a", "b", "c"]
    found = ours(
        CONFIG_MAP,
        dict.fromkeys(map(str.upper, names), "own"),
        entries={name.upper(): entry(name, source=1) for name in names},
        origins=[origin("/shared"), origin("/prod/pay")],
    )
    shared = snapshot(*SHARED, path="/shared")
    made = spec("/shared", source("/prod/pay", optional=True), targets=[target(TargetKind.CONFIG_MAP)])
    plan = planned(shared, snapshot(), spec=made, live=[found])
    assert [hold.reason for hold in plan.holds] == [Reason.REMOVAL_BLOCKED]
    assert plan.contents[0].data == {"A": "own", "B": "own", "C": "own"}


@pytest.mark.parametrize(
    ("names", "is_held"), [((0, 1, 2, 3, 4), False), ((0, 1, 2, 3), False), ((0, 1), True), ((7, 8), True)]
)
def test_another_path_may_have_the_same_names_and_must_not_lose_many(names: tuple[int, ...], is_held: bool) -> None:
    made = spec("/prod/other", targets=[target(TargetKind.CONFIG_MAP)])
    listed = snapshot(*numbered(*names, path="/prod/other"), path="/prod/other")
    plan = planned(listed, spec=made, live=[filled(*range(5))])
    assert plan.is_stopped is is_held
    if is_held:
        assert plan.contents == ()
        assert "the sync's sources changed as well, so nothing is written" in plan.holds[0].message


def test_a_key_whose_name_is_not_known_is_lost_if_nothing_else_gives_it() -> None:
    found = ours(CONFIG_MAP, {"A": "1", "B": "2"}, entries={"A": Entry(STRING), "B": Entry(STRING)})
    made = spec(targets=[target(TargetKind.CONFIG_MAP)])
    plan = planned(snapshot(parameter("/prod/pay/a")), spec=made, live=[found])
    assert plan.removed.keys() == {"B"}


def test_one_parameter_of_a_target_that_is_dropped_counts_too() -> None:
    old = ours(CONFIG_MAP, {"P0": "v0", "P1": "v1", "P2": "v2"}, entries={f"P{n}": entry(f"p{n}") for n in range(3)})
    made = spec(targets=[target(TargetKind.CONFIG_MAP, "new")])
    plan = planned(snapshot(parameter("/prod/pay/p0")), spec=made, live=[old])
    assert {each.key for each in plan.held} == {"P1", "P2"}
    assert (plan.dropped, plan.kept) == ((), (CONFIG_MAP,))
    assert [(content.ref.name, dict(content.data)) for content in plan.contents] == [("new", {"P0": "db.internal"})]
