"""The budget hands out as many requests as its rate says, whatever the rate."""

import asyncio
from collections import deque

import pytest

from paramsync.aws.budget import Budget, Lane
from paramsync.core.pacing import SPARE

from .virtual_time import in_virtual_time


@pytest.mark.parametrize("rate", [1, 20, 100, 400, 900])
@in_virtual_time
async def test_a_rate_is_reached(rate: int) -> None:
    budget = Budget(rate)
    loop = asyncio.get_running_loop()
    times: deque[float] = deque()
    for _ in range(5 * rate):
        async with budget.turn(Lane(), urgent=False):
            times.append(loop.time())
    assert times[-1] == pytest.approx(5 * SPARE, rel=0.25)
    assert all(later - earlier >= 1 - 1e-9 for earlier, later in zip(times, list(times)[rate:], strict=False))


@in_virtual_time
async def test_a_request_that_arrives_late_is_not_joined_by_one_too_many() -> None:
    budget = Budget(5)
    loop = asyncio.get_running_loop()
    arrived: list[float] = []
    for late in (0.4, *[0.001] * 20):
        async with budget.turn(Lane(), urgent=False) as ticket:
            ticket.sent_at = loop.time()
            await asyncio.sleep(late)
            arrived.append(loop.time())
    assert all(later - earlier >= 1 - 1e-9 for earlier, later in zip(arrived, arrived[5:], strict=False))
