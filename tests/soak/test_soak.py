"""Ten thousand polls in bad weather: the data is right at the end, and nothing has piled up."""

import pytest

from tests.soak.feeding import AWS_THREADS
from tests.soak.soak import MOST_GROWTH, MOST_SOCKETS, soak
from tests.soak.weather import FAULTS

POLLS = 10_000


@pytest.mark.timeout(600)
def test_ten_thousand_polls_with_faults_end_with_the_right_data_and_the_same_memory() -> None:
    soaked = soak(POLLS, warm_up=POLLS // 3)
    soaked.show()
    assert soaked.polls >= POLLS
    assert soaked.hits.keys() == FAULTS.keys()
    assert soaked.wrong == []
    assert soaked.end.rss - soaked.warm.rss <= MOST_GROWTH
    assert soaked.end.sockets - soaked.warm.sockets <= MOST_SOCKETS
    assert soaked.end.threads - soaked.warm.threads <= AWS_THREADS, "the pool takes a thread when it needs one"
