"""An approval lets pass what was held, that alone, and once."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from paramsync.api.sync import TargetKind
from paramsync.core.guard.approval import Approval
from paramsync.core.objects import Live, Owner
from paramsync.core.plan import Plan
from paramsync.core.planned import plan_status

from .builders import (
    CONFIG_MAP,
    NOW,
    SECRET,
    SECURE_STRING,
    entry,
    ours,
    owner,
    parameter,
    planned,
    secure,
    snapshot,
    spec,
    target,
    written,
)

SYNC = spec(targets=[target(TargetKind.CONFIG_MAP)])
ENTRIES = {f"P{number}": entry(f"p{number}") for number in range(5)}
LIVE = ours(CONFIG_MAP, dict.fromkeys(ENTRIES, "old"), entries=ENTRIES)


def held(*left: int, approval: Approval | None = None, by: Owner | None = None, live: Live = LIVE) -> Plan:
    parameters = [parameter(f"/prod/pay/p{number}", "old") for number in left]
    return planned(snapshot(*parameters), spec=SYNC, live=[live], approval=approval, by=by)


def test_the_digest_approves_what_is_held() -> None:
    digest = held(0).digest
    plan = held(0, approval=Approval(digest))
    assert (plan.holds, plan.digest, plan.approved) == ((), None, digest)
    assert plan.contents[0].data == {"P0": "old"}
    assert plan.removed.keys() == {"p1", "p2", "p3", "p4"}


def test_other_changes_do_not_void_it() -> None:
    digest = held(0).digest
    more = [parameter("/prod/pay/p0", "new", version=2), parameter("/prod/pay/p9")]
    assert planned(snapshot(*more), spec=SYNC, live=[LIVE]).digest == digest


@pytest.mark.parametrize(
    "approval",
    [Approval(), Approval("0123456789abcdef"), Approval(held(0, 1, 2).digest), Approval(held(0).digest, last="other")],
    ids=["none", "another digest", "of fewer removals", "another one came between"],
)
def test_nothing_else_approves(approval: Approval) -> None:
    assert held(0, approval=approval).holds


def test_a_digest_belongs_to_its_sync() -> None:
    other = owner(uid="another")
    entries = ours(CONFIG_MAP, dict.fromkeys(ENTRIES, "old"), entries=ENTRIES, by=other)
    assert held(0, by=other, live=entries).digest != held(0).digest


@given(st.sets(st.integers(0, 4), max_size=2), st.sets(st.integers(0, 4), max_size=2))
def test_different_removals_have_different_digests(one: set[int], other: set[int]) -> None:
    assume(one and other and one != other)
    assert held(*one).digest != held(*other).digest


def test_one_that_is_left_in_git_approves_nothing_a_second_time() -> None:
    digest = held(0).digest
    again = held(0, approval=Approval(digest, last=digest))
    assert again.holds
    assert again.digest not in (None, digest)


def test_re_created_parameters_need_an_approval_of_their_own() -> None:
    newer = {key: entry(key.lower(), modified=NOW.replace(year=2027)) for key in ENTRIES}
    assert held(0, live=ours(CONFIG_MAP, dict.fromkeys(newer, "old"), entries=newer)).digest != held(0).digest


def told(plan: Plan) -> Approval:
    return Approval(plan.digest, told=plan_status(plan.held, plan.held, plan.digest))


def test_what_remains_of_an_apply_that_ended_half_way_is_approved_still() -> None:
    secrets = {f"S{number}": entry(f"s{number}", kind=SECURE_STRING) for number in range(5)}
    secret = ours(SECRET, None, entries=secrets)
    now = snapshot(parameter("/prod/pay/p0", "old"), secure("/prod/pay/s0"))
    plan = planned(now, live=[LIVE, secret])
    after = planned(now, live=[LIVE, secret], approval=told(plan))
    assert (len(plan.held), after.holds) == (8, ())
    (first,) = [content for content in after.contents if content.ref == SECRET]
    rest = planned(now, live=[LIVE, written(first)], approval=told(plan))
    assert (rest.holds, rest.approved) == ((), plan.digest)


def test_what_came_meanwhile_is_not_approved_with_it() -> None:
    plan = held(0, 1)
    assert held(0, approval=told(plan)).holds


def test_a_plan_that_status_shows_only_in_part_approves_nothing_but_itself() -> None:
    plan = held(0)
    part = told(plan)
    assert part.told is not None
    cut = Approval(plan.digest, told=part.told.model_copy(update={"omitted": 1}))
    fewer = ours(CONFIG_MAP, dict.fromkeys(list(ENTRIES)[:4], "old"), entries=dict(list(ENTRIES.items())[:4]))
    assert held(0, approval=part, live=fewer).holds == ()
    assert held(0, approval=cut, live=fewer).holds


def test_what_waits_with_it_and_is_not_shown_voids_nothing() -> None:
    plan = held(0)
    added = planned(snapshot(parameter()), spec=SYNC).actions
    shown = plan_status((*plan.held, *added), plan.held, plan.digest).model_copy(update={"omitted": 1})
    fewer = ours(CONFIG_MAP, dict.fromkeys(list(ENTRIES)[:4], "old"), entries=dict(list(ENTRIES.items())[:4]))
    assert held(0, approval=Approval(plan.digest, told=shown), live=fewer).holds == ()


def test_what_was_held_stays_held_although_it_is_few_of_many_now() -> None:
    plan = held(0, 1)
    more = {f"N{number}": entry(f"n{number}") for number in range(50)}
    grown = ours(CONFIG_MAP, dict.fromkeys(ENTRIES | more, "old"), entries=ENTRIES | more)
    names = [f"/prod/pay/n{number}" for number in range(50)] + ["/prod/pay/p0", "/prod/pay/p1"]
    now = snapshot(*(parameter(name, "old") for name in names))
    assert planned(now, spec=SYNC, live=[grown]).holds == ()
    again = planned(now, spec=SYNC, live=[grown], approval=Approval(told=told(plan).told))
    assert {each.key for each in again.held} == {"P2", "P3", "P4"}
    assert again.digest == plan.digest
    assert "was held and has not been approved" in again.holds[0].message


def test_what_was_held_and_has_come_back_is_held_no_more() -> None:
    plan = held(0, 1)
    assert held(*range(5), approval=Approval(told=told(plan).told)).holds == ()
