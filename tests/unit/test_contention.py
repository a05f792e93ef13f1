"""When repairs of a target are a fight, and how seldom it is repaired then."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramsync.core.contention import PAUSE, Repairs, after_look, after_write, must_wait, problem, window
from paramsync.core.reasons import Nature, Reason
from paramsync.core.repairs import Drift, Repair

from .builders import SECRET

EDIT = Repair(SECRET, Drift.KEYS, 1, by=("helm",))
MINUTE = 60.0


def repaired(*minutes: float, deadline: float = 5 * MINUTE, repair: Repair = EDIT) -> Repairs | None:
    """What is remembered of a target that was repaired at these minutes, and not looked at between."""
    known = None
    for minute in minutes:
        known = after_write(known, repair, "r1", minute * MINUTE, deadline)
    return known


def is_fight(known: Repairs | None) -> bool:
    return known is not None and known.is_fight


@pytest.mark.parametrize(
    ("minutes", "deadline", "fight"),
    [
        ([0], 1, False),
        ([0, 1], 1, False),
        ([0, 1, 2], 1, True),
        ([0, 5, 10], 1, True),
        ([0, 5, 10.1], 1, False),
        ([0, 20, 21], 1, False),
        ([0, 20, 21, 22], 1, True),
        ([0, 5, 10.1], 5, True),
        ([0, 10.1, 20.2], 10, True),
        ([0, 15, 30.1], 10, False),
    ],
    ids=str,
)
def test_the_third_repair_within_ten_minutes_or_three_deadlines_is_a_fight(
    minutes: Sequence[float], deadline: float, fight: bool
) -> None:
    assert is_fight(repaired(*minutes, deadline=deadline * MINUTE)) is fight


def test_what_is_written_for_new_content_is_no_repair() -> None:
    assert after_write(None, None, "r2", 0, MINUTE) is None
    twice = repaired(0, 1)
    assert after_write(twice, None, "r2", 2 * MINUTE, MINUTE) == twice


def test_a_fight_is_repaired_every_ten_minutes_at_most() -> None:
    known = repaired(0, 1, 2)
    assert must_wait(known, "r1", 2 * MINUTE)
    assert must_wait(known, "r1", 2 * MINUTE + PAUSE - 1)
    assert not must_wait(known, "r1", 2 * MINUTE + PAUSE)


def test_without_a_fight_nothing_waits() -> None:
    assert not must_wait(None, "r1", 0)
    assert not must_wait(repaired(0, 1), "r1", MINUTE)


def test_new_content_does_not_wait_and_counts() -> None:
    known = repaired(0, 1, 2)
    assert not must_wait(known, "r2", 3 * MINUTE)
    then = after_write(known, None, "r2", 3 * MINUTE, MINUTE)
    assert must_wait(then, "r2", 3 * MINUTE + PAUSE - 1)
    assert not must_wait(then, "r2", 3 * MINUTE + PAUSE)


@pytest.mark.parametrize("minutes", [[0], [0, 1, 2]], ids=["no fight", "a fight"])
def test_what_was_left_alone_for_long_is_forgotten(minutes: Sequence[float]) -> None:
    known, last = repaired(*minutes), minutes[-1] * MINUTE
    assert after_look(known, last + window(5 * MINUTE) - 1, 5 * MINUTE) == known
    assert after_look(known, last + window(5 * MINUTE), 5 * MINUTE) is None
    assert after_look(None, 0, MINUTE) is None


def test_a_fight_goes_on_while_it_is_repaired_seldom() -> None:
    assert is_fight(repaired(0, 1, 2, 12, 22, 45))


def test_only_a_fight_is_a_problem_and_a_person_must_end_it() -> None:
    two, three = repaired(0, 1), repaired(0, 1, 2)
    assert two is not None
    assert three is not None
    assert problem(SECRET, two) is None
    told = problem(SECRET, three)
    assert told is not None
    assert (told.reason, told.subject, told.reason.nature) == (Reason.CONTENDED, "Secret app", Nature.PERSON)
    assert told.message.startswith("Secret app does not stay as it is written: helm changes it again.")


def test_the_last_names_that_were_known_are_told() -> None:
    known = after_write(repaired(0, 1), Repair(SECRET, Drift.DELETED), "r1", 2 * MINUTE, MINUTE)
    assert known is not None
    assert known.by == ("helm",)
    nobody = repaired(0, 1, 2, repair=Repair(SECRET, Drift.DELETED))
    assert nobody is not None
    told = problem(SECRET, nobody)
    assert told is not None
    assert "someone, or an admission webhook, changes it again" in told.message


@given(
    st.lists(st.tuples(st.floats(0, 900), st.booleans()), max_size=200),
    st.sampled_from([60.0, 300.0, 600.0]),
)
def test_however_somebody_fights_writes_stay_few(looks: list[tuple[float, bool]], deadline: float) -> None:
    """Looks at a target, each some seconds after the one before, which show it changed or not."""
    known, now, repairs = None, 0.0, list[float]()
    for pause, is_changed in looks:
        now += pause
        if not is_changed:
            known = after_look(known, now, deadline)
        elif not must_wait(known, "r1", now):
            known = after_write(known, EDIT, "r1", now, deadline)
            repairs.append(now)
        assert known is None or len(known.times) <= 3
    for first in repairs:
        assert sum(first <= each < first + PAUSE for each in repairs) <= 3
