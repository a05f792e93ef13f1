"""Targets keep at least something of what they had, until an approval."""

import pytest

from paramsync.api.sync import TargetKind
from paramsync.core.parameters import Parameter, Snapshot
from paramsync.core.plan import Plan
from paramsync.core.reasons import Reason
from paramsync.core.routing import TargetRef

from .builders import (
    CONFIG_MAP,
    SECRET,
    SECURE_STRING,
    entry,
    ours,
    parameter,
    planned,
    secure,
    snapshot,
    source,
    spec,
    target,
)

BOTH = {"HOST": entry("host"), "PORT": entry("port")}
REST = [secure(f"/prod/pay/s{number}") for number in range(10)]
SECRETS = {f"S{number}": entry(f"s{number}", kind=SECURE_STRING) for number in range(10)}


def made(*parameters: Parameter, settled: bool = True, empty: bool = False) -> Plan:
    """A plan for a ConfigMap that was written from host and port, beside a Secret that stays."""
    found = ours(CONFIG_MAP, {} if empty else {"HOST": "h", "PORT": "p"}, entries={} if empty else BOTH)
    return planned(
        snapshot(*parameters, *REST, absence_settled=settled),
        live=[found, ours(SECRET, None, entries=SECRETS)],
    )


def test_a_target_that_would_lose_every_key_keeps_them() -> None:
    plan = made()
    (hold,) = plan.holds
    assert (hold.reason, hold.subject, hold.stops_everything) == (Reason.REMOVAL_BLOCKED, "ConfigMap app", False)
    assert hold.message == (
        "ConfigMap app would lose every key it had: all 2 keys are kept with the last values. Restore the parameters"
    )
    assert {content.ref: len(content.data) for content in plan.contents} == {SECRET: 10, CONFIG_MAP: 2}


def test_what_comes_in_their_place_is_added() -> None:
    plan = made(parameter("/prod/pay/new"))
    assert len(plan.holds) == 1
    assert {content.ref: set(content.data) for content in plan.contents}[CONFIG_MAP] == {"HOST", "PORT", "NEW"}


@pytest.mark.parametrize(
    "plan",
    [
        made(parameter("/prod/pay/host")),
        made(parameter("/prod/pay/host"), parameter("/prod/pay/port")),
        made(settled=False),
        made(empty=True),
        made(parameter("/prod/pay/new"), empty=True),
        planned(snapshot(*REST)),
    ],
    ids=[
        "one of two goes",
        "nothing goes",
        "it has not settled",
        "it was empty and stays so",
        "its first key",
        "new targets",
    ],
)
def test_anything_else_may_pass(plan: Plan) -> None:
    assert plan.holds == ()


OLD = TargetRef(TargetKind.SECRET, "old")


@pytest.mark.parametrize(
    ("listed", "stopped"), [(snapshot(), True), (snapshot(secure("/prod/pay/s0")), False)], ids=["nothing", "something"]
)
def test_a_target_is_not_deleted_for_targets_that_are_all_empty(listed: Snapshot, stopped: bool) -> None:
    renamed = spec(source(optional=True), targets=[target(name="new")])
    found = ours(OLD, None, entries={"S0": entry("s0", kind=SECURE_STRING)})
    plan = planned(listed, spec=renamed, live=[found])
    assert plan.is_stopped is stopped
    assert plan.dropped == (() if stopped else (OLD,))
    assert bool(plan.contents) is not stopped


def test_a_renamed_target_moves_with_all_its_keys() -> None:
    renamed = spec(targets=[target(name="new")])
    found = ours(OLD, None, entries=SECRETS)
    plan = planned(snapshot(*REST), spec=renamed, live=[found])
    assert (plan.holds, plan.dropped, plan.kept, plan.removed) == ((), (OLD,), (), {})
    assert {each.reason for each in plan.actions if each.target == OLD} == {"spec.targets names the target no longer"}
