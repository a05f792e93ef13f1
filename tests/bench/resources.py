"""What a leader and a replica that waits take of memory and CPU: what the chart asks for follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.measure import MIB
from tests.bench.world import world

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.measure import Results
    from tests.bench.world import World
    from tests.running.operator import Operator

INTERVAL = 60
"""Seconds: a fifth of the default, so that five times as much is read as usual."""
PER_NAMESPACE = 100
PARAMETERS, SECURE = 10, 2
MOST_RSS = 128
"""MiB: the chart asks for them."""


def resources(results: Results, number: int, *, polls: int = 2) -> None:
    """`number` syncs are made; a second replica starts and waits; nothing changes; the first one ends."""
    with world() as here, here.operator(name="first", is_replica=True) as first:
        first.wait_leads()
        results.show("start without syncs: CPU", first.cpu(), unit=" s")
        paths = [f"/bench/app-{index}" for index in range(number)]
        for index, path in enumerate(paths):
            here.fill(path, PARAMETERS - SECURE, SECURE)
            here.syncs(f"bench-{index // PER_NAMESPACE}").create(f"app-{index}", path, interval=f"{INTERVAL}s")
        here.wait_synced(number)
        results.show("start, all syncs new: CPU", first.cpu(), unit=" s")
        with here.operator(name="second", is_replica=True) as second:
            results.show("start of one that waits: CPU", second.cpu(), unit=" s")
            _steady(results, here, {"leader": first, "standby": second}, paths, polls)
            before = second.cpu()
            assert first.stop() == 0
            second.wait_leads()
            here.wait_listings(paths, 1, here.record.mark())
            results.show("take-over, until each path is listed: CPU", second.cpu() - before, unit=" s")
            _memory(results, "leader after a take-over", second)


def _steady(results: Results, here: World, replicas: dict[str, Operator], paths: Sequence[str], polls: int) -> None:
    marks = {name: here.mark(operator) for name, operator in replicas.items()}
    here.wait_listings(paths, polls, here.record.mark())
    for name, operator in replicas.items():
        cost = here.cost(operator, marks[name])
        cost.show(f"{name}, nothing changed")
        results.show(f"{name}, steady: CPU in thousandths of a core", 1000 * cost.cpu / cost.seconds, unit=" m")
        _memory(results, name, operator)


def _memory(results: Results, name: str, operator: Operator) -> None:
    results.show(f"{name}: RSS", operator.rss() / MIB, MOST_RSS, unit=" MiB")
    results.show(f"{name}: RSS, peak", operator.peak_rss() / MIB, MOST_RSS, unit=" MiB")
