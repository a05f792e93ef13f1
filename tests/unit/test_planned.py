"""A plan as status shows it: it always fits, whatever the targets claim of themselves."""

import json

from hypothesis import given
from hypothesis import strategies as st

from paramsync.api.status import LONGEST_REASON, SyncStatus
from paramsync.api.sync import Mode, TargetKind
from paramsync.core.actions import ActionKind
from paramsync.core.planned import plan_status, waiting_actions
from paramsync.core.routing import TargetRef

from .builders import CONFIG_MAP, SECRET, SECURE_STRING, entry, ours, parameter, planned, secure, snapshot, spec, target

LONGEST_OBJECT = "x" * 253


def test_a_move_into_a_target_of_the_longest_name_fits() -> None:
    long = TargetRef(TargetKind.SECRET, LONGEST_OBJECT)
    before = ours(CONFIG_MAP, {"A": "1", "B": "2"}, entries={"A": entry("a"), "B": entry("b")})
    targets = [target(name=LONGEST_OBJECT), target(TargetKind.CONFIG_MAP)]
    plan = planned(snapshot(secure("/prod/pay/a"), parameter("/prod/pay/b")), spec=spec(targets=targets), live=[before])
    (move,) = [action for action in plan.actions if action.kind is ActionKind.MOVE]
    assert str(long) in move.reason
    (shown,) = plan_status([move], (), None).actions
    assert len(shown.reason) == LONGEST_REASON


PARTS = st.one_of(st.text(max_size=3000), st.integers(-(10**30), 10**30), st.none())
CLAIMS = st.dictionaries(st.text(min_size=1, max_size=300), st.lists(PARTS, max_size=4).map(lambda more: ["S", *more]))


@given(CLAIMS, st.text(max_size=2000))
def test_whatever_a_target_claims_to_be_made_of_fits_into_a_status(claims: dict[str, object], path: str) -> None:
    document = {"v": 1, "sources": [{"path": path, "account": None, "region": "eu-west-1"}], "keys": claims}
    forged = ours(CONFIG_MAP, {}, annotations={"paramsync.dev/provenance": json.dumps(document)})
    plan = planned(snapshot(parameter()), spec=spec(mode=Mode.PLAN), live=[forged])
    shown = plan_status(plan.actions, plan.held, plan.digest)
    status = SyncStatus(plan=shown)
    assert SyncStatus.model_validate_json(status.model_dump_json(by_alias=True)) == status
    assert all(each.version is None or each.version < 2**63 for each in shown.actions)


def test_with_a_hold_that_stops_everything_all_else_waits() -> None:
    """And what is kept until it has settled does not wait: it stays as it is after an approval, too."""
    before = ours(SECRET, None, entries={"PASSWORD": entry("password", kind=SECURE_STRING)})
    gone = ours(CONFIG_MAP, {"GONE": "x"}, entries={"GONE": entry("gone")})
    now = snapshot(parameter(), parameter("/prod/pay/password", version=2), absence_settled=False)
    plan = planned(now, live=[before, gone])
    assert plan.is_stopped
    assert ActionKind.KEEP in {action.kind for action in plan.actions}
    assert {action.key for action in plan.held} == {"PASSWORD"}
    assert [(action.kind, action.key) for action in waiting_actions(plan)] == [(ActionKind.ADD, "HOST")]


def test_with_another_hold_the_rest_goes_on_and_nothing_waits() -> None:
    live = ours(CONFIG_MAP, dict.fromkeys("AB", "x"), entries={"A": entry("a"), "B": entry("b")})
    plan = planned(snapshot(parameter()), live=[live])
    assert plan.holds
    assert not plan.is_stopped
    assert waiting_actions(plan) == ()
