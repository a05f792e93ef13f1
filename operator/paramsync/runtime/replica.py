"""What one replica does for the syncs that it leads: its parts wired together, started and ended in order.

A replica that leads nothing yet knows all syncs and stores, and reads nothing from AWS.
"""

import asyncio
import socket
from functools import partial
from typing import Final

from paramsync.aws.budget import Budgets
from paramsync.aws.identities.clients import Clients
from paramsync.kube.customs import Customs
from paramsync.kube.errors import Forbidden
from paramsync.kube.events import Events
from paramsync.kube.targets import Targets
from paramsync.kube.tenants import Tenants
from paramsync.kube.transport import Transport

from .applying import Applying
from .awake import Awake
from .conclusions import Conclusions
from .feeds.needs import Tools
from .feeds.plaintext import Plaintext
from .feeds.reading import Reader
from .feeds.registry import Feeds
from .keys import SyncKey
from .leadership import Leadership
from .metrics import Metrics
from .metrics.objects import FeedSource
from .namespaces import Namespaces
from .notes import Notes
from .owning import Owning
from .queue import Queue
from .reconcile import Reconciler
from .relisting import Relisting
from .serving import Serving
from .settings import Settings
from .steady import ahead, steady_clock
from .store_statuses import Known, StoreStatuses
from .stores import Stores
from .threads import Threads
from .tokens import token_for
from .watch import Watch
from .workers import Workers

AWS_THREADS: Final = 16


class Replica:
    """One replica of the operator, without what every process has."""

    def __init__(
        self,
        transport: Transport,
        customs: Customs,
        threads: Threads,
        settings: Settings,
        leadership: Leadership,
        metrics: Metrics,
    ) -> None:
        """Wire the parts together.

        :param threads: for requests to the API server.
        :param leadership: the fence of all writes.
        """
        self._leadership = leadership
        self.namespaces = namespaces = Namespaces(settings.watch_namespaces)
        tenants = Tenants(transport)
        self._clients = Clients(AWS_THREADS, token_for=partial(token_for, tenants), sent=metrics.sts_request)
        self._aws = Threads("aws", AWS_THREADS)
        stores = Stores(settings, self._clients.own_region, customs, tenants, threads)
        self._queue = Queue(lambda: asyncio.get_running_loop().time(), metrics.queued)
        budgets = Budgets(settings.budget.rate_of)
        plaintext = Plaintext(settings.most_decrypted_bytes)
        reader = Reader(self._clients, budgets, self._aws, metrics)
        steady = steady_clock()
        self._awake = Awake(steady)
        tools = Tools(
            reader,
            lambda subtree: reader.budget(subtree.identity),
            self._wake,
            plaintext,
            steady,
            awake_since=self._awake.since,
        )
        self._feeds = Feeds(tools, unused=reader.release)
        targets = Targets(transport, leadership)
        notes = Notes(Events(transport, leadership, socket.gethostname()), metrics, threads)
        owning = Owning(customs, targets, notes, metrics, threads)
        serving = Serving()
        self._reconciler = Reconciler(
            customs,
            stores,
            self._feeds,
            serving,
            owning,
            Applying(targets, owning, metrics, threads),
            Conclusions(customs, notes, metrics, threads),
            threads,
            self._wake,
            steady=steady,
            awake_since=self._awake.since,
        )
        self.watch = Watch(stores, self._wake, self._reconciler.conflicted)
        self._statuses = StoreStatuses(
            customs,
            stores,
            serving,
            Known(
                self._feeds.answer,
                self._clients.arn,
                reader.account,
                reader.budget,
                self.watch.has_all_of,
                lambda: leadership.leads_any,
            ),
            metrics,
            threads,
        )
        self._relisting = Relisting(customs, threads, self.watch, namespaces)
        self._workers = Workers(self._queue, self._reconcile, self._wake, metrics, self._relisting.listed)
        self._others: list[asyncio.Task[None]] = []
        metrics.watch(self._queue.depth, lambda: plaintext.total)
        metrics.watch_feeds(FeedSource(self._feeds.standings, reader.account, lambda: ahead(steady)))
        metrics.watch_budgets(budgets)
        metrics.watch_namespaces(lambda: len(namespaces.lost))
        metrics.watch_lead(lambda: leadership.leads_any)

    @property
    def has_listed(self) -> bool:
        """Whether syncs and stores were listed."""
        return self._relisting.listed.is_set()

    @property
    def has_lost_a_worker(self) -> bool:
        """Whether a worker has ended."""
        return any(worker.done() for worker in self._workers.tasks)

    async def begin(self) -> list[asyncio.Task[None]]:
        """Begin to work; return what must not end while the process is to go on."""
        await self._aws.run(self._clients.own_region)  # boto3's first session takes long, and would hold up the loop
        self._workers.start()
        self._others = [
            asyncio.create_task(self._relisting.run(), name="relist"),
            asyncio.create_task(self._awake.stay(), name="awake"),
            asyncio.create_task(self._statuses.run(self._relisting.listed), name="store statuses"),
            *self._leadership.begin(self._relisting.now),
        ]
        return [*self._workers.tasks, *self._others]

    async def end(self) -> None:
        """Take no more work, let running applies end, and let another replica lead."""
        late = await self._workers.end()
        await self._feeds.close()
        self._leadership.close()
        for task in (*late, *self._others):
            task.cancel()
        await self._leadership.end()
        await asyncio.gather(*self._workers.tasks, *self._others, return_exceptions=True)

    def refused(self, namespace: str, why: str) -> None:
        """The watch was refused in a namespace."""
        self._relisting.refused(namespace, why)

    def close(self) -> None:
        """Close the connections to AWS."""
        self._clients.close()
        self._aws.close()

    async def _reconcile(self, key: SyncKey) -> float | None:
        if not self.namespaces.has(key.namespace):
            self._reconciler.forget(key)  # and what was read for it; it is listed once its namespace can be read again
            self.watch.looked_at(key)
            return None
        try:
            return await self._reconciler.reconcile(key)
        except Forbidden:
            self._relisting.doubt(key.namespace)
            raise
        finally:
            self.watch.looked_at(key)

    def _wake(self, key: SyncKey, *, urgent: bool, after: float = 0.0) -> None:
        if self._leadership.leads(key):
            self._queue.add(key, urgent=urgent, after=after)
