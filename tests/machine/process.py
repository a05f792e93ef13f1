"""One operator process in virtual time: wired as in ``runtime/replica.py``, without Kopf, HTTP and threads."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from paramsync.api.sources import StoreKind
from paramsync.kube.customs import CLUSTER_STORES, SYNCS, Customs
from paramsync.kube.errors import ApiError, Unavailable
from paramsync.kube.events import Events
from paramsync.kube.fence import SoleReplica
from paramsync.kube.targets import Targets
from paramsync.kube.tenants import Tenants
from paramsync.kube.wire import CustomObject
from paramsync.runtime.applying import Applying
from paramsync.runtime.conclusions import Conclusions
from paramsync.runtime.feeds.needs import Tools
from paramsync.runtime.feeds.plaintext import Plaintext
from paramsync.runtime.feeds.registry import Feeds
from paramsync.runtime.metrics import Metrics
from paramsync.runtime.namespaces import Namespaces
from paramsync.runtime.notes import Notes
from paramsync.runtime.owning import Owning
from paramsync.runtime.queue import Queue
from paramsync.runtime.reconcile import Reconciler
from paramsync.runtime.relisting import Relisting
from paramsync.runtime.serving import Serving
from paramsync.runtime.settings import Settings
from paramsync.runtime.stores import Stores
from paramsync.runtime.threads import Threads
from paramsync.runtime.watch import Watch
from paramsync.runtime.workers import RETRY
from tests.model.client import transport_to
from tests.unit.builders import REGION
from tests.unit.feed_world import Load
from tests.unit.parameter_store import clock, now

from .line import Crash

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from paramsync.runtime.feeds.look import Ssm
    from paramsync.runtime.keys import SyncKey
    from tests.model.answers import Answer, Request
    from tests.model.objects import Json

    from .line import Line

P = ParamSpec("P")
R = TypeVar("R")

WORKERS: Final = 2
REQUEST_TAKES: Final = 0.01
"""Seconds."""


class LoopThreads(Threads):
    """Calls on the loop, a little later: what waits for a call lets others go on meanwhile."""

    def __init__(self) -> None:
        pass

    def start(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[R]:
        loop = asyncio.get_running_loop()
        made: asyncio.Future[R] = loop.create_future()
        loop.call_later(REQUEST_TAKES, self._call, made, partial(function, *args, **kwargs))
        return made

    @staticmethod
    def _call(made: asyncio.Future[R], call: Callable[[], R]) -> None:
        try:
            result = call()
        except BaseException as error:  # noqa: BLE001  (it is raised where the result is awaited)
            if not made.done():
                made.set_exception(error)
        else:
            if not made.done():
                made.set_result(result)


class Process:
    """An operator, from its start to its end."""

    def __init__(self, line: Line, ssm: Ssm, crashed: Callable[[], None]) -> None:
        """Start it.

        :param crashed: is told when it has ended by a crash.
        """
        self._line = line
        self._crashed = crashed
        self.alive = True
        self.began = clock()
        self.metrics = Metrics()
        threads, fence, transport = LoopThreads(), SoleReplica(), transport_to(self._handle)
        customs = Customs(transport, fence)
        stores = Stores(Settings(stores={}), lambda: REGION, customs, Tenants(transport), threads, clock=clock)
        load = Load()
        self._feeds = Feeds(Tools(ssm, lambda _: load, self._wake, Plaintext(2**20), now, _half))
        self.queue = Queue(clock)
        targets, notes = Targets(transport, fence), Notes(Events(transport, fence, "machine"), self.metrics, threads)
        owning = Owning(customs, targets, notes, self.metrics, threads)
        self._reconciler = Reconciler(
            customs,
            stores,
            self._feeds,
            Serving(),
            owning,
            Applying(targets, owning, self.metrics, threads),
            Conclusions(customs, notes, self.metrics, threads),
            threads,
            self._wake,
            now=now,
            steady=now,
            chance=_half,
        )
        self._watch = Watch(stores, self._wake, self._reconciler.conflicted, _half)
        relisting = Relisting(customs, threads, self._watch, Namespaces(None))
        self._listed = relisting.listed
        self._tasks = [self._begin(relisting.run()), *(self._begin(self._worker()) for _ in range(WORKERS))]

    def tell(self, plural: str, body: Json, *, deleted: bool) -> None:
        """Let the watch say something, if the process still hears it."""
        if not self.alive:
            return
        found = CustomObject.model_validate(body)
        if plural == SYNCS:
            self._watch.sync(found, deleted=deleted)
        elif plural == CLUSTER_STORES:
            self._watch.store(StoreKind.CLUSTER_PARAMETER_STORE, found, deleted=deleted)

    def kill(self) -> None:
        """End it, at once: nothing that it began goes on."""
        self.alive = False
        for task in self._tasks:
            task.cancel()
        self._tasks.append(asyncio.ensure_future(self._feeds.close()))

    async def ended(self) -> None:
        """Wait until nothing of it is left."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _handle(self, request: Request) -> Answer:
        if not self.alive:
            raise Crash
        try:
            return self._line.handle(request)
        except Crash:
            self.kill()
            self._crashed()
            raise

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(work)

    async def _worker(self) -> None:
        await self._listed.wait()
        while True:
            key = await self.queue.take()
            try:
                again = await self._reconciler.reconcile(key)
                if again is not None:
                    self.queue.add(key, after=again)
            except Unavailable as error:
                self.queue.add(key, after=error.retry_after or RETRY)
            except ApiError:
                self.queue.add(key, after=RETRY)
            finally:
                self.queue.done(key)

    def _wake(self, key: SyncKey, *, urgent: bool, after: float = 0.0) -> None:
        self.queue.add(key, urgent=urgent, after=after)


def _half() -> float:
    """Chance, in between."""
    return 0.5
