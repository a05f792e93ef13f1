"""Ten thousand polls in bad weather: the data is right at the end, and nothing has piled up."""

import subprocess
import sys
from collections import Counter

import pytest

from tests.soak.feeding import AWS_THREADS
from tests.soak.soak import MOST_GROWTH, MOST_SOCKETS, Soaked, Usage
from tests.soak.weather import FAULTS

POLLS = 10_000
WARM = Usage(rss=90, sockets=20, threads=10, objects=1)
MOST = Usage(WARM.rss + MOST_GROWTH, WARM.sockets + MOST_SOCKETS, WARM.threads + AWS_THREADS, 10**6)


@pytest.mark.timeout(600)
def test_ten_thousand_polls_with_faults_end_with_the_right_data_and_the_same_memory() -> None:
    # A process of its own: that of the other tests grows by what they leave behind.
    command = [sys.executable, "-m", "tests.soak", "--polls", str(POLLS)]
    soaked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert soaked.returncode == 0, soaked.stdout + soaked.stderr
    assert int(soaked.stdout.split()[0]) >= POLLS


@pytest.mark.parametrize(
    ("hits", "end", "wrong", "told"),
    [
        (FAULTS, MOST, [], []),
        ({}, MOST, [], ["faults that never came"]),
        (FAULTS, MOST, ["/soak/app-1"], ["/soak/app-1: the sync has not"]),
        (FAULTS, Usage(WARM.rss + MOST_GROWTH + 0.1, 20, 10, 1), [], ["memory grew by 3.1 MiB"]),
        (FAULTS, Usage(90, WARM.sockets + MOST_SOCKETS + 1, 10, 1), [], ["sockets more"]),
        (FAULTS, Usage(90, 20, WARM.threads + AWS_THREADS + 1, 1), [], ["threads more"]),
    ],
)
def test_what_is_not_right_is_told(hits: dict[str, object], end: Usage, wrong: list[str], told: list[str]) -> None:
    faults = Soaked(POLLS, POLLS, Counter(dict.fromkeys(hits, 1)), 1.0, WARM, end, wrong).faults()
    assert len(faults) == len(told)
    assert all(part in fault for part, fault in zip(told, faults, strict=True))
