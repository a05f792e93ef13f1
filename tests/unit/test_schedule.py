"""When to look again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramsync.core.schedule import backoff, jittered, own_deadline

chances = st.floats(0, 1)


@pytest.mark.parametrize(
    ("interval", "deadline"), [(10, 60), (60, 60), (61, 61), (300, 300), (600, 600), (601, 600), (86400, 600)]
)
def test_a_sync_looks_at_its_targets_every_one_to_ten_minutes(interval: float, deadline: float) -> None:
    assert own_deadline(interval) == deadline


@pytest.mark.parametrize(
    ("failures", "pause"), [(0, 1), (1, 1), (2, 2), (3, 4), (9, 256), (10, 300), (11, 300), (10_000, 300)]
)
def test_the_pause_doubles_up_to_five_minutes(failures: int, pause: float) -> None:
    assert backoff(failures, 0) == pause


@given(st.integers(0, 2_000), chances)
def test_chance_takes_up_to_a_quarter_off_a_pause(failures: int, chance: float) -> None:
    assert 0.75 * backoff(failures, 0) <= backoff(failures, chance) <= backoff(failures, 0)


def test_a_pause_may_have_another_limit() -> None:
    assert backoff(20, 0, longest=10) == 10
    assert backoff(20, 1, longest=10) == 7.5


@given(st.floats(1, 86400), chances)
def test_an_interval_is_never_lengthened(interval: float, chance: float) -> None:
    assert 0.9 * interval <= jittered(interval, chance) <= interval


def test_all_of_the_jitter_is_a_tenth() -> None:
    assert jittered(100, 1) == 90
