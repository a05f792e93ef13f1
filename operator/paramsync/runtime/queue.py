"""The queue of syncs to reconcile.

It deduplicates, keeps the earliest deadline of a key, gives out a key to one worker at a time, and urgent
keys (new and changed objects) before periodic ones.
"""

import asyncio
import heapq
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from .keys import SyncKey


class QueueClosed(Exception):  # noqa: N818
    """Nothing is given out any more."""


@dataclass(slots=True)
class _Entry:
    due: float
    urgent: bool


class Schedule:
    """When which key is due. Knows no clock: times are given, in seconds of any clock that only goes forward."""

    def __init__(self, waited: Callable[[float], None] = lambda _: None) -> None:
        """Hold no key.

        :param waited: is told of each key that is taken for how long it has been due.
        """
        self._waited = waited
        self._entries: dict[SyncKey, _Entry] = {}
        self._later: list[tuple[float, SyncKey]] = []
        self._due: dict[bool, OrderedDict[SyncKey, None]] = {True: OrderedDict(), False: OrderedDict()}
        self._running: set[SyncKey] = set()

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, key: SyncKey, due: float, *, urgent: bool) -> None:
        """Make a key due at a time, or earlier if it is already; urgent if it ever was since it last ran."""
        entry = self._entries.get(key)
        if entry is not None:
            entry.urgent = entry.urgent or urgent
            if due >= entry.due:
                self._promote(key, entry)
                return
            entry.due = due
        else:
            self._entries[key] = _Entry(due, urgent)
        heapq.heappush(self._later, (due, key))

    def _promote(self, key: SyncKey, entry: _Entry) -> None:
        if entry.urgent and key in self._due[False]:
            del self._due[False][key]
            self._due[True][key] = None

    def take(self, now: float) -> SyncKey | None:
        """A key that is due and not running, urgent ones first; it is running from here on."""
        self._collect(now)
        for due in (self._due[True], self._due[False]):
            key = next((key for key in due if key not in self._running), None)
            if key is not None:
                del due[key]
                self._waited(now - self._entries.pop(key).due)
                self._running.add(key)
                return key
        return None

    def done(self, key: SyncKey) -> None:
        """A key is no longer running."""
        self._running.discard(key)

    def next_due(self) -> float | None:
        """When a key will next become due, if any is waiting."""
        while self._later and not self._is_current(*self._later[0]):
            heapq.heappop(self._later)
        return self._later[0][0] if self._later else None

    def due(self) -> int:
        """The number of keys that are due and wait for a worker."""
        return len(self._due[True]) + len(self._due[False])

    def _collect(self, now: float) -> None:
        while self._later and self._later[0][0] <= now:
            due, key = heapq.heappop(self._later)
            if self._is_current(due, key):
                self._due[self._entries[key].urgent][key] = None

    def _is_current(self, due: float, key: SyncKey) -> bool:
        entry = self._entries.get(key)
        waits = key not in self._due[True] and key not in self._due[False]
        return entry is not None and entry.due == due and waits


class Queue:
    """A schedule that workers can wait on."""

    def __init__(self, clock: Callable[[], float], waited: Callable[[float], None] = lambda _: None) -> None:
        """Hold no key.

        :param waited: is told of each key that is given out for how many seconds it has been due.
        """
        self._clock = clock
        self._schedule = Schedule(waited)
        self._changed = asyncio.Event()
        self._closed = False

    def add(self, key: SyncKey, *, after: float = 0.0, urgent: bool = False) -> None:
        """Let a key be reconciled after so many seconds, or earlier if it is already to be."""
        if not self._closed:
            self._schedule.add(key, self._clock() + after, urgent=urgent)
            self._changed.set()

    async def take(self) -> SyncKey:
        """The next key; its reconcile is to be ended with :meth:`done`.

        :raises QueueClosed: once the queue is closed.
        """
        while not self._closed:
            key = self._schedule.take(self._clock())
            if key is not None:
                return key
            self._changed.clear()
            due = self._schedule.next_due()
            try:
                async with asyncio.timeout(None if due is None else max(due - self._clock(), 0)):
                    await self._changed.wait()
            except TimeoutError:
                continue  # a key has become due
        raise QueueClosed

    def done(self, key: SyncKey) -> None:
        """The reconcile of a key has ended."""
        self._schedule.done(key)
        self._changed.set()

    def depth(self) -> int:
        """The number of keys that wait for a worker."""
        return self._schedule.due()

    def close(self) -> None:
        """Give out nothing any more."""
        self._closed = True
        self._changed.set()
