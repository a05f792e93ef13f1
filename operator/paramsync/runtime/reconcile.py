"""The reconcile of one sync: authorise → snapshots → plan → guard → apply → status.

Its input is a key, never an event. It reads the sync itself, decides nothing that :mod:`paramsync.core`
could decide, and returns when to look again.
"""

import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from paramsync.api.sync import ParameterSyncSpec
from paramsync.core import report, schedule
from paramsync.core.access import refusals
from paramsync.core.outcome import Circumstances, Outcome, is_in_grace, look_again_in
from paramsync.core.parameters import Snapshot, Subtree
from paramsync.core.reasons import Nature, Problem, Reason
from paramsync.core.routing import routes, wants_secure
from paramsync.kube.customs import Customs
from paramsync.kube.errors import ApiError, Stale
from paramsync.kube.fence import Fenced
from paramsync.kube.wire import CustomObject

from .applying import Applying
from .conclusions import Conclusions, Result
from .failures import cluster_outcome, oldest, source_outcome
from .feed import Need, Wake
from .feeds import Feeds
from .keys import SyncKey
from .stores import Stores
from .syncs import Sync
from .threads import Threads

log = logging.getLogger(__name__)

MOST_STALE = 5
"""How often in a row a target may turn out changed before that is a problem of its own."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing can be said yet: a feed has nothing, or a target changed meanwhile."""

    retry_in: float


@dataclass(frozen=True, slots=True)
class Read:
    """Snapshots of all sources; and, if they could not be read again just now, why."""

    snapshots: Sequence[Snapshot]
    outcome: Outcome | None = None


class Reconciler:
    """Brings syncs, each by its key, to what their specs say."""

    def __init__(
        self,
        customs: Customs,
        stores: Stores,
        feeds: Feeds,
        applying: Applying,
        conclusions: Conclusions,
        threads: Threads,
        wake: Wake,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._customs = customs
        self._stores = stores
        self._feeds = feeds
        self._applying = applying
        self._conclusions = conclusions
        self._threads = threads
        self._wake = wake
        self._now = now
        self._chance = chance
        self._began = now()
        self._refreshes: dict[SyncKey, tuple[str, datetime]] = {}
        self._hurried: set[SyncKey] = set()
        self._conflicted: set[SyncKey] = set()
        self._failures: dict[SyncKey, int] = {}
        self._stale: dict[SyncKey, int] = {}
        self._applied_at: dict[SyncKey, datetime] = {}

    async def reconcile(self, key: SyncKey) -> float | None:
        """Reconcile a sync.

        :returns: seconds until the sync is to be looked at again; None if it is gone.
        :raises ApiError: if the sync cannot be read or its status cannot be written.
        :raises Fenced: if this process may not write any more.
        """
        found = await self._threads.run(self._customs.sync, *key)
        if found is None or found.metadata.deletion_timestamp is not None:
            self.forget(key)
            return None
        sync = Sync.of(key, found)
        try:
            result = await self._run(sync)
        except Fenced:
            raise
        except ApiError as error:
            result = Result(cluster_outcome(sync.key, error))
        except Exception as defect:
            log.exception("a reconcile failed by a defect", extra={"sync": str(key)})
            text = f"A defect of the operator ({type(defect).__name__}) stopped the reconcile; see its log"
            result = Result(Outcome(Reason.INTERNAL_ERROR, text))
        if isinstance(result, Waiting):
            return result.retry_in
        return await self._conclude(sync, found, result)

    def forget(self, key: SyncKey) -> None:
        """Drop what is known of a sync that is gone."""
        self._feeds.release(key)
        self._stores.forget(key)
        self._applying.forget(key)
        self._conclusions.forget(key)
        self._refreshes.pop(key, None)
        self._failures.pop(key, None)
        self._stale.pop(key, None)
        self._applied_at.pop(key, None)
        self._hurried.discard(key)
        self._conflicted.discard(key)

    def conflicted(self, namespace: str) -> list[SyncKey]:
        """The syncs of a namespace that wait for a target which is not theirs."""
        return [key for key in self._conflicted if key.namespace == namespace]

    async def _run(self, sync: Sync) -> Result | Waiting:
        spec = sync.spec
        if spec is None:
            self._feeds.release(sync.key)
            return _stopped(Problem(Reason.INVALID_SPEC, str(sync.key), f"The spec is not valid: {sync.invalid}"))
        if spec.is_suspended:
            self._feeds.release(sync.key)
            return Result(Outcome(Reason.SUSPENDED, "spec.suspend is true: the targets stay as they are"))
        subtrees = await self._authorised(sync, spec)
        if isinstance(subtrees, Result):
            self._feeds.release(sync.key)
            return subtrees
        read = self._read(sync, spec, subtrees)
        if isinstance(read, Result | Waiting):
            return read
        return await self._apply(sync, spec, read)

    async def _authorised(self, sync: Sync, spec: ParameterSyncSpec) -> Sequence[Subtree] | Result:
        """What each source lists; or why the sync may not read all of its sources."""
        refs = [spec.store_of(source) for source in spec.sources]
        stores = await self._stores.find_all(dict.fromkeys(refs), sync.key)
        subtrees: list[Subtree] = []
        problems: list[Problem] = []
        for source, ref in zip(spec.sources, refs, strict=True):
            store = stores[ref]
            if isinstance(store, Problem):
                problems.append(store)
                continue
            problems += refusals(store.access, sync.key.namespace, str(ref.name), [source.path])
            subtrees.append(Subtree(store.identity, source.path, source.is_recursive, source.version_label))
        return _stopped(*dict.fromkeys(problems)) if problems else subtrees

    def _read(self, sync: Sync, spec: ParameterSyncSpec, subtrees: Sequence[Subtree]) -> Read | Result | Waiting:
        secure = wants_secure(routes(spec, sync.key.name))
        needs = [Need(subtree, secure) for subtree in subtrees]
        interval = min(spec.interval_seconds, schedule.GRACE_RETRY if sync.key in self._hurried else float("inf"))
        readings = self._feeds.subscribe(sync.key, needs, interval, not_before=self._refresh_asked_at(sync))
        snapshots = [reading.snapshot for reading in readings if reading.snapshot is not None]
        outcome = source_outcome(needs, readings)
        is_whole = len(snapshots) == len(needs)
        if outcome is None:
            return Read(snapshots) if is_whole else Waiting(schedule.own_deadline(spec.interval_seconds))
        if is_whole and outcome.reason.nature is Nature.WAITING and sync.status.revision is not None:
            return Read(snapshots, outcome)  # the sync is still looked at by what was read before
        return Result(outcome, oldest([each.good_at for each in readings]))

    async def _apply(self, sync: Sync, spec: ParameterSyncSpec, read: Read) -> Result | Waiting:
        applied = await self._applying.apply(sync.key, sync.owner, spec, read.snapshots, sync.status)
        listed_at = min(snapshot.began for snapshot in read.snapshots)
        if isinstance(applied.error, Stale):
            self._stale[sync.key] = self._stale.get(sync.key, 0) + 1
            if self._stale[sync.key] <= MOST_STALE:
                log.info("a target changed meanwhile", extra={"sync": str(sync.key), "what": str(applied.error)})
                return Waiting(schedule.backoff(self._stale[sync.key], self._chance()))
        else:
            self._stale.pop(sync.key, None)
        if applied.error is not None:
            return Result(cluster_outcome(sync.key, applied.error), listed_at, applied)
        if applied.dropped:
            self._wake_conflicted(sync.key.namespace)
        if not applied.plan.problems:
            self._applied_at[sync.key] = listed_at
        return Result(read.outcome or report.outcome_of(applied.plan), listed_at, applied)

    def _wake_conflicted(self, namespace: str) -> None:
        for key in self.conflicted(namespace):
            self._wake(key, urgent=True)

    def _refresh_asked_at(self, sync: Sync) -> datetime | None:
        """When the refresh was asked for that this sync's status does not know yet."""
        if sync.refresh is None or report.handled(sync.refresh) == sync.status.last_handled_refresh:
            return None
        known = self._refreshes.get(sync.key)
        if known is None or known[0] != sync.refresh:
            known = self._refreshes[sync.key] = (sync.refresh, self._now())
        return known[1]

    def _failed(self, key: SyncKey) -> int:
        self._failures[key] = self._failures.get(key, 0) + 1
        return self._failures[key]

    async def _conclude(self, sync: Sync, found: CustomObject, result: Result) -> float:
        interval = sync.spec.interval_seconds if sync.spec is not None else schedule.LONGEST_DEADLINE
        now = self._now()
        is_source = result.outcome.reason in (Reason.THROTTLED, Reason.SOURCE_UNAVAILABLE)
        good_at = result.listed_at if is_source else self._applied_at.get(sync.key)
        data_age = now - (good_at or self._began)
        at = Circumstances(
            sync.generation, sync.created, now, timedelta(seconds=interval), data_age, deadline=not is_source
        )
        await self._conclusions.say(sync, found, result, at)
        return self._follow_up(sync, result, at)

    def _follow_up(self, sync: Sync, result: Result, at: Circumstances) -> float:
        """Seconds until the next look, and who is to wake the sync before."""
        key, outcome = sync.key, result.outcome
        if any(problem.reason is Reason.TARGET_CONFLICT for problem in outcome.problems):
            self._conflicted.add(key)
        else:
            self._conflicted.discard(key)
        if is_in_grace(sync.status, outcome, at):
            self._hurried.add(key)
            self._feeds.pace(key, schedule.GRACE_RETRY)
        elif key in self._hurried:
            self._hurried.discard(key)
            self._feeds.pace(key, at.interval.total_seconds())
        if outcome.reason.nature is not Nature.WAITING:
            self._failures.pop(key, None)
            return look_again_in(sync.status, outcome, at, 0, self._chance())
        return look_again_in(sync.status, outcome, at, self._failed(key), self._chance())


def _stopped(*problems: Problem) -> Result:
    return Result(Outcome.of(problems))
