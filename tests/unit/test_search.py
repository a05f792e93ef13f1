"""The search for what cannot be decrypted."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramsync.core.parameters import Stamp
from paramsync.core.reasons import Reason
from paramsync.core.search import BATCH, ENOUGH_BAD, Opened, Seal, Search
from paramsync.core.values import SecureValue

from .builders import SECURE_STRING, stamp

WHY = "AWS denies kms:Decrypt"


def stamps(count: int) -> list[Stamp]:
    return [stamp(f"/p/{number:03}", kind=SECURE_STRING) for number in range(count)]


def run(wanted: Sequence[Stamp], locked: set[Stamp]) -> tuple[Search, list[int]]:
    """Search in a store where these are locked; and how many stamps each call asked for."""
    search, calls = Search.of(wanted), []
    while (asked := search.ask()) is not None:
        assert 1 <= len(asked) <= BATCH
        calls.append(len(asked))
        if locked.intersection(asked):
            search.failed(Reason.DECRYPTION_FAILED, WHY)
        else:
            search.opened(Opened({each: SecureValue.of(each.name) for each in asked}))
    return search, calls


@given(st.integers(0, 35), st.sets(st.integers(0, 34), max_size=6))
def test_each_is_opened_or_found_to_be_bad(count: int, numbers: set[int]) -> None:
    wanted = stamps(count)
    locked = {each for number, each in enumerate(wanted) if number in numbers}
    search, _ = run(wanted, locked)
    if len(search.values) or len(locked) < ENOUGH_BAD:
        assert (set(search.bad), set(search.values)) == (locked, set(wanted) - locked)
    else:
        assert set(search.bad) | set(search.untried) == set(wanted)


@pytest.mark.parametrize(("count", "calls"), [(0, 0), (1, 1), (10, 1), (11, 2), (100, 10)])
def test_ten_at_a_time(count: int, calls: int) -> None:
    assert len(run(stamps(count), set())[1]) == calls


@pytest.mark.parametrize("number", range(10))
def test_one_bad_of_ten_costs_few_calls(number: int) -> None:
    wanted = stamps(10)
    search, calls = run(wanted, {wanted[number]})
    assert list(search.bad) == [wanted[number]]
    assert len(calls) <= 9


def test_three_bad_and_none_good_end_it() -> None:
    wanted = stamps(1000)
    search, calls = run(wanted, set(wanted))
    assert len(calls) <= 8
    assert list(search.bad) == wanted[:3]
    assert list(search.untried) == wanted[3:]
    assert search.bad[wanted[0]].message == f"Parameter /p/000 cannot be decrypted: {WHY}"
    assert (
        search.untried[wanted[-1]].message
        == f"Parameter /p/999 was not decrypted, for others below its path cannot be: {WHY}"
    )


def test_one_good_among_the_first_lets_it_go_on() -> None:
    wanted = stamps(30)
    search, _ = run(wanted, set(wanted[1:9]))
    assert set(search.bad) == set(wanted[1:9])


def test_what_moved_is_neither_good_nor_bad() -> None:
    wanted = stamps(3)
    search = Search.of(wanted)
    search.ask()
    search.opened(Opened({wanted[0]: SecureValue(b"x")}, frozenset(wanted[1:])))
    assert search.ask() is None
    assert (search.moved, search.bad) == (set(wanted[1:]), {})


def test_a_seal_lasts_5_minutes_then_twice_as_long_and_at_most_an_hour() -> None:
    seal, pauses = None, []
    for _ in range(6):
        seal = Seal.after(stamps(1)[0], seal, 1000.0)
        pauses.append(seal.retry_at - 1000.0)
    assert pauses == [300, 600, 1200, 2400, 3600, 3600]


def test_what_was_not_tried_waits_no_longer_than_the_first_time() -> None:
    untried = Seal.untried(stamps(1)[0], 1000.0)
    assert (untried.retry_at, untried.pause) == (1300, 0)
    assert Seal.after(stamps(1)[0], untried, 1300.0).pause == 300


def test_another_stamp_begins_anew() -> None:
    old = Seal(stamp("/p/x", version=1), 0.0, 3600.0)
    assert Seal.after(stamp("/p/x", version=2), old, 0.0).pause == 300
    assert old.broken().retry_at < 0
