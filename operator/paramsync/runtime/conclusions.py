"""What is said of a reconcile when it has ended: in status, in an Event, in metrics and in the log."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from paramsync.api.status import ConditionType, SyncStatus
from paramsync.core import report
from paramsync.core.outcome import Circumstances, Outcome
from paramsync.core.reasons import Reason
from paramsync.kube.customs import Customs
from paramsync.kube.events import Note
from paramsync.kube.wire import CustomObject

from .applied import Applied
from .keys import SyncKey
from .metrics import Metrics
from .metrics.objects import SyncState
from .notes import Notes, note_for, note_of_repairs, warnings
from .syncs import Sync
from .threads import Threads


@dataclass(frozen=True, slots=True)
class Result:
    """How a reconcile ended, how old its data is, and what it wrote."""

    outcome: Outcome
    listed_at: datetime | None = None
    """When the oldest of its listings began, if all its sources were listed."""

    applied: Applied | None = None
    gets_old: timedelta = timedelta(0)
    """How old the data gets although nothing fails, if that is too old."""

    was_read: bool = False
    """Whether what was asked has been answered, be it with a denial of AWS or of the store's rules: without that, a
    refresh is not handled yet."""


class Conclusions:
    """Says how reconciles ended. Status is written only if it differs."""

    def __init__(self, customs: Customs, notes: Notes, metrics: Metrics, threads: Threads) -> None:
        self._customs = customs
        self._notes = notes
        self._metrics = metrics
        self._threads = threads

    async def say(
        self,
        sync: Sync,
        found: CustomObject,
        result: Result,
        at: Circumstances,
        *,
        good_at: datetime | None,
        ahead: timedelta,
    ) -> None:
        """Say how a reconcile ended.

        :param good_at: when the listing began that was last carried out as a whole, in this reconcile or before.
        :param ahead: by how much the clock of the node is ahead of the one that listings are counted by.
        :raises ApiError: if the status cannot be written.
        :raises Fenced: if this process may not write any more.
        """
        key, outcome = sync.key, result.outcome
        status = _status_after(sync, result, at)
        document = status.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        if document != found.status:
            with self._metrics.write("ParameterSync"):
                await self._threads.run(self._customs.write_status, found, document)
        self._metrics.reconciled(outcome.reason)
        self._metrics.sync(key, _state(sync, status, result, good_at, ahead))
        await self._write(sync, note_for(sync.status, status, outcome, result.applied))
        for warning in warnings(sync.status, status):
            await self._write(sync, warning)

    async def tell_repairs(self, sync: Sync, applied: Applied) -> None:
        """Say what somebody had changed and was put back: at once, for another target may hold up the rest.

        :raises Fenced: if this process may not write any more.
        """
        await self._write(sync, note_of_repairs(applied))

    def forget(self, key: SyncKey) -> None:
        """Say nothing more of a sync that is gone."""
        self._metrics.forget(key)
        self._notes.forget(key)

    async def _write(self, sync: Sync, note: Note | None) -> None:
        if note is not None:
            await self._notes.write(sync.key, sync.owner.uid, note)


def _state(sync: Sync, status: SyncStatus, result: Result, good_at: datetime | None, ahead: timedelta) -> SyncState:
    """What metrics tell of the sync."""
    ready = status.condition(ConditionType.READY)
    return SyncState(
        ready is not None and ready.status == "True",
        result.outcome.reason if ready is None else ready.reason,
        None if result.listed_at is None else result.listed_at + ahead,
        None if good_at is None else good_at + ahead,
        None if sync.spec is None else sync.spec.interval_seconds,
        status.held,
    )


def _status_after(sync: Sync, result: Result, at: Circumstances) -> SyncStatus:
    applied, outcome = result.applied, result.outcome
    if applied is None or applied.error is not None or applied.plan.problems:
        plan, written = (applied.plan, applied.written) if applied is not None else (None, ())
        status = report.failure(sync.status, outcome, at, written, plan=plan)
    elif applied.plan.is_stopped or applied.only_planned:
        status = report.stopped(sync.status, applied.plan, outcome, at, only_planned=applied.only_planned)
    else:
        status = report.success(sync.status, applied.plan, applied.written, outcome, at, applied.dropped)
    if status is sync.status:
        return status
    refresh = sync.refresh if result.was_read and outcome.reason is not Reason.SUSPENDED else None
    return report.described(status, sync.spec, refresh)
