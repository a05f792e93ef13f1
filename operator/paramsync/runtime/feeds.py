"""Feeds turn Parameter Store into something like a watch.

One feed polls one subtree for all syncs that may read it, at the shortest interval that any of them asks
for, and wakes them only when the subtree changed, failed or recovered. A feed that nobody needs is dropped.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
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


class Read(Protocol):
    """Lists a subtree completely."""

    def __call__(self, subtree: Subtree, *, decrypt: bool) -> Awaitable[Snapshot]:
        """The snapshot.

        :raises SourceError: if it cannot be had.
        """


@dataclass(frozen=True, slots=True)
class Need:
    """What a sync needs of a subtree."""

    subtree: Subtree
    secure: bool
    """Whether it needs the values of SecureStrings."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a feed has for a sync: a snapshot, an error, or nothing yet; and since when its data is known."""

    snapshot: Snapshot | None
    error: SourceError | None
    good_at: datetime
    """When the last complete listing began; before the first, when the feed did."""


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
class _Feed:
    subtree: Subtree
    since: datetime
    subscriptions: dict[SyncKey, _Subscription] = field(default_factory=dict)
    snapshot: Snapshot | None = None
    error: SourceError | None = None
    failures: int = 0
    ended: "_Attempt | None" = None
    """The last attempt that has ended."""

    running: "_Attempt | None" = None

    next_at: float = 0.0
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    def interval(self) -> float:
        return min(each.interval for each in self.subscriptions.values())

    def wants_secure(self) -> bool:
        return any(each.secure for each in self.subscriptions.values())

    def poll_at(self, moment: float) -> None:
        self.next_at = min(self.next_at, moment)
        self.changed.set()


class Feeds:
    """All feeds of the operator."""

    def __init__(
        self,
        read: Read,
        wake: Callable[[SyncKey], None],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._read = read
        self._wake = wake
        self._now = now
        self._chance = chance
        self._feeds: dict[Subtree, _Feed] = {}
        self._needed: dict[SyncKey, set[Subtree]] = {}

    def __len__(self) -> int:
        return len(self._feeds)

    def subscribe(
        self, sync: SyncKey, needs: Sequence[Need], interval: float, *, not_before: datetime | None = None
    ) -> list[Reading]:
        """Say what a sync needs now, and get what there is; the sync is woken when there is more.

        Feeds that it needed before and needs no longer are released.

        :param interval: seconds after which the data is to be read again.
        :param not_before: a listing that began earlier does not do.
        """
        subtrees = {need.subtree for need in needs}
        for subtree in self._needed.get(sync, set()) - subtrees:
            self._leave(subtree, sync)
        self._needed[sync] = subtrees
        return [self._subscribe(sync, need, interval, not_before) for need in needs]

    def release(self, sync: SyncKey) -> None:
        """Forget what a sync needed."""
        for subtree in self._needed.pop(sync, set()):
            self._leave(subtree, sync)

    def hurry(self, sync: SyncKey, interval: float) -> None:
        """Let the feeds of a sync poll at a shorter interval until it subscribes again."""
        for subtree in self._needed.get(sync, set()):
            feed = self._feeds[subtree]
            feed.subscriptions[sync].interval = min(interval, feed.subscriptions[sync].interval)
            feed.poll_at(self._clock() + interval)

    def poll(self, subtree: Subtree) -> None:
        """Poll a subtree now, if anyone needs it."""
        feed = self._feeds.get(subtree)
        if feed is not None:
            feed.poll_at(self._clock())

    async def close(self) -> None:
        """Stop polling and forget everything."""
        tasks = [feed.task for feed in self._feeds.values() if feed.task is not None]
        self._feeds.clear()
        self._needed.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _subscribe(self, sync: SyncKey, need: Need, interval: float, not_before: datetime | None) -> Reading:
        feed = self._feeds.get(need.subtree)
        if feed is None:
            feed = self._feeds[need.subtree] = _Feed(need.subtree, self._now(), next_at=self._clock())
            feed.task = asyncio.get_running_loop().create_task(self._run(feed), name=f"feed {need.subtree.path}")
        before = feed.subscriptions.get(sync)
        feed.subscriptions[sync] = mine = _Subscription(interval, need.secure)
        if before is None or before.interval > interval:
            feed.poll_at(feed.next_at if feed.ended is None else self._clock() + self._pause(feed))
        if feed.ended is None or not feed.ended.serves(need, not_before):
            mine.waits = True
            if feed.running is None or not feed.running.serves(need, not_before):
                feed.poll_at(self._clock())
            return Reading(None, None, self._good_at(feed))
        if feed.error is not None:
            return Reading(None, feed.error, self._good_at(feed))
        return Reading(feed.snapshot, None, self._good_at(feed))

    def _good_at(self, feed: _Feed) -> datetime:
        return feed.snapshot.began if feed.snapshot is not None else feed.since

    def _leave(self, subtree: Subtree, sync: SyncKey) -> None:
        feed = self._feeds[subtree]
        del feed.subscriptions[sync]
        if feed.subscriptions:
            feed.changed.set()
            return
        del self._feeds[subtree]
        feed.snapshot = None
        if feed.task is not None:
            feed.task.cancel()

    async def _run(self, feed: _Feed) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(max(feed.next_at - self._clock(), 0)):
                    await feed.changed.wait()
            feed.changed.clear()
            if feed.next_at <= self._clock():
                await self._poll(feed)

    async def _poll(self, feed: _Feed) -> None:
        feed.next_at = float("inf")
        attempt = feed.running = _Attempt(self._now(), feed.wants_secure())
        before, old_error, old = feed.snapshot, feed.error, feed.ended
        try:
            feed.snapshot = await self._read(feed.subtree, decrypt=attempt.decrypt)
            feed.error, feed.failures = None, 0
        except SourceError as error:
            feed.error, feed.failures = error, feed.failures + 1
        except Exception as defect:
            log.exception("a feed failed by a defect", extra={"path": feed.subtree.path})
            feed.error, feed.failures = _defect(feed.subtree, defect), feed.failures + 1
        feed.ended, feed.running = attempt, None
        feed.poll_at(self._clock() + self._pause(feed))
        is_new = old is None or old.decrypt != attempt.decrypt
        news = is_new or _told(old_error) != _told(feed.error) or _is_other(before, feed.snapshot)
        for sync, subscription in list(feed.subscriptions.items()):
            if news or subscription.waits:
                self._wake(sync)

    def _pause(self, feed: _Feed) -> float:
        interval = schedule.jittered(feed.interval(), self._chance())
        if feed.error is not None and feed.error.reason.nature is Nature.WAITING:
            return min(interval, schedule.backoff(feed.failures, self._chance()))
        return interval

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
