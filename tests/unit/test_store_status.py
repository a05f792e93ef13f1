"""What the status of a store says: from what was read with it, and nothing that nobody asked AWS."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramsync.api.sources import StoreKind
from paramsync.api.status import ConditionType
from paramsync.api.store_status import MOST_NAMESPACES, StoreError, StoreStatus
from paramsync.core.identity import Identity
from paramsync.core.lateness import TELL, TELL_STILL
from paramsync.core.reasons import Nature, Problem, Reason
from paramsync.core.store_status import OF_STORES, PATIENCE, Answer, Failure, StoreFacts, status_of
from paramsync.core.stores import Store, StoreKey
from tests.e2e.scene import kstatus

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
STORE = Store(Identity("eu-west-1"), ())
ARN = "arn:aws:sts::111122223333:assumed-role/params/paramsync-cluster@main"
GOOD = Answer("/prod/pay", "111122223333")
INVALID = StoreKey(StoreKind.CLUSTER_PARAMETER_STORE, "main").problem(Reason.STORE_INVALID, "is not valid: spec.region")
NEW = StoreStatus()


def failed(reason: Reason, path: str = "/prod/pay", lasts: timedelta = timedelta(0)) -> Answer:
    return Answer(path, failure=Failure(reason, f"{path} {reason}", lasts))


def used(*answers: Answer, **more: Any) -> StoreFacts:
    """A store that two syncs of one namespace read with."""
    return StoreFacts(3, STORE, ("payments", "payments"), answers=answers, arn=ARN, account="111122223333", **more)


DENIED = failed(Reason.ACCESS_DENIED)
LOST = failed(Reason.SOURCE_UNAVAILABLE, lasts=PATIENCE)
BLIP = failed(Reason.SOURCE_UNAVAILABLE, lasts=PATIENCE - timedelta(seconds=1))
SERVING = status_of(NEW, used(GOOD), NOW)


def told(status: StoreStatus) -> dict[str, tuple[str, str]]:
    return {each.type: (each.status, each.reason) for each in status.conditions}


def as_object(status: StoreStatus, generation: int = 3) -> dict[str, Any]:
    body = status.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return {"metadata": {"generation": generation}, "status": body}


@pytest.mark.parametrize(
    ("facts", "conditions", "flux"),
    [
        (StoreFacts(3, None), {"Ready": ("True", "Unused")}, "Current"),
        (StoreFacts(3, STORE), {"Ready": ("True", "Unused")}, "Current"),
        (used(GOOD), {"Ready": ("True", "Serving")}, "Current"),
        (used(GOOD, DENIED), {"Ready": ("True", "Serving")}, "Current"),
        (used(), {"Ready": ("Unknown", "Pending"), "Reconciling": ("True", "Pending")}, "InProgress"),
        (used(BLIP), {"Ready": ("Unknown", "Pending"), "Reconciling": ("True", "Pending")}, "InProgress"),
        (
            used(LOST),
            {"Ready": ("False", "SourceUnavailable"), "Reconciling": ("True", "SourceUnavailable")},
            "InProgress",
        ),
        (used(DENIED), {"Ready": ("False", "AccessDenied"), "Stalled": ("True", "AccessDenied")}, "Failed"),
        (used(LOST, DENIED), {"Ready": ("False", "AccessDenied"), "Stalled": ("True", "AccessDenied")}, "Failed"),
        (
            StoreFacts(3, INVALID, ("payments",)),
            {"Ready": ("False", "StoreInvalid"), "Stalled": ("True", "StoreInvalid")},
            "Failed",
        ),
        (StoreFacts(3, INVALID), {"Ready": ("False", "StoreInvalid"), "Stalled": ("True", "StoreInvalid")}, "Failed"),
    ],
)
def test_what_is_said_of_a_new_spec(facts: StoreFacts, conditions: dict[str, Any], flux: str) -> None:
    status = status_of(NEW, facts, NOW)

    assert told(status) == conditions
    assert status.observed_generation == 3
    assert {each.observed_generation for each in status.conditions} == {3}
    assert kstatus(as_object(status)) == flux


def test_a_store_that_is_read_with_says_who_reads_where_and_for_whom() -> None:
    namespaces = tuple(f"team-{number:02}" for number in reversed(range(12))) * 2
    facts = replace(used(GOOD), namespaces=namespaces)

    status = status_of(NEW, facts, NOW)

    assert (status.identity, status.account, status.region) == (ARN, "111122223333", "eu-west-1")
    assert (status.syncs, status.namespace_count) == (24, 12)
    assert status.namespaces == tuple(f"team-{number:02}" for number in range(MOST_NAMESPACES))


def test_a_store_that_nobody_reads_with_claims_nothing_of_aws() -> None:
    status = status_of(SERVING, StoreFacts(3, STORE, arn=ARN, account="111122223333", stretch=9.0), LATER)

    assert (status.identity, status.account, status.budget) == (None, None, None)
    assert (status.syncs, status.namespace_count, status.namespaces) == (0, 0, ())
    ready = status.condition(ConditionType.READY)
    assert ready is not None
    assert "AWS was not asked" in ready.message


def test_the_account_is_that_of_the_parameters() -> None:
    assert status_of(NEW, replace(used(Answer("/", "444455556666")), account=None), NOW).account == "444455556666"
    assert status_of(NEW, used(Answer("/empty")), NOW).account == "111122223333"


def test_times_move_with_what_they_are_of() -> None:
    ready = SERVING.condition(ConditionType.READY)
    assert ready is not None
    assert status_of(SERVING, used(GOOD), LATER) == SERVING
    partly = status_of(SERVING, used(GOOD, DENIED), LATER).condition(ConditionType.READY)
    assert partly is not None
    assert partly.last_transition_time == ready.last_transition_time
    denied = status_of(SERVING, used(DENIED), LATER).condition(ConditionType.READY)
    assert denied is not None
    assert denied.last_transition_time == "2026-03-01T13:00:00Z"


class TestAfterARestart:
    """A process that has read nothing yet knows less than status does."""

    @pytest.mark.parametrize("facts", [used(), used(BLIP), replace(used(), meaning=None)])
    def test_what_was_told_of_the_spec_stands_until_aws_has_answered(self, facts: StoreFacts) -> None:
        denied = status_of(NEW, used(DENIED), NOW)
        assert status_of(SERVING, facts, LATER) is SERVING
        assert status_of(denied, facts, LATER) is denied

    def test_readers_are_counted_anew_when_all_syncs_were_looked_at(self) -> None:
        few = replace(used(GOOD), namespaces=("other",), knows_all=False)
        assert status_of(SERVING, few, LATER) == SERVING
        assert status_of(SERVING, replace(few, knows_all=True), LATER).namespaces == ("other",)

    def test_nobody_is_called_unused_before_all_syncs_were_looked_at(self) -> None:
        nobody = StoreFacts(3, STORE, knows_all=False)
        assert status_of(SERVING, nobody, LATER) is SERVING
        assert status_of(NEW, nobody, LATER) is NEW

    def test_another_spec_is_another_matter(self) -> None:
        edited = status_of(SERVING, replace(used(), generation=4), LATER)
        assert told(edited)["Ready"] == ("Unknown", "Pending")
        assert edited.identity is None


class TestFailures:
    def test_a_blip_changes_nothing(self) -> None:
        assert status_of(SERVING, used(BLIP), LATER) == SERVING
        assert status_of(SERVING, used(GOOD, replace(BLIP, path="/other")), LATER) == SERVING

    def test_the_worst_is_told_first_and_always_the_same(self) -> None:
        answers = [LOST, failed(Reason.ACCESS_DENIED, "/b"), failed(Reason.ACCESS_DENIED, "/a")]
        for order in (answers, answers[::-1]):
            error = status_of(NEW, used(*order), NOW).last_error
            assert error is not None
            assert error.message == "/a AccessDenied"

    def test_the_last_error_stays_with_its_times(self) -> None:
        first = status_of(SERVING, used(LOST), LATER)
        assert first.last_error == StoreError(
            reason="SourceUnavailable", message="/prod/pay SourceUnavailable", since="2026-03-01T12:59:00Z"
        )
        longer = used(failed(Reason.SOURCE_UNAVAILABLE, lasts=2 * PATIENCE))
        assert status_of(first, longer, LATER + timedelta(hours=1)) == first
        over = status_of(first, used(GOOD), LATER + timedelta(hours=2))
        assert over.last_error is not None
        assert (over.last_error.since, over.last_error.until) == ("2026-03-01T12:59:00Z", "2026-03-01T15:00:00Z")
        assert status_of(over, used(GOOD), LATER + timedelta(hours=3)) == over
        again = status_of(over, used(LOST), LATER + timedelta(hours=4)).last_error
        assert again is not None
        assert (again.since, again.until) == ("2026-03-01T16:59:00Z", None)

    def test_it_is_of_this_spec(self) -> None:
        denied = status_of(NEW, used(DENIED), NOW)
        assert status_of(denied, replace(used(GOOD), generation=4), LATER).last_error is None

    @pytest.mark.parametrize("reason", sorted(set(Reason) - OF_STORES))
    def test_what_is_a_sync_s_or_our_own_fault_is_no_store_s(self, reason: Reason) -> None:
        status = status_of(SERVING, used(GOOD, failed(reason, lasts=timedelta(hours=1))), LATER)
        assert status == SERVING


class TestBudget:
    def test_throttling_is_told_with_its_beginning(self) -> None:
        status = status_of(SERVING, used(GOOD, throttled=timedelta(minutes=2)), LATER)
        assert status.budget is not None
        assert (status.budget.throttled_since, status.budget.stretched_since) == ("2026-03-01T12:58:00Z", None)
        same = status_of(status, used(GOOD, throttled=timedelta(minutes=9)), LATER + timedelta(minutes=8))
        assert same == status
        assert status_of(status, used(GOOD), LATER).budget is None

    def test_stretched_intervals_do_not_flap(self) -> None:
        between = (TELL + TELL_STILL) / 2
        assert status_of(SERVING, used(GOOD, stretch=between), LATER).budget is None
        status = status_of(SERVING, used(GOOD, stretch=TELL), LATER)
        assert status.budget is not None
        assert status.budget.stretched_since == "2026-03-01T13:00:00Z"
        assert status_of(status, used(GOOD, stretch=between), LATER + timedelta(hours=1)) == status
        assert status_of(status, used(GOOD, stretch=1.0), LATER).budget is None


ANSWERS = st.builds(
    Answer,
    st.sampled_from(["/a", "/b", "/c"]),
    st.sampled_from([None, "111122223333", "444455556666"]),
    st.none()
    | st.builds(
        Failure,
        st.sampled_from(sorted(set(Reason) - {reason for reason in Reason if reason.nature is Nature.GOOD})),
        st.sampled_from(["one", "two"]),
        st.timedeltas(timedelta(0), timedelta(hours=1)),
    ),
)
FACTS = st.builds(
    StoreFacts,
    st.integers(1, 2),
    st.sampled_from([None, STORE, INVALID]),
    st.lists(st.sampled_from(["payments", "other"]), max_size=3).map(tuple),
    st.booleans(),
    st.lists(ANSWERS, max_size=3, unique_by=lambda answer: answer.path).map(tuple),
    st.sampled_from([None, ARN]),
    st.sampled_from([None, "111122223333"]),
    st.none() | st.timedeltas(timedelta(0), timedelta(hours=1)),
    st.floats(1.0, 3.0),
)


@given(st.lists(FACTS, max_size=4), FACTS)
def test_the_same_facts_are_told_once_and_never_ready_without_an_answer(
    history: list[StoreFacts], facts: StoreFacts
) -> None:
    status = NEW
    for step, each in enumerate(history):
        status = status_of(status, each, NOW + timedelta(minutes=step))
    first = status_of(status, facts, LATER)
    assert status_of(first, facts, LATER + timedelta(hours=1)) == first
    types = [each.type for each in first.conditions]
    assert types in ([], ["Ready"], ["Ready", "Stalled"], ["Ready", "Reconciling"])
    if facts.namespaces and not any(answer.failure is None for answer in facts.answers) and first != status:
        ready = told(first)["Ready"]
        passing = any(each.failure is not None and each.failure.is_passing for each in facts.answers)
        assert ready[0] != "True" or (passing and told(status).get("Ready") == ("True", "Serving"))


def test_a_problem_is_no_value_of_a_status_model() -> None:
    """A long message is cut, so that the API server takes it."""
    long = Problem(Reason.STORE_INVALID, "x", "x" * 5000)
    status = status_of(NEW, StoreFacts(3, long), NOW)
    assert StoreStatus.model_validate(as_object(status)["status"]) == status
