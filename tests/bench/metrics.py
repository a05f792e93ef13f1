"""What metrics cost: a page with many syncs, each of a subtree of its own; and what is left when syncs come and go."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from tests.unit.full_metrics import STATE, full_metrics, sync_key

if TYPE_CHECKING:
    from paramsync.runtime.metrics import Metrics
    from tests.bench.measure import Results

NUMBER = 2000
COME_AND_GO = 1000
MOST_SECONDS = 0.1
REPEATS = 9


def metrics(results: Results, number: int = NUMBER) -> None:
    """The page that Prometheus reads."""
    asyncio.run(_measured(results, number))


async def _measured(results: Results, number: int) -> None:
    seconds = {
        each: min(_timed(full_metrics(number, per_object=each)) for _ in range(REPEATS)) for each in (True, False)
    }
    results.show(f"{number} syncs: the page", 1000 * seconds[True], 1000 * MOST_SECONDS, unit=" ms")
    results.show(f"{number} syncs, without series of their own: the page", 1000 * seconds[False], unit=" ms")
    many = full_metrics(number)
    before = _series(many)
    results.show(f"{number} syncs: series", before)
    for index in range(number, number + COME_AND_GO):
        many.sync(sync_key(index), STATE)
    for index in range(number, number + COME_AND_GO):
        many.forget(sync_key(index))
    results.equal(f"series that {COME_AND_GO} syncs leave behind", _series(many) - before, 0)


def _timed(of: Metrics) -> float:
    began = time.perf_counter()
    of.page()
    return time.perf_counter() - began


def _series(of: Metrics) -> int:
    return sum(not line.startswith(b"#") for line in of.page().splitlines())
