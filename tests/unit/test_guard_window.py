"""What the guard remembers of the last hour."""

from datetime import timedelta

import pytest

from paramsync.api.status import GuardWindow
from paramsync.core.clock import timestamp
from paramsync.core.guard.window import remembered, window

from .builders import NOW


def past(age: timedelta, *, peak: int = 10, removed: int = 2) -> GuardWindow:
    return GuardWindow(since=timestamp(NOW - age), peak=peak, removed=removed)


@pytest.mark.parametrize(
    ("previous", "parameters", "removed", "expected"),
    [
        (None, 7, 0, (timedelta(0), 7, 0)),
        (None, 7, 3, (timedelta(0), 10, 3)),
        (past(timedelta(minutes=59)), 8, 0, (timedelta(minutes=59), 10, 2)),
        (past(timedelta(minutes=59)), 5, 3, (timedelta(minutes=59), 10, 5)),
        (past(timedelta(minutes=59)), 12, 0, (timedelta(minutes=59), 12, 2)),
        (past(timedelta(minutes=59)), 12, 3, (timedelta(minutes=59), 15, 5)),
        (past(timedelta(minutes=59, seconds=59)), 1, 0, (timedelta(minutes=59, seconds=59), 10, 2)),
        (past(timedelta(hours=1)), 1, 1, (timedelta(0), 2, 1)),
        (past(timedelta(hours=1)), 11, 0, (timedelta(0), 11, 0)),
        (past(timedelta(days=9)), 10, 0, (timedelta(days=9), 10, 2)),
    ],
    ids=[
        "first",
        "first with removals",
        "nothing new",
        "more removals",
        "more parameters",
        "more of both",
        "just within the hour",
        "a removal an hour later",
        "a new peak an hour later",
        "nothing new for days",
    ],
)
def test_the_window_remembers_the_peak_and_the_removals_of_an_hour(
    previous: GuardWindow | None, parameters: int, removed: int, expected: tuple[timedelta, int, int]
) -> None:
    age, peak, gone = expected
    made = window(previous, NOW, parameters, removed)
    assert made == GuardWindow(since=timestamp(NOW - age), peak=peak, removed=gone)


@pytest.mark.parametrize(
    ("age", "is_held", "counts"),
    [
        (timedelta(minutes=59), False, True),
        (timedelta(hours=1), False, False),
        (timedelta(hours=1), True, True),
        (timedelta(days=30), True, True),
    ],
    ids=["within the hour", "after it", "after it, held", "long after it, held"],
)
def test_a_window_counts_for_an_hour_and_for_as_long_as_anything_is_held(
    age: timedelta, is_held: bool, counts: bool
) -> None:
    previous = past(age)
    assert remembered(previous, NOW, is_held=is_held) == (previous if counts else None)
    made = window(previous, NOW, 5, 1, is_held=is_held)
    assert made.removed == (3 if counts else 1)


def test_nothing_is_remembered_of_nothing() -> None:
    assert remembered(None, NOW, is_held=True) is None
