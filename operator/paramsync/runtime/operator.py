"""The operator: its parts wired together, started in order and stopped in order.

At SIGTERM: not ready; the queue and the feeds close; running applies end (at most 20 s); then the fence
closes, Kopf stops, and the process ends.
"""

import asyncio
import logging
import secrets
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from paramsync.api.sync import StoreKind
from paramsync.aws.budget import Budgets
from paramsync.aws.identities.clients import Clients
from paramsync.kube.customs import CLUSTER_STORES, PARAMETER_STORES, SYNCS, Customs
from paramsync.kube.errors import ApiError, Unavailable
from paramsync.kube.events import Events
from paramsync.kube.fence import Fenced, LeaseHolder, SoleReplica
from paramsync.kube.leases import Leases
from paramsync.kube.targets import Targets
from paramsync.kube.tenants import Tenants
from paramsync.kube.transport import Transport
from paramsync.kube.wire import CustomObject

from .applying import Applying
from .awake import Awake
from .conclusions import Conclusions
from .feeds.needs import Tools
from .feeds.plaintext import Plaintext
from .feeds.reading import Reader
from .feeds.registry import Feeds
from .http import Server
from .keys import SyncKey
from .leading import Leading, boot_clock
from .logs import RECONCILE, crash, lost_task
from .metrics import Metrics
from .notes import Notes
from .owning import Owning
from .queue import Queue, QueueClosed
from .reconcile import Reconciler
from .settings import Settings
from .steady import steady_clock
from .stores import Stores
from .threads import Threads
from .tokens import token_for
from .watch import Watch, run_kopf

log = logging.getLogger(__name__)

STORES: Final = {StoreKind.CLUSTER_PARAMETER_STORE: CLUSTER_STORES, StoreKind.PARAMETER_STORE: PARAMETER_STORES}
WORKERS: Final = 8
AWS_THREADS: Final = 16
KUBE_THREADS: Final = 8
API_CONNECTIONS: Final = KUBE_THREADS + AWS_THREADS + 1
"""To the API server: those who ask AWS ask it for tokens of service accounts; one renews the Lease."""

RELIST: Final = 600.0
"""Seconds between complete lists: after a 410 Kopf reports no deletions."""

APPLIES_END: Final = 20.0
"""Seconds that running applies have at SIGTERM."""

RETRY: Final = 5.0
LONG_RETRY: Final = 60.0
"""Seconds after which a sync is tried again that could not be read, or whose reconcile met a defect."""


class OperatorEnded(Exception):  # noqa: N818
    """The operator cannot go on."""


@dataclass(frozen=True, slots=True)
class Listen:
    """Where probes and metrics are served."""

    host: str = ""
    port: int = 8080
    port_file: Path | None = None
    """Where the port is written once it is listened on."""


@dataclass(frozen=True, slots=True)
class LeaseName:
    """The Lease by which replicas agree on who leads."""

    namespace: str
    name: str


def _ended(part: asyncio.Task[object], *_: asyncio.Task[object]) -> OperatorEnded:
    """Why the operator cannot go on without a part of it."""
    failure = None if part.cancelled() else part.exception()
    log.error("a part of the operator ended", extra={"part": part.get_name(), "crash": failure and crash(failure)})
    if part.get_name() == "kopf":
        return OperatorEnded("the watch ended; are the definitions still there?")
    if part.get_name() == "lease":
        return OperatorEnded("the Lease is lost; another replica may lead now")
    return OperatorEnded(f"a part of the operator ended by itself: {part.get_name()}; see the log")


class Operator:
    """One operator process."""

    def __init__(
        self, transport: Transport, settings: Settings, listen: Listen, lease: LeaseName | None = None
    ) -> None:
        """Wire the parts together.

        :param lease: None: this is the only replica.
        """
        self._transport = transport
        self._listen = listen
        self._metrics = Metrics()
        self._renewing = Threads("lease", 1)
        self._fence, self._lease = self._lead_by(lease)
        tenants = Tenants(transport)
        self._clients = Clients(AWS_THREADS, token_for=partial(token_for, tenants))
        self._aws = Threads("aws", AWS_THREADS)
        self._kube = Threads("kube", KUBE_THREADS)
        self._customs = Customs(transport, self._fence)
        self._stores = Stores(settings, self._clients.own_region, self._customs, tenants, self._kube)
        self._queue = Queue(lambda: asyncio.get_running_loop().time())
        self._budgets = Budgets(settings.budget.rate_of)
        self._plaintext = Plaintext(settings.most_decrypted_bytes)
        reader = Reader(self._clients, self._budgets, self._aws, self._metrics)
        steady = steady_clock()
        self._awake = Awake(steady)
        tools = Tools(
            reader,
            lambda subtree: reader.budget(subtree.identity),
            self._wake,
            self._plaintext,
            steady,
            awake_since=self._awake.since,
        )
        self._feeds = Feeds(tools, unused=reader.release)
        targets = Targets(transport, self._fence)
        notes = Notes(Events(transport, self._fence, socket.gethostname()), self._kube)
        owning = Owning(self._customs, targets, notes, self._metrics, self._kube)
        self._reconciler = Reconciler(
            self._customs,
            self._stores,
            self._feeds,
            owning,
            Applying(targets, owning, self._metrics, self._kube),
            Conclusions(self._customs, notes, self._metrics, self._kube),
            self._kube,
            self._wake,
            steady=steady,
            awake_since=self._awake.since,
        )
        self._watch = Watch(self._stores, self._wake, self._reconciler.conflicted)
        self._metrics.watch(self._queue.depth, lambda: len(self._feeds), lambda: self._plaintext.total)
        self._metrics.watch_budgets(self._budgets)
        self._leads = asyncio.Event()
        if self._lease is None:
            self._leads.set()
        self._list_now = asyncio.Event()
        self._metrics.watch_lead(lambda: self._lease.holds if self._lease is not None else self._leads.is_set())
        self._watching = asyncio.Event()
        self._listed = asyncio.Event()
        self._stop_kopf = asyncio.Event()
        self._stopping = asyncio.Event()
        self._workers: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT.

        :raises OSError: if probes and metrics cannot be served.
        :raises OperatorEnded: if the watch ended by itself.
        """
        asyncio.get_running_loop().set_exception_handler(lost_task)
        server = Server(self._metrics.registry, self._unhealthy, self._unready)
        port = await server.start(self._listen.host, self._listen.port)
        if self._listen.port_file is not None:
            self._listen.port_file.write_text(str(port))
        log.info("serving probes and metrics", extra={"port": port})
        self._on_signals()
        try:
            if await self._kinds_served():
                await self._work()
        finally:
            await server.close()
            self._clients.close()
            self._aws.close()
            self._kube.close()
            self._renewing.close()
            self._transport.close()
        log.info("stopped")

    async def _work(self) -> None:
        await self._aws.run(self._clients.own_region)  # boto3's first session takes long, and would hold up the loop
        self._workers = [asyncio.create_task(self._worker(), name=f"worker {index}") for index in range(WORKERS)]
        relist = asyncio.create_task(self._relist(), name="relist")
        lead = asyncio.create_task(self._lead(), name="lease")
        awake = asyncio.create_task(self._awake.stay(), name="awake")
        # Kopf cancels every task that was made after its start, so it must be stopped last.
        kopf = asyncio.create_task(
            run_kopf(self._watch, self._transport.connection, self._watching, self._stop_kopf), name="kopf"
        )
        after_kopf = asyncio.create_task(self._signals_after_kopf(), name="signals")
        stopping = asyncio.create_task(self._stopping.wait(), name="stopping")
        ended, _ = await asyncio.wait(
            [kopf, stopping, *self._workers, relist, awake, lead], return_when=asyncio.FIRST_COMPLETED
        )
        ended_by_itself = not self._stopping.is_set()
        self._stopping.set()
        log.info("stopping")
        self._queue.close()
        self._listed.set()
        _, late = await asyncio.wait(self._workers, timeout=APPLIES_END)
        await self._feeds.close()
        self._fence.close()
        for task in (*late, relist, awake, lead, after_kopf, stopping):
            task.cancel()
        if self._lease is not None:
            await self._lease.release()
        self._stop_kopf.set()
        await asyncio.gather(kopf, *self._workers, relist, awake, lead, return_exceptions=True)
        if ended_by_itself:
            raise _ended(*ended)

    async def _worker(self) -> None:
        await self._listed.wait()
        with suppress(QueueClosed):
            while True:
                key = await self._queue.take()
                RECONCILE.set(secrets.token_hex(4))
                try:
                    with self._metrics.reconcile():
                        again = await self._reconciler.reconcile(key)
                    if again is not None:
                        self._queue.add(key, after=again)
                except Unavailable as error:
                    log.warning("a reconcile failed", extra={"sync": str(key), "what": str(error)})
                    self._queue.add(key, after=error.retry_after or RETRY)
                except ApiError as error:
                    log.warning("a reconcile failed", extra={"sync": str(key), "what": str(error)})
                    self._queue.add(key, after=RETRY)
                except Fenced:
                    log.info("a reconcile was fenced off", extra={"sync": str(key)})
                except Exception:
                    log.exception("a reconcile failed by a defect", extra={"sync": str(key)})
                    self._queue.add(key, after=LONG_RETRY)
                finally:
                    self._queue.done(key)
                    RECONCILE.set(None)

    def _lead_by(self, name: LeaseName | None) -> tuple[SoleReplica, Leading | None]:
        """The fence of this replica, and its part in the Lease if there is one."""
        if name is None:
            return SoleReplica(), None
        fence = LeaseHolder(boot_clock)
        me = f"{socket.gethostname()}_{secrets.token_hex(4)}"
        return fence, Leading(Leases(self._transport, name.namespace, name.name), me, fence, self._renewing)

    async def _lead(self) -> None:
        """Lead, as long as this replica may. A waiting one knows all stores, and reads nothing from AWS."""
        if self._lease is None:
            await self._stopping.wait()
            return
        await self._lease.take()
        self._watch.begin_anew()
        self._leads.set()
        self._list_now.set()
        await self._lease.keep()

    async def _relist(self) -> None:
        """List syncs and stores now, so that nothing is decided in ignorance of a store, and then again and again."""
        while True:
            try:
                stores = {kind: await self._list(plural) for kind, plural in STORES.items()}
                syncs = await self._list(SYNCS)
            except ApiError as error:
                log.warning("syncs and stores could not be listed", extra={"what": str(error)})
                await asyncio.sleep(RETRY)
                continue
            self._watch.listed(syncs, stores)
            self._listed.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(RELIST):
                    await self._list_now.wait()
            self._list_now.clear()

    async def _list(self, plural: str) -> list[CustomObject]:
        return await self._kube.run(lambda: list(self._customs.all(plural)))

    async def _kinds_served(self) -> bool:
        """Wait until the API server serves our kinds: Kopf is deaf for ever to kinds that are absent at its start."""
        said = None
        while not self._stopping.is_set():
            try:
                if await self._kube.run(self._customs.are_served):
                    return True
                wrong = "the definitions are not served yet; apply crds/"
            except ApiError as error:
                wrong = str(error)
            if wrong != said:
                log.warning("waiting for the API server", extra={"what": wrong})
                said = wrong
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._stopping.wait()
        return False

    def _wake(self, key: SyncKey, *, urgent: bool, after: float = 0.0) -> None:
        if self._leads.is_set():
            self._queue.add(key, urgent=urgent, after=after)

    def _on_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._stopping.set)

    async def _signals_after_kopf(self) -> None:
        """Kopf installs its own signal handlers before it is ready; those that are set after that win."""
        await self._watching.wait()
        self._on_signals()
        log.info("watching")

    def _unready(self) -> str | None:
        if self._stopping.is_set():
            return "stopping"
        if not self._watching.is_set():
            return "not watching yet: are the definitions applied?"
        if not self._listed.is_set():
            return "not listed yet: may the operator list syncs and stores?"
        return None

    def _unhealthy(self) -> str | None:
        if not self._stopping.is_set() and any(worker.done() for worker in self._workers):
            return "a worker has ended"
        return None
