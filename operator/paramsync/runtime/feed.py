"""A feed: the one poller of a subtree, shared by all syncs that may read it.

It holds the latest snapshot and the error, if any, and wakes its syncs only when the subtree changed, failed
or recovered.
"""

import asyncio
import contextvars
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from paramsync.aws.errors import SourceError
from paramsync.core import schedule
from paramsync.core.parameters import Parameter, Snapshot, Subtree
from paramsync.core.reasons import Nature, Reason
from paramsync.core.values import Sealed

from .keys import SyncKey

log = logging.getLogger(__name__)


class Wake(Protocol):
    """Puts a sync into the queue."""

    def __call__(self, key: SyncKey, *, urgent: bool) -> None:
        """Let a sync be reconciled."""


class Read(Protocol):
    """Lists a subtree completely."""

    def __call__(self, subtree: Subtree, *, decrypt: bool) -> Awaitable[Snapshot]:
        """The snapshot.

        :raises SourceError: if it cannot be had.
        """


@dataclass(frozen=True, slots=True)
class Tools:
    """What a feed works with; tests give their own clock and chance."""

    read: Read
    wake: Wake
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    chance: Callable[[], float] = random.random
    shortest_pause: float = 1.0
    """Seconds between the end of a listing and the next, whoever asks."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a sync needs of a subtree."""

    subtree: Subtree
    secure: bool
    """Whether it needs the values of SecureStrings."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a feed has for a sync: a snapshot, an error, or nothing yet."""

    snapshot: Snapshot | None
    error: SourceError | None
    good_at: datetime | None
    """When the last complete listing began, if there was one."""


@dataclass(slots=True)
class _Subscription:
    interval: float
    secure: bool
    waits: bool = False


@dataclass(frozen=True, slots=True)
class _Attempt:
    began: datetime
    decrypt: bool

    def serves(self, need: Need, not_before: datetime | None) -> bool:
        """Whether its result is what is asked for."""
        return (not_before is None or self.began >= not_before) and (self.decrypt or not need.secure)


@dataclass(slots=True)
class _State:
    snapshot: Snapshot | None = None
    listed: _Attempt | None = None
    """The attempt that gave the snapshot."""

    error: SourceError | None = None
    failures: int = 0
    ended: _Attempt | None = None
    running: _Attempt | None = None
    idle_until: float = 0.0
    next_at: float = field(default_factory=lambda: asyncio.get_running_loop().time())


class Feed:
    """The poller of one subtree."""

    def __init__(self, subtree: Subtree, tools: Tools) -> None:
        self._subtree = subtree
        self._tools = tools
        self._state = _State()
        self._subscriptions: dict[SyncKey, _Subscription] = {}
        self._changed = asyncio.Event()
        # A context of its own: a feed does not belong to the reconcile that needed it first.
        loop, context = asyncio.get_running_loop(), contextvars.Context()
        self._task = loop.create_task(self._run(), name=f"feed {subtree.path}", context=context)

    @property
    def is_needed(self) -> bool:
        """Whether any sync needs it."""
        return bool(self._subscriptions)

    def subscribe(self, sync: SyncKey, need: Need, interval: float, not_before: datetime | None) -> Reading:
        """Say what a sync needs, and get what there is."""
        state = self._state
        before = self._subscriptions.get(sync)
        self._subscriptions[sync] = mine = _Subscription(interval, need.secure)
        if state.ended is not None and (before is None or before.interval > interval):
            self.poll_in(self._pause())
        good_at = state.snapshot.began if state.snapshot is not None else None
        if state.ended is not None and state.ended.serves(need, not_before):
            has_listed = state.listed is not None and state.listed.serves(need, None)
            return Reading(state.snapshot if has_listed else None, state.error, good_at)
        mine.waits = True
        if state.running is None or not state.running.serves(need, not_before):
            self.poll_in(0)
        return Reading(None, None, good_at)

    def pace(self, sync: SyncKey, interval: float) -> None:
        """Change the interval that a sync asks for."""
        self._subscriptions[sync].interval = interval
        self.poll_in(self._pause())

    def leave(self, sync: SyncKey) -> None:
        """A sync needs this no more."""
        del self._subscriptions[sync]

    def poll_in(self, seconds: float) -> None:
        """Poll after so many seconds, or earlier if that is planned."""
        self._state.next_at = min(self._state.next_at, self._clock() + seconds)
        self._changed.set()

    def stop(self) -> asyncio.Task[None]:
        """Stop polling and drop what was read; the task that is ending."""
        self._state = _State()
        self._task.cancel()
        return self._task

    async def _run(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(max(self._due() - self._clock(), 0)):
                    await self._changed.wait()
            self._changed.clear()
            if self._due() <= self._clock():
                await self._poll()

    def _due(self) -> float:
        return max(self._state.next_at, self._state.idle_until)

    async def _poll(self) -> None:
        state, before = self._state, self._state.snapshot
        told, old = _told(state.error), state.ended
        state.next_at = float("inf")
        decrypt = any(each.secure for each in self._subscriptions.values())
        attempt = state.running = _Attempt(self._tools.now(), decrypt)
        try:
            state.snapshot = await self._tools.read(self._subtree, decrypt=decrypt)
            state.listed, state.error, state.failures = attempt, None, 0
        except SourceError as error:
            state.error, state.failures = error, state.failures + 1
        except Exception as defect:
            log.exception("a feed failed by a defect", extra={"path": self._subtree.path})
            state.error, state.failures = _defect(self._subtree, defect), state.failures + 1
        state.ended, state.running = attempt, None
        state.idle_until = self._clock() + self._tools.shortest_pause
        self._log(told)
        self.poll_in(self._pause())
        is_new = old is None or old.decrypt != decrypt
        self._wake(everyone=is_new or told != _told(state.error) or _is_other(before, state.snapshot))

    def _log(self, told: tuple[str, str] | None) -> None:
        error = self._state.error
        if error is not None and _told(error) != told:
            log.warning("a path cannot be read", extra={"path": self._subtree.path, "what": str(error)})
        elif error is None and told is not None:
            log.info("a path can be read again", extra={"path": self._subtree.path})

    def _wake(self, *, everyone: bool) -> None:
        for sync, subscription in list(self._subscriptions.items()):
            if everyone or subscription.waits:
                self._tools.wake(sync, urgent=subscription.waits)

    def _pause(self) -> float:
        state, chance = self._state, self._tools.chance
        interval = schedule.jittered(min(each.interval for each in self._subscriptions.values()), chance())
        if state.error is None:
            return interval
        if state.error.reason.nature is Nature.WAITING:
            return min(interval, schedule.backoff(state.failures, chance()))
        return min(interval, schedule.LONGEST_DEADLINE)

    def _clock(self) -> float:
        return asyncio.get_running_loop().time()


def _defect(subtree: Subtree, defect: Exception) -> SourceError:
    return SourceError(
        Reason.INTERNAL_ERROR,
        f"Reading {subtree.path} failed by a defect of the operator ({type(defect).__name__}); see its log",
    )


def _told(error: SourceError | None) -> tuple[str, str] | None:
    return None if error is None else (error.reason, str(error))


def _is_other(before: Snapshot | None, after: Snapshot | None) -> bool:
    if before is None or after is None:
        return before is not after
    if before.account != after.account or before.parameters.keys() != after.parameters.keys():
        return True
    return any(_differs(old, after.parameters[name]) for name, old in before.parameters.items())


def _differs(old: Parameter, new: Parameter) -> bool:
    return old.stamp != new.stamp or isinstance(old.value, Sealed) != isinstance(new.value, Sealed)
