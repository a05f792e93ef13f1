"""Several sources of one sync wait for each other."""

from datetime import datetime, timedelta

import pytest

from paramsync.core.together import Times, newest_change

from .builders import NOW


def at(second: float) -> datetime:
    return NOW + timedelta(seconds=second)


def times(listed: float, changed: float | None = None, *, pending: bool = False) -> Times:
    return Times(at(listed), None if changed is None else at(changed), pending)


@pytest.mark.parametrize(
    ("sources", "moment"),
    [
        ([times(0)], None),
        ([times(100, 100)], None),
        ([times(0), times(50)], None),
        ([times(100, 100), times(50)], 100),
        ([times(50), times(100, 100)], 100),
        ([times(100, 100), times(100)], None),
        ([times(100, 100), times(110)], None),
        ([times(100, 100), times(110, 110)], 110),
        ([times(110, 100), times(110, 110)], None),
        ([times(100, 100), times(110, pending=True)], 100),
        ([times(100), times(110, pending=True)], None),
    ],
    ids=[
        "one",
        "one that changed",
        "none changed",
        "the other was listed before",
        "so was the first",
        "listed together",
        "listed after",
        "a newer change of the other",
        "both after the newest",
        "the other is about to change",
        "nothing has changed yet",
    ],
)
def test_all_must_have_been_listed_after_the_newest_change(sources: list[Times], moment: float | None) -> None:
    assert newest_change(sources) == (None if moment is None else at(moment))
