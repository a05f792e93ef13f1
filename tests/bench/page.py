"""What an unchanged page costs: a feed with all that it goes through, beside a bare loop of boto3, both in a row.

Each runs in a process of its own and they take turns, so that whatever else the machine does meets both.
"""

from __future__ import annotations

import asyncio
import os
import resource
import statistics
import subprocess
import sys
from typing import TYPE_CHECKING

from paramsync.aws.budget import Budgets
from paramsync.aws.identities.clients import Clients
from paramsync.core.identity import Identity
from paramsync.core.parameters import Subtree
from paramsync.core.want import Selection
from paramsync.runtime.feeds.needs import Asked, Need, Tools
from paramsync.runtime.feeds.plaintext import Plaintext
from paramsync.runtime.feeds.reading import Reader
from paramsync.runtime.feeds.registry import Feeds
from paramsync.runtime.keys import SyncKey
from paramsync.runtime.metrics import Metrics
from paramsync.runtime.threads import Threads
from tests.aws.clients import REGION, access_key
from tests.aws.listings import LISTING
from tests.bench.bare import WARM_UP, bare_cost
from tests.load.stub import Settings, run_stub

if TYPE_CHECKING:
    from tests.bench.measure import Results

PATH = "/bench/page"
NUMBER = 2000
TURNS = 5
MOST_OF_BARE = 1.3
AWS_THREADS = 16
RATE = 100_000
IN_A_ROW = 1e-6
"""Seconds: an interval that is over when a listing ends."""
ENVIRONMENT = os.environ | {
    "AWS_ACCESS_KEY_ID": access_key(),
    "AWS_SECRET_ACCESS_KEY": "secret-of-nobody",
    "AWS_ACCOUNT_ID": access_key().removeprefix("AKIA"),
    "AWS_EC2_METADATA_DISABLED": "true",
}


def page(results: Results, number: int = NUMBER, turns: int = TURNS) -> None:
    """One page of ten, of which nothing changes."""
    with run_stub(Settings(quota=None)) as stub:
        for index in range(10):
            stub.put(f"{PATH}/p{index}", f"value {index}", "SecureString" if index < 2 else "String")
        costs = []
        for _ in range(turns):
            before = stub.counts.decrypted
            bare = bare_cost(stub.url, PATH, number)
            feed = _feed_cost(stub.url, number)
            costs.append((feed / bare, feed, bare))
            results.equal("decryptions of a feed's pages, but for the first", stub.counts.decrypted - before - 2, 0)
        results.equal("other calls", stub.counts.requests.total() - _listings(stub.counts.requests), 0)
    ratio, feed, bare = (statistics.median(each) for each in zip(*costs, strict=True))
    results.show("CPU of a page of bare boto3", 1000 * bare, unit=" ms")
    results.show("CPU of an unchanged page of a feed", 1000 * feed, unit=" ms")
    results.show("CPU of an unchanged page, times that of bare boto3", ratio, MOST_OF_BARE)


def _listings(requests: dict[tuple[str, str], int]) -> int:
    return sum(count for (action, _), count in requests.items() if action == LISTING)


def _feed_cost(endpoint: str, number: int) -> float:
    """Seconds of CPU for each page."""
    command = [sys.executable, "-m", "tests.bench.page", endpoint, str(number)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True, env=ENVIRONMENT).stdout)


class _Pages(Plaintext):
    """Is asked once for each page whether its values fit, and so knows when the pages of interest begin and end."""

    def __init__(self, number: int) -> None:
        super().__init__(2**20)
        self._left = WARM_UP + number
        self._number = number
        self._began = 0.0
        self.cost: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def admit(self, subtree: Subtree, size: int) -> None:
        super().admit(subtree, size)
        self._left -= 1
        if self._left == self._number:
            self._began = _used()
        elif self._left == 0:
            self.cost.set_result((_used() - self._began) / self._number)


async def _poll(endpoint: str, number: int) -> float:
    clients, threads, pages = Clients(AWS_THREADS), Threads("aws", AWS_THREADS), _Pages(number)
    reader = Reader(clients, Budgets(lambda account, region: RATE), threads, Metrics())
    tools = Tools(
        reader, lambda subtree: reader.budget(subtree.identity), lambda key, urgent: None, pages, shortest_pause=0
    )
    feeds = Feeds(tools, unused=reader.release)
    need = Need(Subtree(Identity(REGION, endpoint), PATH), Selection(secure=True))
    feeds.subscribe(SyncKey("bench", "page"), [need], Asked(IN_A_ROW))
    try:
        return await pages.cost
    finally:
        await feeds.close()
        threads.close()
        clients.close()


def _used() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    print(asyncio.run(_poll(sys.argv[1], int(sys.argv[2]))))
