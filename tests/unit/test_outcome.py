"""How a reconcile ended, and what the conditions say of it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from paramsync.api.status import Condition, SyncStatus
from paramsync.core.outcome import Outcome, conditions, is_in_grace, is_still_fresh, look_again_in, shortened
from paramsync.core.reasons import Nature, Problem, Reason

from .builders import circumstances, condition, status

NEVER = status(condition(status="Unknown", reason="Pending"), generation=-1)
READY = status(condition(), revision="abc")
STALLED = status(
    condition(status="False", reason="AccessDenied"), condition("Stalled", reason="AccessDenied"), revision="abc"
)
BEFORE = "2026-03-01T00:00:00Z"
NOW = "2026-03-01T12:00:00Z"
FIVE = timedelta(minutes=5)


def outcome(reason: Reason) -> Outcome:
    return Outcome(reason, f"Because of {reason}")


def shape(made: tuple[Condition, ...]) -> dict[str, str]:
    return {each.type: each.status for each in made}


GOOD = [each for each in Reason if each.nature is Nature.GOOD]
WAITING = [each for each in Reason if each.nature is Nature.WAITING]
PERSON = [each for each in Reason if each.nature is Nature.PERSON]
LAGGING = [each for each in Reason if each.nature is Nature.LAGGING]


@pytest.mark.parametrize("previous", [NEVER, READY, STALLED, SyncStatus()], ids=["never", "ready", "stalled", "empty"])
def test_success_is_ready_alone(previous: SyncStatus) -> None:
    assert shape(conditions(previous, outcome(Reason.SYNCED), circumstances())) == {"Ready": "True"}


@pytest.mark.parametrize("reason", PERSON)
@pytest.mark.parametrize(
    ("previous", "age"),
    [(NEVER, timedelta(0)), (READY, timedelta(days=1)), (STALLED, timedelta(days=1))],
    ids=["new", "ready", "stalled"],
)
def test_what_a_person_must_mend_stalls_at_once(reason: Reason, previous: SyncStatus, age: timedelta) -> None:
    made = conditions(previous, outcome(reason), circumstances(age=age))
    assert shape(made) == {"Ready": "False", "Stalled": "True"}
    assert {each.reason for each in made} == {reason}


@pytest.mark.parametrize("reason", LAGGING)
@pytest.mark.parametrize(
    ("previous", "age", "expected"),
    [
        (NEVER, timedelta(0), "Reconciling"),
        (NEVER, timedelta(minutes=9, seconds=59), "Reconciling"),
        (NEVER, timedelta(minutes=10), "Stalled"),
        (READY, timedelta(0), "Stalled"),
        (STALLED, timedelta(minutes=1), "Stalled"),
    ],
    ids=["new", "new for almost 10 minutes", "10 minutes old", "succeeded before", "succeeded and stalled"],
)
def test_a_sync_that_never_succeeded_has_ten_minutes(
    reason: Reason, previous: SyncStatus, age: timedelta, expected: str
) -> None:
    at = circumstances(age=age)
    assert shape(conditions(previous, outcome(reason), at)) == {"Ready": "False", expected: "True"}
    assert is_in_grace(previous, outcome(reason), at) is (expected == "Reconciling")


@pytest.mark.parametrize("reason", [*GOOD, *WAITING, *PERSON])
def test_grace_is_for_what_lags_alone(reason: Reason) -> None:
    assert not is_in_grace(NEVER, outcome(reason), circumstances(age=timedelta(0)))


def test_what_a_target_is_known_not_to_hold_is_told_at_once() -> None:
    at = circumstances(data_age=timedelta(0))
    certain = replace(outcome(Reason.PENDING), is_certain=True)
    assert not is_still_fresh(READY, certain, at)
    assert shape(conditions(READY, certain, at)) == {"Ready": "False", "Reconciling": "True"}


@pytest.mark.parametrize("reason", WAITING)
@pytest.mark.parametrize(
    ("data_age", "fresh"),
    [(timedelta(0), True), (2 * FIVE, True), (2 * FIVE + timedelta(seconds=1), False), (timedelta(days=1), False)],
    ids=["now", "two intervals", "a second more", "a day"],
)
def test_a_passing_failure_leaves_ready_until_the_data_is_older_than_two_intervals(
    reason: Reason, data_age: timedelta, fresh: bool
) -> None:
    at = circumstances(data_age=data_age)
    made = conditions(READY, outcome(reason), at)
    assert is_still_fresh(READY, outcome(reason), at) is fresh
    if fresh:
        assert made == READY.conditions
    else:
        assert shape(made) == {"Ready": "False", "Reconciling": "True"}


@pytest.mark.parametrize(
    ("interval", "data_age", "fresh"),
    [
        (timedelta(seconds=10), timedelta(seconds=20), True),
        (timedelta(seconds=10), timedelta(seconds=21), False),
        (timedelta(hours=24), timedelta(hours=48), True),
    ],
)
def test_the_sync_s_own_interval_counts(interval: timedelta, data_age: timedelta, fresh: bool) -> None:
    at = circumstances(interval=interval, data_age=data_age)
    assert is_still_fresh(READY, outcome(Reason.THROTTLED), at) is fresh


@pytest.mark.parametrize(
    "previous",
    [NEVER, SyncStatus(), status(condition(), generation=0, revision="abc")],
    ids=["never ready", "empty", "ready for an older generation"],
)
def test_a_passing_failure_reconciles_what_is_not_ready(previous: SyncStatus) -> None:
    made = conditions(previous, outcome(Reason.THROTTLED), circumstances())
    assert shape(made) == {"Ready": "False", "Reconciling": "True"}


def test_what_waits_for_a_person_does_so_while_aws_throttles() -> None:
    assert conditions(STALLED, outcome(Reason.THROTTLED), circumstances()) == STALLED.conditions


@pytest.mark.parametrize("reason", [*GOOD, *PERSON, *LAGGING])
def test_nothing_but_a_passing_failure_leaves_the_conditions_as_they_are(reason: Reason) -> None:
    assert not is_still_fresh(READY, outcome(reason), circumstances())


@pytest.mark.parametrize(
    ("previous", "ready"),
    [(READY, "True"), (STALLED, "False"), (NEVER, "Unknown"), (SyncStatus(), "Unknown")],
    ids=["ready", "stalled", "never", "empty"],
)
def test_suspended_keeps_ready_and_nothing_else(previous: SyncStatus, ready: str) -> None:
    (made,) = conditions(previous, outcome(Reason.SUSPENDED), circumstances(generation=7))
    assert (made.type, made.status, made.reason, made.observed_generation) == ("Ready", ready, "Suspended", 7)


@pytest.mark.parametrize(
    ("previous", "reason", "times"),
    [
        (READY, Reason.SYNCED, {"Ready": BEFORE}),
        (READY, Reason.SUSPENDED, {"Ready": BEFORE}),
        (STALLED, Reason.SYNCED, {"Ready": NOW}),
        (STALLED, Reason.KEY_COLLISION, {"Ready": BEFORE, "Stalled": BEFORE}),
        (STALLED, Reason.THROTTLED, {"Ready": BEFORE, "Stalled": BEFORE}),
        (READY, Reason.KEY_COLLISION, {"Ready": NOW, "Stalled": NOW}),
        (NEVER, Reason.SYNCED, {"Ready": NOW}),
        (SyncStatus(), Reason.SYNCED, {"Ready": NOW}),
    ],
    ids=[
        "ready stays",
        "suspended",
        "mended",
        "stalled for another reason",
        "stalled and throttled",
        "broken",
        "first success",
        "no status",
    ],
)
def test_transition_times_move_only_with_the_condition_s_status(
    previous: SyncStatus, reason: Reason, times: dict[str, str]
) -> None:
    made = conditions(previous, outcome(reason), circumstances())
    assert {each.type: each.last_transition_time for each in made} == times


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("previous", [NEVER, READY, STALLED, SyncStatus()], ids=["never", "ready", "stalled", "empty"])
@pytest.mark.parametrize("data_age", [timedelta(0), timedelta(days=1)], ids=["fresh", "stale"])
def test_the_shape_is_what_kstatus_expects(reason: Reason, previous: SyncStatus, data_age: timedelta) -> None:
    made = conditions(previous, outcome(reason), circumstances(data_age=data_age))
    found = shape(made)
    assert made[0].type == "Ready"
    assert len(found) == len(made) <= 2
    assert all(found[each] == "True" for each in ("Stalled", "Reconciling") if each in found)
    assert not {"Stalled", "Reconciling"} <= found.keys()
    if found["Ready"] == "True":
        assert found == {"Ready": "True"}


def test_conditions_speak_of_the_generation_and_say_why() -> None:
    made = conditions(READY, outcome(Reason.KEY_COLLISION), circumstances(generation=5))
    assert {each.observed_generation for each in made} == {5}
    assert {each.message for each in made} == {"Because of KeyCollision"}


def test_a_message_is_cut_to_what_the_schema_allows() -> None:
    (made,) = conditions(READY, Outcome(Reason.SYNCED, "x" * 5000), circumstances())
    assert made.message == "x" * 4095 + "…"


@pytest.mark.parametrize(("text", "most", "cut"), [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("", 3, ""), ("ab", 1, "…")])
def test_a_text_is_cut_with_an_ellipsis(text: str, most: int, cut: str) -> None:
    assert shortened(text, most) == cut


def test_the_first_problem_names_the_outcome() -> None:
    problems = (Problem(Reason.INVALID_KEY, "/a", "A is bad"), Problem(Reason.TOO_LARGE, "/b", "B is bad"))
    made = Outcome.of(problems)
    assert made == Outcome(Reason.INVALID_KEY, "A is bad (and 1 more; see status.problems)", problems)


@pytest.mark.parametrize(
    ("reason", "interval", "data_age", "failures", "seconds"),
    [
        (Reason.SYNCED, 300, 0, 0, 300),
        (Reason.SYNCED, 10, 0, 0, 60),
        (Reason.SYNCED, 86400, 0, 0, 600),
        (Reason.KEY_COLLISION, 300, 0, 5, 300),
        (Reason.NO_PARAMETERS, 300, 0, 1, 300),
        (Reason.PENDING, 300, 0, 1, 1),
        (Reason.PENDING, 300, 0, 3, 4),
        (Reason.CLUSTER_UNAVAILABLE, 300, 0, 99, 60),
        (Reason.THROTTLED, 300, 0, 9, 300),
        (Reason.THROTTLED, 300, 400, 9, 201),
        (Reason.SOURCE_UNAVAILABLE, 300, 599, 9, 2),
        (Reason.SOURCE_UNAVAILABLE, 300, 600, 9, 300),
        (Reason.SOURCE_UNAVAILABLE, 300, 9999, 9, 300),
    ],
)
def test_a_sync_is_looked_at_again(reason: Reason, interval: int, data_age: int, failures: int, seconds: float) -> None:
    at = circumstances(interval=timedelta(seconds=interval), data_age=timedelta(seconds=data_age))
    assert look_again_in(READY, outcome(reason), at, failures, 0) == seconds


@pytest.mark.parametrize("reason", LAGGING)
def test_a_new_sync_that_waits_for_others_is_looked_at_every_ten_seconds(reason: Reason) -> None:
    assert look_again_in(NEVER, outcome(reason), circumstances(age=timedelta(minutes=9)), 50, 0.5) == 10
