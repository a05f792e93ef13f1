"""Events on transitions: what changed, in counts and names, never values. None on an unchanged pass."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from paramsync.api.status import ConditionType, SyncStatus
from paramsync.core.actions import ActionKind
from paramsync.core.outcome import Outcome
from paramsync.core.reasons import Nature, Reason
from paramsync.core.telling import Allowance, with_omitted
from paramsync.kube.errors import ApiError, NamespaceEnds, NotFound
from paramsync.kube.events import Events, Note

from .applied import Applied
from .keys import SyncKey
from .metrics import Metrics
from .threads import Threads

log = logging.getLogger(__name__)


class Notes:
    """Writes Events about syncs, as many as each may have. One that cannot be written is logged and nothing more.

    In a namespace that is being deleted none can.
    """

    def __init__(
        self, events: Events, metrics: Metrics, threads: Threads, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Write nothing yet.

        :param clock: seconds; it only goes forward.
        """
        self._events = events
        self._metrics = metrics
        self._threads = threads
        self._clock = clock
        self._allowances: dict[SyncKey, dict[str, Allowance]] = {}

    def forget(self, key: SyncKey) -> None:
        """Drop what is known of a sync that is gone."""
        self._allowances.pop(key, None)

    async def write(self, key: SyncKey, uid: str, note: Note) -> None:
        """Log what changed of a sync, and write an Event about it, unless there were too many.

        Warnings and others are counted apart: what is said to be well again takes no room from what is not.
        """
        level = logging.WARNING if note.type == "Warning" else logging.INFO
        log.log(level, "a sync changed", extra={"sync": str(key), "reason": note.reason, "note": note.text})
        now, allowances = self._clock(), self._allowances.setdefault(key, {})
        before = allowances.get(note.type) or Allowance.full(now)
        allowances[note.type], may_tell = before.asked(now)
        if not may_tell:
            log.debug("an Event was left out", extra={"sync": str(key), "reason": note.reason})
            return
        told = replace(note, text=with_omitted(note.text, before.omitted))
        try:
            with self._metrics.write("Event"):
                await self._threads.run(self._events.write, *key, uid, told)
        except (NamespaceEnds, NotFound):
            return  # whoever would read it is about to go, too
        except ApiError as error:
            log.warning("an Event was not written", extra={"sync": str(key), "what": str(error)})


def note_for(previous: SyncStatus, now: SyncStatus, outcome: Outcome, applied: Applied | None) -> Note | None:
    """The Event that a reconcile is worth, if any."""
    changed = applied is not None and (
        bool(applied.dropped or applied.left) or any(each.is_renewed for each in applied.written)
    )
    if applied is not None and changed and applied.error is None:
        good = outcome.reason.nature is Nature.GOOD
        text = _changes(applied) if good else f"{_changes(applied)}. {outcome.message}"
        return Note("Normal" if good else "Warning", outcome.reason, "Apply", text)
    before, after = (status.condition(ConditionType.READY) for status in (previous, now))
    if before is not None and after is not None and (before.reason, before.status) == (after.reason, after.status):
        return None
    if now.conditions == previous.conditions:
        return None
    is_good = outcome.reason.nature is Nature.GOOD or outcome.reason is Reason.PENDING
    return Note("Normal" if is_good else "Warning", outcome.reason, "Reconcile", outcome.message)


def note_of_repairs(applied: Applied) -> Note | None:
    """The Event about what somebody had changed and was put back.

    A warning: until then pods may have read something else, and somebody's change is gone.
    """
    repairs = [each.repair for each in applied.written if each.repair is not None]
    if not repairs:
        return None
    return Note("Warning", Reason.DRIFT_REPAIRED, "Repair", "; ".join(each.told for each in repairs))


def warnings(previous: SyncStatus, now: SyncStatus) -> tuple[Note, ...]:
    """The Events about what stops nothing and is told for the first time."""
    known = {(problem.reason, problem.subject) for problem in previous.problems}
    return tuple(
        Note("Warning", problem.reason, "Reconcile", problem.message)
        for problem in now.problems
        if problem.reason == Reason.NEARLY_FULL and (problem.reason, problem.subject) not in known
    )


def _changes(applied: Applied) -> str:
    parts = []
    for written in applied.written:
        if written.is_renewed:
            kinds = Counter(action.kind for action in applied.plan.actions if action.target == written.content.ref)
            counts = ", ".join(f"{kinds[kind]} {kind}" for kind in ActionKind if kinds[kind])
            taken = "taken over, " if written.content.ref in applied.plan.adopted else ""
            parts.append(f"{written.content.ref}: {taken}{counts or 'metadata only'}")
    parts += [f"{ref}: deleted" for ref in applied.dropped]
    parts += [f"{ref}: left as it is, for this sync did not make it" for ref in applied.left]
    return "; ".join(parts)
