"""Many subtrees, one sync for each: the first read, an interval without a change, one secure parameter that changes."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING

from tests.aws.listings import LISTING
from tests.bench.bare import bare_cost
from tests.bench.measure import MIB, pages
from tests.bench.world import world
from tests.cluster.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.measure import Results
    from tests.bench.world import Mark, World
    from tests.running.operator import Operator

INTERVAL = 10.0
EARLIEST = 0.9
"""Of an interval: a feed polls up to a tenth early, so that feeds of one interval spread."""
MOST_RSS = 160
PER_NAMESPACE = 100


def subtrees(
    results: Results,
    number: int,
    *,
    parameters: int = 10,
    secure: int = 2,
    polls: int = 3,
    interval: float = INTERVAL,
) -> None:
    """`number` syncs, each of a subtree of its own."""
    budget = max(20, round(2 * number / interval))
    with world() as here, here.operator(budget) as operator:
        results.show("RSS before the first sync", operator.rss() / MIB, unit=" MiB")
        paths = [f"/bench/app-{index}" for index in range(number)]
        for path in paths:
            here.fill(path, parameters - secure, secure)
        start = here.mark(operator)
        for index, path in enumerate(paths):
            here.syncs(f"bench-{index // PER_NAMESPACE}").create(f"app-{index}", path, interval=f"{interval:.0f}s")
        here.wait_synced(number)
        _first_read(results, here, operator, start, paths, parameters, secure, interval)
        spent = unchanged(results, here, operator, paths, parameters, polls, interval)
        _confirmation(results, here, start, paths, interval)
        secure_change(results, here, operator, paths[0], parameters, interval)
        results.at_most("most requests in any second: the budget", here.stub.counts.most_in_any_second(), budget)
        _compared(results, here, paths[0], spent, interval / number)


def _first_read(
    results: Results,
    here: World,
    operator: Operator,
    start: Mark,
    paths: Sequence[str],
    parameters: int,
    secure: int,
    interval: float,
) -> None:
    cost = here.cost(operator, start)
    cost.show(f"{len(paths)} new syncs")
    created = here.created(start.audit)
    written = here.written(start.audit)
    before: list[int] = []
    for index, path in enumerate(paths):
        at = written[f"bench-{index // PER_NAMESPACE}", f"app-{index}"]
        requests = here.record.requests(path, start.record)
        # A poll that came due before the write is not of the first read.
        at = min(at, requests[0].at + EARLIEST * interval)
        before.append(sum(request.at < at for request in requests))
    results.at_most("first read: calls per subtree before its first write", max(before), pages(parameters))
    results.equal("first read: GetParameters", cost.calls["GetParameters"], 0)
    results.at_most("first read: decryptions per SecureString", cost.decrypted / (secure * len(paths) or 1), 1)
    results.equal("first read: STS calls", cost.sts, 0)
    took = [at - created[key] for key, at in written.items()]
    results.show("time to first sync, median", statistics.median(took), unit=" s")
    results.show("time to first sync, longest", max(took), unit=" s")


def unchanged(
    results: Results,
    here: World,
    operator: Operator,
    paths: Sequence[str],
    parameters: int,
    polls: int,
    interval: float = INTERVAL,
) -> float:
    """Some intervals in which nothing changes; returns the seconds of CPU for each list call."""
    start = here.mark(operator)
    rss: list[float] = []
    for poll in range(1, polls + 1):
        here.wait_listings(paths, poll, start.record)
        rss.append(operator.rss() / MIB)
    cost = here.cost(operator, start)
    cost.show(f"{polls} polls, nothing changed")
    print(f"      RSS after each poll, MiB: {', '.join(f'{each:.1f}' for each in rss)}")
    listings = here.record.listings(start.record)
    most = max(listing.pages for each in listings.values() for listing in each)
    results.at_most("unchanged: list calls per interval and subtree", most, pages(parameters))
    often = max(map(len, listings.values()))
    results.at_most(
        "unchanged: listings of one subtree meanwhile", often, math.floor(cost.seconds / (EARLIEST * interval)) + 1
    )
    each = cost.calls[LISTING] / len(paths) / (cost.seconds / interval)
    results.show("unchanged: list calls per interval and subtree, average", each)
    results.equal("unchanged: other calls to SSM", cost.calls.total() - cost.calls[LISTING], 0)
    results.equal("unchanged: decryptions", cost.decrypted, 0)
    results.equal("unchanged: STS calls", cost.sts, 0)
    results.equal("unchanged: Kubernetes writes", cost.writes, 0)
    results.show("unchanged: CPU per list call, all included", 1000 * cost.cpu / cost.calls[LISTING], unit=" ms")
    results.show("unchanged: CPU in percent of one core", 100 * cost.cpu / cost.seconds, unit=" %")
    results.show("RSS", cost.rss, MOST_RSS, unit=" MiB")
    results.show("RSS: growth from a quarter of the polls to the end", cost.rss - rss[polls // 4], unit=" MiB")
    return cost.cpu / cost.calls[LISTING]


def secure_change(
    results: Results, here: World, operator: Operator, path: str, parameters: int, interval: float
) -> None:
    """One secure parameter of the first sync changes."""
    namespace, name = "bench-0", "app-0"
    syncs = here.syncs(namespace)
    start = here.mark(operator)
    here.stub.put(f"{path}/secret-0", "changed", "SecureString")
    wait_until(lambda: (syncs.data("Secret", name) or {}).get("SECRET_0") == "changed", "the Secret has it", 90)
    cost = here.cost(operator, start)
    written = here.written(start.audit)[namespace, name]
    calls = [each for each in here.record.requests(since=start.record) if each.name.startswith(f"{path}/")]
    calls += here.record.requests(path, start.record)
    most = 2 * pages(parameters) + 1
    results.at_most("one secure change: calls for its subtree", sum(call.at < written for call in calls), most)
    results.equal("one secure change: decryptions", cost.decrypted, 1)
    results.show("one secure change: delay", written - start.at, interval + 4, unit=" s")


def _confirmation(results: Results, here: World, start: Mark, paths: Sequence[str], interval: float) -> None:
    created = here.created(start.audit)
    listings = here.record.listings(start.record)
    early = min(
        listings[path][1].began - created[f"bench-{index // PER_NAMESPACE}", f"app-{index}"]
        for index, path in enumerate(paths)
    )
    results.at_least("first read: seconds to the confirmation, the next regular poll", early, EARLIEST * interval)


def _compared(results: Results, here: World, path: str, spent: float, pause: float) -> None:
    """Compare a list call's CPU, with all else that the operator does, with that of a bare loop: in a row and at the
    operator's own pace. What a page costs by itself, the scenario `page` tells."""
    in_a_row = bare_cost(here.stub.url, path, 1000)
    # Not slower than ten a second: it would take long, and the caches are as cold as they get.
    paced = bare_cost(here.stub.url, path, 200, min(pause, 0.1))
    results.show("CPU of a list call of bare boto3, in a row", 1000 * in_a_row, unit=" ms")
    results.show("CPU of a list call of bare boto3, at the operator's pace", 1000 * paced, unit=" ms")
    results.show("CPU of the operator's, times that in a row", spent / in_a_row)
    results.show("CPU of the operator's, times that at its pace", spent / paced)
