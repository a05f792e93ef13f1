"""Paths that many syncs share: fifty syncs on one path, and sixty teams with a path of their own besides."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.aws.listings import LISTING
from tests.bench.measure import pages
from tests.bench.subtrees import unchanged
from tests.bench.world import world
from tests.cluster.waiting import wait_until

if TYPE_CHECKING:
    from tests.bench.measure import Results
    from tests.bench.world import World

PARAMETERS, SECURE = 25, 5
SLOW = 5
"""Requests per second, so that a listing for each team takes a while."""
PATIENCE = 120.0


def one_path(results: Results, number: int, *, polls: int = 3) -> None:
    """`number` syncs, each in a namespace of its own, read one path through the same store."""
    with world() as here, here.operator() as operator:
        here.fill("/shared", PARAMETERS - SECURE, SECURE)
        namespaces = [f"bench-{index}" for index in range(number)]
        for namespace in namespaces:
            here.syncs(namespace)
        start = here.mark(operator)
        for namespace in namespaces:
            here.syncs(namespace).create("app", "/shared")
        here.wait_synced(number)
        cost = here.cost(operator, start)
        cost.show(f"{number} new syncs")
        began = here.record.requests("/shared", start.record)[0].at
        # A poll that was due meanwhile, for they are made one after the other, is not of the first read.
        first = sum(request.at < began + 9 for request in here.record.requests(since=start.record))
        results.equal("first read: calls of all syncs, as of one", first, pages(PARAMETERS))
        results.equal("first read: decryptions of all syncs, as of one", cost.decrypted, SECURE)
        unchanged(results, here, operator, ["/shared"], PARAMETERS, polls)
        start = here.mark(operator)
        here.stub.put("/shared/secret-0", "changed", "SecureString")
        for namespace in namespaces:
            _wait_secret(here, namespace, "changed")
        cost = here.cost(operator, start)
        cost.show("one secure parameter changed")
        written = here.written(start.audit)
        calls = sum(request.at < max(written.values()) for request in here.record.requests(since=start.record))
        results.equal("one secure change: decryptions for all syncs", cost.decrypted, 1)
        results.at_most("one secure change: calls for all syncs", calls, 2 * pages(PARAMETERS) + 1)
        results.show("one secure change: delay to the last of them", max(written.values()) - start.at, 14, unit=" s")


def teams(results: Results, number: int) -> None:
    """`number` syncs of a shared path and one of their own; one shared parameter changes.

    One more sync, of the shared path alone, has it polled every 10 s. The teams' interval is so long that none
    of their paths is due: every listing of one is made because of the change.
    """
    with world() as here, here.operator(SLOW) as operator:
        here.fill("/shared", 9)
        here.stub.put("/shared/common", "value")
        own = [f"/teams/team-{index}" for index in range(number)]
        for path in own:
            here.fill(path, 10)
        here.fill("/other", 10)
        teams = [here.syncs(f"team-{index}") for index in range(number)]
        for team, path in zip(teams, own, strict=True):
            team.create("app", "/shared", path, interval="1h")
        here.wait_synced(number)
        here.syncs("watcher").create("watcher", "/shared")
        here.wait_synced(number + 1)

        start = here.mark(operator)
        here.stub.put("/shared/common", "changed")
        wait_until(lambda: _listed(here, own, start.record), "a listing because of the change", PATIENCE)
        at = time.time()
        here.syncs("late").create("late", "/other")
        here.syncs("late").wait_reason("late", "Synced")
        behind = number - sum(request.at < time.time() for request in here.record.requests(since=start.record))
        new = here.record.requests("/other", start.record)[0].at - at
        for team in teams:
            wait_until(
                lambda team=team: (team.data("ConfigMap", "app") or {}).get("COMMON") == "changed",  # type: ignore[misc]
                "the team has the change",
                PATIENCE,
            )
        cost = here.cost(operator, start)
        cost.show("one shared parameter changed")
        listings = here.record.listings(start.record)
        most = max(len(listings.get(path, ())) for path in own)
        results.at_most("shared change: listings of a team's own path", most, 1)
        results.at_most("shared change: calls for the teams' own paths", _listed(here, own, start.record), number)
        results.equal("shared change: decryptions", cost.decrypted, 0)
        results.at_least("shared change: listings that a new sync went before", behind, 1)
        results.show("shared change: seconds to the new sync's listing", new, unit=" s")
        results.at_most("most requests in any second: the budget", here.stub.counts.most_in_any_second(), SLOW)
        delay = max(here.written(start.audit).values()) - start.at
        results.show(f"shared change: delay to the last team at {SLOW} requests/s", delay, unit=" s")


def _listed(here: World, paths: list[str], since: int) -> int:
    wanted = set(paths)
    return sum(each.name in wanted and each.action == LISTING for each in here.record.requests(since=since))


def _wait_secret(here: World, namespace: str, value: str) -> None:
    syncs = here.syncs(namespace)
    wait_until(lambda: (syncs.data("Secret", "app") or {}).get("SECRET_0") == value, "the Secret has it", PATIENCE)
