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
from paramsync.core.authorised import authorised
from paramsync.core.freshness import last_good
from paramsync.core.lateness import told
from paramsync.core.outcome import Circumstances, Outcome, is_in_grace, look_again_in
from paramsync.core.parameters import Subtree
from paramsync.core.reasons import Nature, Problem, Reason
from paramsync.core.record import Record
from paramsync.core.stores import Store
from paramsync.kube.customs import Customs
from paramsync.kube.errors import ApiError, NotFound, Stale
from paramsync.kube.fence import Fenced
from paramsync.kube.wire import CustomObject

from .applied import Applied
from .applying import Applying
from .conclusions import Conclusions, Result
from .failures import cluster_outcome
from .feeds.needs import Wake
from .feeds.registry import Feeds
from .keys import SyncKey
from .owning import Owning, SyncGone
from .serving import Serving
from .sources import Read, Sources, Unread, Waiting
from .stores import Stores
from .syncs import Sync
from .threads import Threads

log = logging.getLogger(__name__)

MOST_STALE = 5
"""How often in a row a target may turn out changed before that is a problem of its own."""


@dataclass(slots=True)
class Past:
    """What is remembered of one sync from one reconcile to the next."""

    uid: str
    failures: int = 0
    """How many reconciles in a row ended with what time or another try mends."""

    stale: int = 0
    """How often in a row a target turned out changed."""

    applied_at: datetime | None = None
    """When the listing began that was last carried out, be it but for keys that are held."""

    good_at: datetime | None = None
    """When the listing began that the targets were last found to hold as a whole, or were brought to."""


class Reconciler:
    """Brings syncs, each by its key, to what their specs say."""

    def __init__(
        self,
        customs: Customs,
        stores: Stores,
        feeds: Feeds,
        serving: Serving,
        owning: Owning,
        applying: Applying,
        conclusions: Conclusions,
        threads: Threads,
        wake: Wake,
        *,
        steady: Callable[[], datetime],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        chance: Callable[[], float] = random.random,
        awake_since: Callable[[], datetime | None] = lambda: None,
    ) -> None:
        self._customs = customs
        self._stores = stores
        self._sources = Sources(feeds, serving, steady, awake_since)
        self._owning = owning
        self._applying = applying
        self._conclusions = conclusions
        self._threads = threads
        self._wake = wake
        self._steady = steady
        self._now = now
        self._chance = chance
        self._began = steady()
        self._conflicted: set[SyncKey] = set()
        self._pasts: dict[SyncKey, Past] = {}

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
        except SyncGone:
            self.forget(key)
            return None
        except ApiError as error:
            result = Result(cluster_outcome(sync.key, error))
        except Exception as defect:
            log.exception("a reconcile failed by a defect", extra={"sync": str(key)})
            text = f"A defect of the operator ({type(defect).__name__}) stopped the reconcile; see its log"
            result = Result(Outcome(Reason.INTERNAL_ERROR, text))
        if isinstance(result, Waiting):
            return result.retry_in
        try:
            return await self._conclude(sync, found, result)
        except NotFound:  # it went while it was reconciled, perhaps with its namespace
            self.forget(key)
            return None

    def forget(self, key: SyncKey) -> None:
        """Drop what is known of a sync that is gone."""
        self._sources.forget(key)
        self._stores.forget(key)
        self._owning.forget(key)
        self._applying.forget(key)
        self._conclusions.forget(key)
        self._pasts.pop(key, None)
        self._conflicted.discard(key)

    def conflicted(self, namespace: str) -> list[SyncKey]:
        """The syncs of a namespace that wait for a target which is not theirs."""
        return [key for key in self._conflicted if key.namespace == namespace]

    def _past(self, sync: Sync) -> Past:
        """A sync that was deleted and made again does not wait for as long as the failures of the old one ask for."""
        found = self._pasts.get(sync.key)
        if found is None or found.uid != sync.owner.uid:
            good_at = last_good(sync.status)
            since = None if good_at is None else good_at - (self._now() - self._steady())
            found = self._pasts[sync.key] = Past(sync.owner.uid, good_at=since)
        return found

    async def _run(self, sync: Sync) -> Result | Waiting:
        await self._owning.follow(sync)
        spec = sync.spec
        if spec is None:
            self._sources.release(sync.key)
            return _stopped(Problem(Reason.INVALID_SPEC, str(sync.key), f"The spec is not valid: {sync.invalid}"))
        if spec.is_suspended:
            self._sources.release(sync.key)
            return Result(Outcome(Reason.SUSPENDED, "spec.suspend is true: the targets stay as they are"))
        subtrees = await self._authorised(sync, spec)
        if isinstance(subtrees, Result):
            self._sources.release(sync.key)
            return subtrees
        read = self._sources.read(sync, spec, subtrees)
        match read:
            case Waiting():
                return read
            case Unread():
                return Result(read.outcome, read.listed_at, was_read=read.outcome.reason.nature is not Nature.WAITING)
            case Read():
                return await self._apply(sync, spec, read)

    async def _authorised(self, sync: Sync, spec: ParameterSyncSpec) -> Sequence[Subtree] | Result:
        """What each source lists; or why the sync may not read all of its sources."""
        refs = dict.fromkeys(spec.store_of(source) for source in spec.sources)
        stores = await self._stores.find_all(refs, sync.key)
        usable = [store for store in stores.values() if isinstance(store, Store)]
        namespace = await self._stores.namespace(sync.key.namespace, usable)
        found = authorised(spec, stores, namespace)
        return _stopped(*found.problems) if found.problems else found.subtrees

    async def _apply(self, sync: Sync, spec: ParameterSyncSpec, read: Read) -> Result | Waiting:
        must_wait = sync.status.revision is not None and self._sources.must_wait(sync.key, read)
        record = Record.of(sync.status, sync.approve, self._now())
        applied = await self._applying.apply(
            sync.key,
            sync.owner,
            spec,
            read.snapshots,
            record,
            hold_changes=must_wait,
            is_current=lambda: self._sources.is_current(read),
        )
        await self._conclusions.tell_repairs(sync, applied)
        if applied.dropped:
            self._wake_conflicted(sync.key.namespace)
        if applied.plan.unsettled:
            self._sources.confirm(sync.key, read)
        if not applied.held:
            self._sources.goes_on(sync.key)
        elif not self._sources.is_current(read):
            return Waiting(0.0)  # paused meanwhile: the sources are to be listed again
        elif must_wait:
            return self._sources.wait_for_all(sync.key, read, spec.interval_seconds)
        elif read.outcome is None and applied.plan.waits and sync.status.observed_generation < 0:
            return Result(report.unconfirmed(spec.interval_seconds), read.listed_at)
        elif read.outcome is None:
            return Waiting(schedule.own_deadline(spec.interval_seconds))
        else:
            return Result(read.outcome, read.listed_at)
        past = self._past(sync)
        past.stale = past.stale + 1 if isinstance(applied.error, Stale) else 0
        if 0 < past.stale <= MOST_STALE:
            log.info("a target changed meanwhile", extra={"sync": str(sync.key), "what": str(applied.error)})
            return Waiting(schedule.backoff(past.stale, self._chance()))
        if applied.error is not None:
            return Result(cluster_outcome(sync.key, applied.error), read.listed_at, applied)
        if not (applied.plan.is_stopped or applied.plan.pending):
            past.applied_at = read.listed_at
        if applied.is_whole:
            past.good_at = read.listed_at
        return self._told(sync, spec, read, applied)

    def _told(self, sync: Sync, spec: ParameterSyncSpec, read: Read, applied: Applied) -> Result:
        """The result of a plan that was carried out."""
        outcome = read.outcome or report.outcome_of(
            applied.plan, *sync.key, only_planned=spec.only_plans, contended=applied.contended
        )
        late = read.lateness(spec.interval_seconds, self._steady())
        was_told = any(each.reason == Reason.INTERVAL_STRETCHED for each in sync.status.problems)
        outcome = told(outcome, late, was_told=was_told)
        if outcome.reason is Reason.SOURCE_UNAVAILABLE and read.outcome is None:
            self._sources.wait_for_news(sync.key, read, spec.interval_seconds)
        is_late = outcome.reason is Reason.THROTTLED and read.outcome is None
        gets_old = late.oldest if is_late else timedelta(0)
        return Result(outcome, read.listed_at, applied, gets_old, was_read=read.outcome is None)

    def _wake_conflicted(self, namespace: str) -> None:
        for key in self.conflicted(namespace):
            self._wake(key, urgent=True)

    async def _conclude(self, sync: Sync, found: CustomObject, result: Result) -> float:
        interval = sync.spec.interval_seconds if sync.spec is not None else schedule.LONGEST_DEADLINE
        now, steady = self._now(), self._steady()
        is_source = result.outcome.reason in (Reason.THROTTLED, Reason.SOURCE_UNAVAILABLE)
        past = self._past(sync)
        at_work = result.listed_at if is_source else past.applied_at
        data_age = max(steady - (at_work or self._began), result.gets_old)
        at = Circumstances(
            sync.generation, sync.created, now, timedelta(seconds=interval), data_age, deadline=not is_source
        )
        await self._conclusions.say(sync, found, result, at, good_at=past.good_at, ahead=now - steady)
        return self._follow_up(sync, result, at)

    def _follow_up(self, sync: Sync, result: Result, at: Circumstances) -> float:
        """Seconds until the next look, and who is to wake the sync before."""
        key, outcome = sync.key, result.outcome
        if any(problem.reason is Reason.TARGET_CONFLICT for problem in outcome.problems):
            self._conflicted.add(key)
        else:
            self._conflicted.discard(key)
        if is_in_grace(sync.status, outcome, at):
            self._sources.hurry(key)
        else:
            self._sources.calm(key, at.interval.total_seconds())
        past = self._past(sync)
        past.failures = past.failures + 1 if outcome.reason.nature is Nature.WAITING else 0
        return look_again_in(sync.status, outcome, at, past.failures, self._chance())


def _stopped(*problems: Problem) -> Result:
    return Result(Outcome.of(problems), was_read=True)
