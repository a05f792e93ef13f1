"""Two replicas, of which one leads and ends: how soon the other one leads."""

from __future__ import annotations

import signal
import statistics
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from tests.bench.measure import WRITES
from tests.bench.world import world

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.measure import Results
    from tests.bench.world import World
    from tests.running.operator import Operator

SYNCS = 10
AFTER_A_STOP, AFTER_A_CRASH = 2.0, 15.0
"""Seconds within which another replica leads."""


def change_over(results: Results, times: int, *, syncs: int = SYNCS) -> None:
    """The leader is stopped `times` times, and killed as often; nothing changes meanwhile."""
    with world() as here, ExitStack() as stack:
        replicas = 0

        def another() -> Operator:
            nonlocal replicas
            replicas += 1
            return stack.enter_context(here.operator(name=f"replica-{replicas}", is_replica=True))

        leader = another()
        leader.wait_leads()
        for index in range(syncs):
            here.fill(f"/bench/app-{index}", 8, 2)
            here.syncs("bench").create(f"app-{index}", f"/bench/app-{index}")
        here.wait_synced(syncs)
        start = here.mark(leader)
        ways: tuple[tuple[str, Callable[[Operator], None], float], ...] = (
            ("clean stop", _stop, AFTER_A_STOP),
            ("crash", _crash, AFTER_A_CRASH),
        )
        for way, end, limit in ways:
            took = []
            for _ in range(times):
                standby = another()
                took.append(_seconds(leader, standby, end))
                leader = standby
            results.show(f"{way}: seconds until another one leads, least", min(took), unit=" s")
            results.show(f"{way}: seconds until another one leads, median", statistics.median(took), unit=" s")
            results.at_most(f"{way}: seconds until another one leads, most", max(took), limit)
        paths = [f"/bench/app-{index}" for index in range(syncs)]
        here.wait_listings(paths, 2, here.record.mark())
        results.equal("Kubernetes writes for syncs that were well", _writes(here, start.audit), 0)


def _seconds(leader: Operator, standby: Operator, end: Callable[[Operator], None]) -> float:
    """From when the leader begins to end to when the other one says that it leads."""
    began = time.monotonic()
    end(leader)
    standby.wait_leads()
    return time.monotonic() - began


def _stop(operator: Operator) -> None:
    operator.signal(signal.SIGTERM)


def _crash(operator: Operator) -> None:
    operator.signal(signal.SIGKILL)


def _writes(here: World, since: int) -> int:
    return sum(each.verb in WRITES and each.resource != "leases" for each in here.asked(since))
