"""The series of syncs and subtrees: made when the metrics are asked for, from what there is at that moment.

So nothing is left of what is gone, and a sync costs no more than what is known of it.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from paramsync.core.identity import Identity
from paramsync.runtime.keys import SyncKey

from .definitions import (
    FEED_ERROR,
    FEED_LISTED,
    FEEDS,
    SYNC_GOOD,
    SYNC_HELD,
    SYNC_INTERVAL,
    SYNC_LISTED,
    SYNC_READY,
    SYNC_REASON,
    SYNCS,
)
from .making import gauges
from .rows import Rows

if TYPE_CHECKING:
    from paramsync.runtime.feeds.state import Standing


@dataclass(frozen=True, slots=True)
class SyncState:
    """How a sync is."""

    ready: bool
    reason: str
    listed_at: datetime | None = None
    """When the last complete listing of all its sources began, if that is known."""

    good_at: datetime | None = None
    """When the listing began that its targets were last found to hold or were brought to, if that is known."""

    interval: float | None = None
    """Seconds, if its spec is valid."""

    held: int = 0
    """Actions that are held."""


class SyncSeries(Collector):
    """What is told of syncs."""

    def __init__(self, *, each: bool) -> None:
        """Know no sync.

        :param each: whether each has series of its own.
        """
        self._each = each
        self._states: dict[SyncKey, SyncState] = {}

    def put(self, key: SyncKey, state: SyncState) -> None:
        """Take in how a sync is. A listing that it had is not forgotten because there was no other."""
        before = self._states.get(key)
        if before is not None and state.listed_at is None:
            state = replace(state, listed_at=before.listed_at)
        self._states[key] = state

    def drop(self, key: SyncKey) -> None:
        """A sync is gone."""
        self._states.pop(key, None)

    def collect(self) -> Iterable[Metric]:
        """The series of now."""
        count = gauges(SYNCS)
        for (reason, ready), number in Counter((each.reason, each.ready) for each in self._states.values()).items():
            count.add_metric([reason, "true" if ready else "false"], number)
        yield count
        if self._each:
            yield from self._of_each()

    def _of_each(self) -> Iterable[Metric]:
        states = self._states.items()
        yield Rows(SYNC_READY, [(key, int(state.ready)) for key, state in states])
        yield Rows(SYNC_REASON, [((*key, state.reason), 1) for key, state in states])
        yield Rows(SYNC_HELD, [(key, state.held) for key, state in states])
        yield Rows(SYNC_LISTED, [(key, at.timestamp()) for key, state in states if (at := state.listed_at) is not None])
        yield Rows(SYNC_GOOD, [(key, at.timestamp()) for key, state in states if (at := state.good_at) is not None])
        yield Rows(SYNC_INTERVAL, [(key, time) for key, state in states if (time := state.interval) is not None])


@dataclass(frozen=True, slots=True)
class FeedSource:
    """Where the feeds' series come from."""

    standings: Callable[[], Iterable["Standing"]]
    account: Callable[[Identity], str | None]
    """The account of an identity, if it is known by now."""

    ahead: Callable[[], float]
    """Seconds by which the clock of the node is ahead of the one that listings are counted by."""


class FeedSeries(Collector):
    """What is told of subtrees."""

    def __init__(self, source: FeedSource, *, each: bool) -> None:
        """Read from a source.

        :param each: whether each subtree has series of its own.
        """
        self._source = source
        self._each = each

    def collect(self) -> Iterable[Metric]:
        """The series of now."""
        standings = list(self._source.standings())
        count = gauges(FEEDS)
        count.add_metric([], len(standings))
        yield count
        if self._each:
            yield from self._of_each(standings)

    def _of_each(self, standings: Iterable["Standing"]) -> Iterable[Metric]:
        ahead = self._source.ahead()
        oldest: dict[tuple[str, str, str, str], float] = {}
        errors: set[tuple[str, str, str, str, str]] = set()
        for each in standings:
            subtree = each.subtree
            account = self._source.account(subtree.identity) or ""
            labels = (account, subtree.identity.region, subtree.path, subtree.label or "")
            if each.listed_at is not None:
                listed_at = each.listed_at.timestamp() + ahead
                oldest[labels] = min(oldest.get(labels, listed_at), listed_at)
            if each.error is not None:
                errors.add((*labels, each.error))
        yield Rows(FEED_LISTED, oldest.items())
        yield Rows(FEED_ERROR, [(each, 1) for each in sorted(errors)])
