"""Data that gets older than its owner asked for, although nothing fails."""

from datetime import timedelta

import pytest

from paramsync.core.lateness import Lateness, told
from paramsync.core.outcome import Outcome
from paramsync.core.reasons import Problem, Reason

SYNCED = Outcome(Reason.SYNCED, "9 parameters are in 2 targets")
PLACE = "account 111122223333 in eu-west-1"


def late(*, age: float = 0, stretch: float = 1.0, lasts: float = 0) -> Lateness:
    return Lateness(timedelta(seconds=60), timedelta(seconds=age), stretch, timedelta(seconds=lasts), PLACE)


@pytest.mark.parametrize(
    ("state", "was_told", "reason", "noted"),
    [
        (late(), False, Reason.SYNCED, False),
        (late(age=119), False, Reason.SYNCED, False),
        (late(age=121), False, Reason.SOURCE_UNAVAILABLE, False),
        (late(stretch=1.1), False, Reason.SYNCED, False),
        (late(stretch=1.1), True, Reason.SYNCED, True),
        (late(stretch=1.04), True, Reason.SYNCED, False),
        (late(stretch=1.3), False, Reason.SYNCED, True),
        (late(stretch=1.9, age=110), False, Reason.SYNCED, True),
        (late(stretch=2.1), False, Reason.THROTTLED, False),
        (late(stretch=1.8, lasts=20), False, Reason.THROTTLED, False),
        (late(lasts=59), False, Reason.SYNCED, False),
        (late(lasts=61), False, Reason.THROTTLED, False),
    ],
)
def test_what_is_late_is_told(state: Lateness, was_told: bool, reason: Reason, noted: bool) -> None:
    outcome = told(SYNCED, state, was_told=was_told)
    assert outcome.reason is reason
    assert [problem.reason for problem in outcome.problems] == [Reason.INTERVAL_STRETCHED] * noted


def test_other_problems_stay_and_the_budget_is_named() -> None:
    note = Problem(Reason.REMOVAL_BLOCKED, "Secret app/X", "kept")
    outcome = told(Outcome(Reason.SYNCED, "fine", (note,)), late(stretch=1.5), was_told=False)
    assert outcome.problems[0] is note
    assert PLACE in outcome.problems[1].message


def test_a_failure_is_told_as_it_is() -> None:
    failed = Outcome(Reason.REMOVAL_BLOCKED, "kept")
    assert told(failed, late(age=1000, stretch=9), was_told=False) is failed
