"""The guard, where keys are not just one parameter as it is: fields of one, and many in a file or a text."""

import pytest

from paramsync.api.sync import ParameterSyncSpec
from paramsync.core.guard.approval import Approval
from paramsync.core.objects import Live
from paramsync.core.parameters import Parameter
from paramsync.core.plan import Plan
from paramsync.core.reasons import Reason

from .builders import parameter, planned, secure, snapshot, written
from .test_shaped_plans import data, spec

TOKEN, HOST = secure("/prod/pay/token", "t"), parameter("/prod/pay/db/host")
APP = '{"password": "p1"}'


def live(plan: Plan, *, values: bool = True) -> list[Live]:
    """The targets once a plan was carried out."""
    assert plan.problems == ()
    assert plan.holds == ()
    return [written(content, values=values) for content in plan.contents]


def blocked(plan: Plan) -> list[str]:
    """What is held for it was secure; nothing is written then."""
    found = [hold.subject for hold in plan.holds if hold.reason is Reason.DOWNGRADE_BLOCKED]
    assert not found or plan.contents == ()
    return found


def found(*parameters: Parameter) -> list[Parameter]:
    return [TOKEN, HOST, *parameters]


class TestOnceSecureFields:
    """Once secure stays secure, also where a parameter is taken apart, or no more."""

    EXPANDED, WHOLE = spec(expand={"app": "JSON"}), spec()

    @pytest.mark.parametrize(
        ("before", "after", "value"),
        [
            (WHOLE, WHOLE, APP),
            (WHOLE, EXPANDED, APP),
            (EXPANDED, WHOLE, APP),
            (EXPANDED, EXPANDED, APP),
            (EXPANDED, EXPANDED, '{"pwd": "s3cr3t"}'),
        ],
        ids=["whole", "expanded now", "expanded no more", "expanded", "expanded, with other fields"],
    )
    def test_a_parameter_that_turned_plain_is_held(
        self, before: ParameterSyncSpec, after: ParameterSyncSpec, value: str
    ) -> None:
        first = planned(snapshot(*found(secure("/prod/pay/app", APP))), spec=before)
        now = snapshot(*found(parameter("/prod/pay/app", value, version=2)))
        plan = planned(now, spec=after, live=live(first))
        assert blocked(plan) == ["/prod/pay/app"]
        name = "app/password" if before is after is self.EXPANDED and value == APP else "app"
        assert f"is of a plain type now, and {name} was a SecureString" in plan.holds[0].message

    @pytest.mark.parametrize(("before", "after"), [(WHOLE, EXPANDED), (EXPANDED, WHOLE)])
    def test_one_that_went_is_remembered(self, before: ParameterSyncSpec, after: ParameterSyncSpec) -> None:
        first = planned(snapshot(*found(secure("/prod/pay/app", APP))), spec=before)
        gone = planned(snapshot(*found()), spec=before, live=live(first))
        back = planned(snapshot(*found(parameter("/prod/pay/app", APP))), spec=after, live=live(gone))
        assert blocked(back) == ["/prod/pay/app"]

    def test_what_was_approved_is_held_no_more(self) -> None:
        first = planned(snapshot(*found(secure("/prod/pay/app", APP))), spec=self.WHOLE)
        now = found(parameter("/prod/pay/app", APP, version=2))
        held = planned(snapshot(*now), spec=self.EXPANDED, live=live(first))
        approved = planned(snapshot(*now), spec=self.EXPANDED, live=live(first), approval=Approval(held.digest))
        assert data(approved)["APP_PASSWORD"] == "p1"
        later = found(parameter("/prod/pay/app", '{"password": "p2", "more": "m"}', version=3))
        assert planned(snapshot(*later), spec=self.EXPANDED, live=live(approved)).holds == ()

    def test_a_plain_object_below_a_secure_one_may_change(self) -> None:
        sync = spec(expand={"app": "JSON"}, sources=[{"path": "/shared"}, {"path": "/prod/pay"}])
        over = snapshot(*found(secure("/prod/pay/app", APP)))

        def plan(value: str, version: int, targets: list[Live]) -> Plan:
            below = snapshot(parameter("/shared/app", value, version=version), path="/shared")
            return planned(below, over, spec=sync, live=targets)

        first = plan('{"user": "u"}', 1, [])
        more = plan('{"user": "v", "level": "info"}', 2, live(first))
        assert (data(more)["APP_USER"], data(more)["APP_LEVEL"]) == ("v", "info")
        below = plan('{"user": "v", "password": "x"}', 3, live(more))
        assert "APP_PASSWORD" not in data(below), "the secure one hides it"

    def test_a_secure_one_that_went_is_remembered_although_a_plain_one_of_its_name_stays(self) -> None:
        sync = spec(expand={"app": "JSON"}, sources=[{"path": "/shared"}, {"path": "/prod/pay"}])
        shared = snapshot(parameter("/shared/app", '{"user": "u"}'), path="/shared")
        first = planned(shared, snapshot(*found(secure("/prod/pay/app", APP))), spec=sync)
        gone = planned(shared, snapshot(*found()), spec=sync, live=live(first))
        back = snapshot(*found(parameter("/prod/pay/app", '{"pwd": "s3cr3t"}')))
        assert blocked(planned(shared, back, spec=sync, live=live(gone))) == ["/prod/pay/app"]
