"""The pace of requests to one account."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramsync.core.pacing import Pace, Ticket

CEILING = 20


def sent(pace: Pace, moments: list[float], delays: list[float]) -> list[float]:
    """When requests are sent that are asked for at these moments, and that then sit in a thread for a while."""
    now, made = 0.0, []
    for asked, delay in zip(moments, delays, strict=True):
        now = max(now, asked)
        while (at := pace.next_at(now)) > now:
            now = at
        ticket = pace.grant(now)
        ticket.used(now + delay)
        made.append(now + delay)
    return made


@given(
    st.lists(st.floats(0, 10), min_size=1, max_size=120).map(sorted),
    st.lists(st.sampled_from([0.0, 0.001, 0.03, 0.4]), min_size=120, max_size=120),
    st.sampled_from([1, 5, 20]),
    st.booleans(),
)
def test_no_second_sees_more_than_the_ceiling(
    moments: list[float], delays: list[float], ceiling: int, is_even: bool
) -> None:
    times = sorted(sent(Pace(ceiling, is_even), moments, delays[: len(moments)]))
    for first in times:
        assert sum(first <= each < first + 1 - 1e-9 for each in times) <= ceiling


def test_requests_are_spaced_from_the_first_on() -> None:
    times = sent(Pace(CEILING), [0.0] * 100, [0.0] * 100)
    gaps = [after - before for before, after in pairwise(times)]
    assert min(gaps) >= 1 / CEILING
    assert times[-1] <= 100 / CEILING * 1.06, "and not slower than they have to be"


def test_who_reads_once_has_the_requests_of_a_second_at_once_until_one_is_throttled() -> None:
    pace = Pace(CEILING, is_even=False)
    assert sent(pace, [0.0] * 2 * CEILING, [0.0] * 2 * CEILING) == [0.0] * CEILING + [1.0] * CEILING
    pace.throttled(5.0)
    times = sent(pace, [5.0] * 5, [0.0] * 5)
    assert min(after - before for before, after in pairwise(times)) >= 1 / CEILING


def test_nothing_is_saved_up() -> None:
    pace = Pace(CEILING)
    sent(pace, [0.0], [0.0])
    times = sent(pace, [1000.0] * 40, [0.0] * 40)
    assert sum(each < 1001 for each in times) <= CEILING


def test_one_that_sits_in_its_thread_is_waited_for() -> None:
    pace = Pace(1)
    stuck = pace.grant(0.0)
    assert pace.next_at(5.0) == 6.0, "if it is sent just now, the second begins now"
    stuck.sent_at = 5.5
    assert pace.next_at(5.6) == 6.6, "it may not have arrived yet"
    assert pace.next_at(9.0) == 7.0, "it has arrived by now, or hangs"
    stuck.used(5.8)
    assert pace.next_at(5.9) == 6.8


def test_a_ticket_that_was_used_keeps_its_time() -> None:
    ticket = Ticket()
    ticket.used(3.0)
    ticket.used(4.0)
    assert (ticket.sent_at, ticket.answered_at) == (3.0, 4.0)


def test_throttling_halves_the_rate_at_most_once_a_second() -> None:
    pace = Pace(CEILING)
    for moment in (10.0, 10.2, 10.9):
        pace.throttled(moment)
    assert pace.rate(10.9) == pytest.approx(10 + 0.9 * 0.5)
    pace.throttled(11.0)
    assert pace.rate(11.0) == pytest.approx((10 + 1.0 * 0.5) / 2)


def test_it_never_falls_to_nothing() -> None:
    pace = Pace(CEILING)
    for second in range(100):
        pace.throttled(float(second * 1))
    assert pace.rate(99.0) >= 1


def test_it_comes_back_by_a_fortieth_of_the_ceiling_each_second() -> None:
    pace = Pace(CEILING)
    pace.throttled(0.0)
    assert [pace.rate(float(second)) for second in (0, 2, 10, 20, 1000)] == [10, 11, 15, 20, 20]


@pytest.mark.parametrize(("demand", "stretch"), [(0, 1), (10, 1), (18, 1), (27, 1.5), (180, 10)])
def test_intervals_are_stretched_by_what_the_demand_is_too_high(demand: float, stretch: float) -> None:
    assert Pace(CEILING).stretch(0.0, demand) == pytest.approx(stretch)


def test_a_neighbour_that_stays_is_planned_for() -> None:
    pace = Pace(CEILING)
    for second in range(0, 600, 20):
        pace.throttled(float(second))
    assert 1.1 < pace.stretch(600.0, 18) < 1.6
    assert pace.stretch(600.0 + 600, 18) == pytest.approx(1, abs=0.01)
    assert math.isfinite(pace.stretch(1e9, 18))
