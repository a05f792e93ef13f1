"""A quota of which a neighbour takes half, and a huge path beside small ones."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.bench.measure import pages
from tests.bench.record import longest_age
from tests.bench.world import world

if TYPE_CHECKING:
    from tests.bench.measure import Results
    from tests.bench.world import World
    from tests.running.operator import Operator


@dataclass(frozen=True)
class Scale:
    """How large all is. Requests are per second; the neighbour's go first."""

    quota: int = 40
    neighbour: int = 20
    budget: int = 20
    interval: int = 60

    @property
    def oldest(self) -> int:
        """How old data may get, in seconds."""
        return 2 * self.interval


FULL = Scale()
SMALL = Scale(quota=16, neighbour=8, budget=8, interval=10)
MOST_THROTTLED = 2.0
"""Percent."""
PER_NAMESPACE = 100
CHANGED = 30
"""Every so many-th subtree gets a change."""
HUGE = "/huge"


def quota(results: Results, number: int, *, parameters: int = 20, huge: int = 10_000, scale: Scale = FULL) -> None:
    """`number` subtrees, then a huge one beside them, with half of the quota for us."""
    with world(scale.quota) as here:
        here.stub.quotas.neighbour(scale.neighbour)
        with here.operator(scale.budget) as operator:
            paths = [f"/bench/app-{index}" for index in range(number)]
            for index, path in enumerate(paths):
                here.fill(path, parameters - 2, 2)
                syncs = here.syncs(f"bench-{index // PER_NAMESPACE}")
                syncs.create(f"app-{index}", path, interval=f"{scale.interval}s")
            here.wait_synced(number)
            results.show("first read: seconds for all", time.time() - here.record.requests()[0].at, unit=" s")
            _steady(results, here, operator, paths, scale)
            _beside_huge(results, here, operator, paths, huge, scale)
            share = 100 * here.stub.counts.throttled() / here.stub.counts.arrived()
            results.at_most("percent of the requests that were throttled", share, MOST_THROTTLED)
            results.at_most(
                "most requests in any second: the budget", here.stub.counts.most_in_any_second(), scale.budget
            )


def _steady(results: Results, here: World, operator: Operator, paths: list[str], scale: Scale) -> None:
    start = here.mark(operator)
    changed = paths[::CHANGED]
    for path in changed:
        here.stub.put(f"{path}/plain-0", "changed")
    here.wait_listings(paths, 2, start.record)
    here.wait(lambda: len(here.written(start.audit)) == len(changed), "all changes arrived")
    here.wait(lambda: _status_writes(here, start.audit) >= len(changed), "all statuses say so")
    here.cost(operator, start).show(f"{len(paths)} syncs, {len(changed)} changes")
    delays = [at - start.at for at in here.written(start.audit).values()]
    results.at_most("steady: seconds until the last change arrived", max(delays), scale.oldest)
    results.at_most("steady: age of the data, seconds", _age(here, paths), scale.oldest)
    results.equal("steady: syncs that are not Synced", len(paths) - here.reasons()["Synced"], 0)
    results.equal("steady: status writes without a change", _status_writes(here, start.audit) - len(changed), 0)


def _beside_huge(results: Results, here: World, operator: Operator, paths: list[str], huge: int, scale: Scale) -> None:
    here.fill(HUGE, huge)
    start = here.mark(operator)
    here.syncs("huge").create("huge", interval="5m", sources=[{"path": HUGE, "include": ["plain-1*0"]}])
    here.wait_listings([HUGE], 1, start.record)
    here.syncs("huge").wait_reason("huge", "Synced")
    listing = here.record.listings(start.record)[HUGE][0]
    here.wait_listings(paths, 1, here.record.mark())
    here.cost(operator, start).show(f"a path of {huge} beside them")
    results.at_most("beside a huge path: its calls for one listing", listing.pages, pages(huge))
    results.at_most("beside a huge path: age of the others' data, seconds", _age(here, paths), scale.oldest)
    results.equal("beside a huge path: syncs that are not Synced", len(paths) + 1 - here.reasons()["Synced"], 0)
    results.equal("beside a huge path: status writes of the others", _status_writes(here, start.audit, "huge"), 0)
    results.show("beside a huge path: seconds of its listing", listing.ended - listing.began, unit=" s")


def _age(here: World, paths: list[str]) -> float:
    listings = here.record.listings()
    return max(longest_age(listings[path]) for path in paths)


def _status_writes(here: World, since: int, but_in: str = "") -> int:
    asked = [each for each in here.asked(since) if each.resource == "parametersyncs/status"]
    return sum(each.verb == "patch" and each.target.namespace != but_in for each in asked)
