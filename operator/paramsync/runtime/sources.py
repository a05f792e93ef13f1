"""What the sources of a sync hold: subscribes it to its feeds, and says when it must wait for them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from paramsync.api.sync import ParameterSyncSpec
from paramsync.core import report, schedule
from paramsync.core.lateness import Lateness
from paramsync.core.outcome import Outcome
from paramsync.core.parameters import Snapshot, Subtree
from paramsync.core.reasons import Nature
from paramsync.core.routing import routes, wants_secure
from paramsync.core.stores import store_keys
from paramsync.core.together import LONGEST_WAIT, Times, newest_change
from paramsync.core.want import Selection

from .failures import oldest, source_outcome
from .feeds.needs import Asked, Need, Reading
from .feeds.registry import Feeds
from .keys import SyncKey
from .serving import Serving
from .syncs import Sync


@dataclass(frozen=True, slots=True)
class Read:
    """Snapshots of all sources; and, if they could not be read again just now, why."""

    needs: Sequence[Need]
    snapshots: Sequence[Snapshot]
    outcome: Outcome | None
    newest_change: datetime | None
    """A change that not every source was listed after; it is not to be written before they were."""

    stretch: float
    """By which factor the interval is longer than asked for, because the API budget cannot serve all."""

    lasts: float
    """Seconds that the longest of the listings took."""

    awake_since: datetime | None = None
    """When the process had woken from its last pause."""

    @property
    def listed_at(self) -> datetime:
        """When the oldest of the listings began."""
        return min(snapshot.began for snapshot in self.snapshots)

    def lateness(self, interval: float, now: datetime) -> Lateness:
        """How late the data is for a sync with an interval of so many seconds."""
        places = {f"account {each.account or 'unknown'} in {each.subtree.identity.region}" for each in self.snapshots}
        return Lateness(
            timedelta(seconds=interval),
            now - self.listed_at,
            self.stretch,
            timedelta(seconds=self.lasts),
            " and ".join(sorted(places)),
        )


@dataclass(frozen=True, slots=True)
class Unread:
    """Not all sources could be read."""

    outcome: Outcome
    listed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing can be said yet: a feed has nothing, or a target changed meanwhile."""

    retry_in: float


class Sources:
    """Reads the sources of syncs from their feeds."""

    def __init__(
        self,
        feeds: Feeds,
        serving: Serving,
        now: Callable[[], datetime],
        awake_since: Callable[[], datetime | None] = lambda: None,
    ) -> None:
        self._feeds = feeds
        self._serving = serving
        self._now = now
        self._awake_since = awake_since
        self._refreshes: dict[SyncKey, tuple[str, datetime]] = {}
        self._hurried: set[SyncKey] = set()
        self._held_since: dict[SyncKey, datetime] = {}
        self._let_through: dict[SyncKey, datetime] = {}

    def read(self, sync: Sync, spec: ParameterSyncSpec, subtrees: Sequence[Subtree]) -> Read | Unread | Waiting:
        """What there is; the sync is woken when there is more."""
        secure = wants_secure(routes(spec, sync.key.name))
        needs = [
            Need(subtree, Selection.of(source, secure=secure))
            for subtree, source in zip(subtrees, spec.sources, strict=True)
        ]
        refresh, is_new_refresh = self._refresh_asked_at(sync)
        is_new = sync.status.revision is None or sync.status.observed_generation != sync.generation
        interval = min(spec.interval_seconds, schedule.GRACE_RETRY if sync.key in self._hurried else float("inf"))
        asked = Asked(interval, refresh, urgent=is_new or refresh is not None)
        awake_since = self._awake_since()
        readings = self._feeds.subscribe(sync.key, needs, asked)
        self._serving.begins(sync.key, zip(store_keys(spec, sync.key.namespace), subtrees, strict=True))
        if is_new_refresh:
            self._feeds.retry_sealed(sync.key)
        snapshots = [reading.snapshot for reading in readings if reading.snapshot is not None]
        outcome = source_outcome(needs, readings)
        is_whole = len(snapshots) == len(needs)
        if outcome is None and not is_whole:
            return Waiting(schedule.own_deadline(spec.interval_seconds))
        # A passing failure: the sync is still looked at by what was read before.
        can_wait = outcome is None or (outcome.reason.nature is Nature.WAITING and sync.status.revision is not None)
        if not is_whole or not can_wait:
            assert outcome is not None  # noqa: S101  (for mypy: one of both is not there)
            return Unread(outcome, oldest([each.listed_at for each in readings]))
        return Read(
            needs,
            snapshots,
            outcome,
            newest_change(list(map(_times, readings))),
            max(reading.stretch for reading in readings),
            max(reading.lasts for reading in readings),
            awake_since,
        )

    def is_current(self, read: Read) -> bool:
        """Whether the process has not been paused since."""
        return self._awake_since() == read.awake_since

    def must_wait(self, key: SyncKey, read: Read) -> bool:
        """Whether a write that changes something has to wait until all sources were listed after the newest change.

        Not for a sync that has written nothing yet: it has nothing that half a deploy could spoil.
        """
        newest, since = read.newest_change, self._held_since.get(key)
        if newest is None:
            self._held_since.pop(key, None)
            return False
        if newest <= self._let_through.get(key, newest - LONGEST_WAIT):
            return False  # it has waited for long enough, though a source still has not been listed
        if since is None or self._now() - since < LONGEST_WAIT:
            return True
        self._let_through[key] = newest
        del self._held_since[key]
        return False

    def goes_on(self, key: SyncKey) -> None:
        """Nothing waits for the other sources at present."""
        self._held_since.pop(key, None)

    def wait_for_all(self, key: SyncKey, read: Read, interval: float) -> Waiting:
        """Let the other sources be listed, at periodic priority; the sync is woken when they were."""
        self._feeds.subscribe(key, read.needs, Asked(interval, read.newest_change))
        waited = self._now() - self._held_since.setdefault(key, self._now())
        return Waiting(max((LONGEST_WAIT - waited).total_seconds(), 0.0))

    def wait_for_news(self, key: SyncKey, read: Read, interval: float) -> None:
        """Let the sync be woken by the next listing, whatever it shows."""
        self._feeds.subscribe(key, read.needs, Asked(interval, read.listed_at + timedelta(microseconds=1)))

    def confirm(self, key: SyncKey, read: Read) -> None:
        """Let the sync be woken when what it saw has been confirmed."""
        self._feeds.confirm(key, read.snapshots)

    def hurry(self, key: SyncKey) -> None:
        """Read a sync that waits for others' tools more often than it asks for."""
        self._hurried.add(key)
        self._feeds.pace(key, schedule.GRACE_RETRY)

    def calm(self, key: SyncKey, interval: float) -> None:
        """Read a sync as often as it asks for."""
        if key in self._hurried:
            self._hurried.discard(key)
            self._feeds.pace(key, interval)

    def release(self, key: SyncKey) -> None:
        """Need nothing for a sync at present."""
        self._feeds.release(key)
        self._serving.ends(key)
        self._held_since.pop(key, None)
        self._let_through.pop(key, None)

    def forget(self, key: SyncKey) -> None:
        """Drop what is known of a sync that is gone."""
        self.release(key)
        self._refreshes.pop(key, None)
        self._hurried.discard(key)

    def _refresh_asked_at(self, sync: Sync) -> tuple[datetime | None, bool]:
        """When the refresh was asked for that this sync's status does not know yet; and whether that is news."""
        if sync.refresh is None or report.handled(sync.refresh) == sync.status.last_handled_refresh:
            return None, False
        known = self._refreshes.get(sync.key)
        if known is not None and known[0] == sync.refresh:
            return known[1], False
        self._refreshes[sync.key] = (sync.refresh, self._now())
        return self._refreshes[sync.key][1], True


def _times(reading: Reading) -> Times:
    assert reading.listed_at is not None  # noqa: S101  (for mypy: there is a snapshot)
    return Times(reading.listed_at, reading.changed_at, reading.pending)
