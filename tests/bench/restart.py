"""A restart with many healthy syncs, and a new one among them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.bench.world import world
from tests.cluster.waiting import wait_until

if TYPE_CHECKING:
    from tests.bench.measure import Results

INTERVAL = 300
PER_NAMESPACE = 100
WATCHED = 20.0
"""Seconds after the start in which calls are counted, if nobody says otherwise."""


def restart(results: Results, number: int, *, watched: float = WATCHED) -> None:
    """The operator ends; a sync is made; the operator starts again with its default budget."""
    with world() as here:
        with here.operator(200):
            for index in range(number):
                path = f"/bench/app-{index}"
                here.fill(path, 8, 2)
                syncs = here.syncs(f"bench-{index // PER_NAMESPACE}")
                syncs.create(f"app-{index}", path, interval=f"{INTERVAL}s")
            here.wait_synced(number)
        here.fill("/new", 10)
        here.syncs("new").create("new", "/new", interval=f"{INTERVAL}s")
        here.stub.counts.forget()
        began = time.time()
        with here.operator() as operator:
            start = here.mark(operator)
            ready = time.time()
            wait_until(lambda: here.record.requests("/new"), "the new sync is read")
            first = here.record.requests("/new")[0].at
            before = sum(each.at < first for each in here.record.requests() if each.at >= began)
            results.at_most("calls for others before the new sync's", before, 5)
            here.syncs("new").wait_reason("new", "Synced")
            results.show("seconds from the start to the new sync's Synced", time.time() - began, unit=" s")
            wait_until(lambda: time.time() - ready >= watched, "some seconds have passed", watched + 1)
            calls = sum(each.at >= began for each in here.record.requests())
            even = (time.time() - ready) * number / INTERVAL
            # Twice an even spread; and some more, for of a few that come by chance more may come early.
            results.at_most("calls in the first seconds", calls, round(2 * even) + 8)
            results.at_most("most requests in any second: the budget", here.stub.counts.most_in_any_second(), 20)
            cost = here.cost(operator, start)
            cost.show(f"{watched:.0f} s after a restart with {number} syncs")
            writes = sum(each.target.namespace != "new" for each in here.asked(start.audit) if each.verb == "patch")
            results.equal("Kubernetes writes for syncs that were well", writes, 0)
            results.show("RSS", cost.rss, 160, unit=" MiB")
