"""Killed or paused at random moments while everything changes, the operator loses nothing, and nobody sees it do so."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.cluster import Cluster
from tests.kill.calm import calm
from tests.kill.moments import GAPS, kills, pauses
from tests.kill.storm import Storm, storm

KILLS, PAUSES = 30, 4


@pytest.fixture
def seed() -> int:
    """Is shown if the test fails; `make kill SEED=` takes it."""
    drawn = random.randrange(2**32)
    print(f"seed {drawn}")
    return drawn


@pytest.fixture
def raging(cluster: Cluster, namespace: str, tmp_path: Path, seed: int) -> Iterator[Storm]:
    """A storm that has not begun."""
    with storm(cluster, namespace, tmp_path, seed) as found:
        yield found


def test_killed_at_30_random_moments_no_reader_sees_a_key_missing(raging: Storm, seed: int) -> None:
    raging.rage(raging.kill, kills(KILLS, random.Random(seed)))

    found = calm(raging)

    found.show()
    assert found.wrong == []
    assert found.befell.total() == KILLS
    assert len(found.befell) == len(GAPS) + 1, "before and after each write, and at any time"


def test_paused_and_resumed_past_its_deadline_it_writes_nothing_stale(raging: Storm, seed: int) -> None:
    raging.rage(raging.pause, pauses(PAUSES, random.Random(seed)))

    found = calm(raging)

    found.show()
    assert found.wrong == []
    assert found.befell.total() == PAUSES
