"""The whole world in one process and in virtual time: cluster, parameters, operator, and who checks its promises."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import TYPE_CHECKING, Final, Literal

from paramsync.core.clock import timestamp
from paramsync.kube.customs import CLUSTER_STORES, SYNCS
from paramsync.runtime.keys import SyncKey
from tests.model.server import Server
from tests.unit.builders import REGION
from tests.unit.parameter_store import clock, now
from tests.unit.virtual_time import VirtualLoop

from .cluster import EVERYBODY, NAMESPACE, STORE, People
from .line import Line
from .parameters import Parameters
from .process import Process
from .promises.foreign import Foreign
from .promises.guarded import Guarded
from .promises.leaks import Leaks
from .promises.losses import Losses
from .promises.record import Record
from .promises.truth import Truth

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.model.objects import Stored

    from .line import Exchange

Hints = Literal["on time", "late", "twice", "never"]
"""How the watch tells what happens. Lists, every ten minutes, tell it anyway."""

DELAYS: Final[dict[Hints, tuple[float, ...]]] = {
    "on time": (0.05,),
    "late": (40.0,),
    "twice": (0.05, 15.0),
    "never": (),
}
COLLECTS_IN: Final = 0.03
"""Seconds after a write in which the garbage collector has done what there is to do."""

PRODUCT: Final = logging.getLogger("paramsync")


class World:
    """The world. Nothing happens in it but in :meth:`run`."""

    def __init__(self) -> None:
        self._loop = VirtualLoop()
        self.server = Server([NAMESPACE], lambda: timestamp(now()))
        self.people = People(self.server)
        self.parameters = Parameters()
        self.line = Line(self.server)
        self.hints: Hints = "on time"
        self.rests_for = 0.0
        """Seconds after which the operator is started again once it has crashed."""

        self.record = Record(self.server, self.parameters)
        self.truth, self.leaks = Truth(self.record), Leaks(self.parameters)
        self._promises = (
            self.leaks,
            Foreign(self.record),
            Losses(self.record),
            Guarded(self.record),
            self.truth,
        )
        self.broken: list[str] = []
        self.writes: Counter[str] = Counter()
        """Requests of the operator that were to change something, by what."""

        self._processes: list[Process] = []
        self._level = PRODUCT.level
        PRODUCT.addHandler(self.leaks)
        PRODUCT.setLevel(logging.DEBUG)
        PRODUCT.propagate = False
        self.server.storage.changed += [self._collect_soon, self._tell]
        self.server.storage.changed.append(self._record_change)
        self.line.listeners.append(self._hear)
        spec = {"region": REGION, "access": EVERYBODY}
        self.run(0.0, lambda: self.people.create(STORE, {"spec": spec}))
        self.run(1.0, self.start)

    @property
    def process(self) -> Process:
        """The operator that runs, or ran last."""
        return self._processes[-1]

    def run(self, seconds: float, *actions: Callable[[], object]) -> None:
        """Do something, and let so much time pass."""
        self._loop.run_until_complete(self._run(seconds, actions))

    def later(self, seconds: float, action: Callable[[], object]) -> None:
        """Let something happen after so many seconds."""
        self._loop.call_later(seconds, action)

    def start(self) -> None:
        """Start the operator anew; it knows nothing but what the cluster holds."""
        self.record.begins_anew(clock())
        self._processes.append(Process(self.line, self.parameters, self._rest))

    def wake(self, name: str) -> None:
        """Put a sync into the operator's queue, for no reason."""
        self.process.queue.add(SyncKey(NAMESPACE, name), urgent=True)

    def now(self) -> float:
        """Seconds since the beginning."""
        return self._loop.time()

    def check(self) -> None:
        """Fail if any promise has been broken so far."""
        syncs = [each for place, each in self.server.storage.objects.items() if place.plural == SYNCS]
        self.broken += (*self.leaks.logged(), *self.truth.overdue(syncs, self.now()))
        assert self.broken == [], self.broken

    def end(self) -> None:
        """Stop everything."""
        try:
            self._loop.run_until_complete(self._end())
        finally:
            self._loop.close()
            PRODUCT.removeHandler(self.leaks)
            PRODUCT.setLevel(self._level)
            PRODUCT.propagate = True

    async def _run(self, seconds: float, actions: tuple[Callable[[], object], ...]) -> None:
        for action in actions:
            action()
        await asyncio.sleep(seconds)

    async def _end(self) -> None:
        self.process.kill()
        for each in self._processes:
            await each.ended()

    def _rest(self) -> None:
        self.broken += self.leaks.in_metrics(self.process.metrics)
        asyncio.get_running_loop().call_later(self.rests_for, self.start)

    def _hear(self, exchange: Exchange) -> None:
        if exchange.is_write:
            self.writes[exchange.place.plural if exchange.place is not None else "events"] += 1
        for promise in self._promises:
            self.broken += promise.hear(exchange)
        self.record.hear(exchange)

    def _record_change(self, before: Stored | None, after: Stored | None) -> None:
        self.record.changed(before, after, clock(), by_operator=self.line.busy)

    def _collect_soon(self, *_: object) -> None:
        asyncio.get_running_loop().call_later(COLLECTS_IN, self.server.collect)

    def _tell(self, before: Stored | None, after: Stored | None) -> None:
        found = after or before
        assert found is not None
        if found.place.plural not in (SYNCS, CLUSTER_STORES):
            return
        for delay in DELAYS[self.hints]:
            asyncio.get_running_loop().call_later(
                delay, lambda: self.process.tell(found.place.plural, found.body, deleted=after is None)
            )
