"""The status that follows from a reconcile: what is true now, and what stays of what was said before."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from paramsync.api import status as api
from paramsync.api.sources import StoreKind, StoreRef
from paramsync.api.status import GuardWindow, PlanStatus, SyncStatus, TargetStatus
from paramsync.api.sync import ParameterSyncSpec

from . import schedule
from .actions import ActionKind
from .clock import timestamp
from .guard.window import window
from .objects import Content
from .outcome import Circumstances, Outcome, conditions, is_still_fresh, shortened
from .plan import Plan
from .planned import plan_status, told_actions, waiting_actions
from .reasons import Problem, Reason
from .repairs import Repair
from .routing import TargetRef

APPROVE: Final = "paramsync.dev/approve"
"""The annotation on a sync whose value approves what is held."""

COLUMN: int = 64
SUBJECT: int = 1280


@dataclass(frozen=True, slots=True)
class Written:
    """A target as it is after the reconcile."""

    content: Content
    uid: str
    changed: bool
    repair: Repair | None = None
    """What the change put back, if somebody had changed the target."""

    @property
    def is_renewed(self) -> bool:
        """Whether it was changed to hold something new, and not only put back."""
        return self.changed and (self.repair is None or not self.repair.is_all)


def outcome_of(
    plan: Plan, namespace: str, name: str, *, only_planned: bool = False, contended: tuple[Problem, ...] = ()
) -> Outcome:
    """How a reconcile that carried out a plan ended; or one that only planned.

    :param namespace: of the sync, whose name it is, for the command that approves what is held.
    :param contended: what there is to say of targets that somebody else changes again and again.
    """
    if plan.problems:
        return Outcome.of(plan.problems)
    approve = f"; or approve: kubectl annotate --overwrite -n {namespace} parametersync {name} {APPROVE}={plan.digest}"
    held = tuple(Problem(hold.reason, hold.subject, hold.message + approve) for hold in plan.holds)
    if only_planned:
        return Outcome(Reason.PLANNED, _planned(plan), (*held, *plan.pending, *plan.notes))
    if held or contended:
        return Outcome.of((*held, *contended, *plan.pending, *plan.notes))
    if plan.pending:
        return replace(Outcome.of((*plan.pending, *plan.notes)), is_certain=True)
    counts = plan.counts
    return Outcome(
        Reason.SYNCED,
        f"{counts.parameters} parameters are in {len(plan.contents)} targets{_unused(counts.skipped)}",
        plan.notes,
    )


def unconfirmed(interval: float) -> Outcome:
    """What is said of a sync of which nothing was said yet, and which waits for listings that agree.

    :param interval: the sync's own, in seconds.
    """
    return Outcome(
        Reason.PENDING,
        "Objects that are there already stay as they are until listings have agreed on which parameters there are:"
        " for 45 seconds if keys would go",
        retry_in=schedule.own_deadline(interval),
    )


def _planned(plan: Plan) -> str:
    kinds = Counter(action.kind for action in (*plan.actions, *plan.metadata))
    counts = ", ".join(f"{kinds[kind]} {kind}" for kind in ActionKind if kinds[kind])
    held = f"; of that, {len(plan.held)} would be held" if plan.holds else ""
    return f"mode is Plan, nothing is written. It would be: {counts or 'no change'}{held}; see status.plan"


def _unused(skipped: int) -> str:
    return f"; {skipped} more are taken by no target" if skipped else ""


def success(
    previous: SyncStatus,
    plan: Plan,
    written: Sequence[Written],
    outcome: Outcome,
    at: Circumstances,
    dropped: Sequence[TargetRef],
) -> SyncStatus:
    """The status after a plan was carried out.

    :param dropped: the targets that the spec no longer names and that were deleted.
    """
    changed = bool(dropped) or any(each.changed for each in written)
    kept = (each for each in previous.targets if (each.kind, each.name) in {(ref.kind, ref.name) for ref in plan.kept})
    targets = tuple(sorted((*kept, *map(_target, written)), key=lambda each: (each.kind, each.name)))
    return previous.model_copy(
        update={
            "observed_generation": at.generation,
            "conditions": conditions(previous, outcome, at),
            "last_applied_time": timestamp(at.now) if changed else previous.last_applied_time or timestamp(at.now),
            "last_handled_approval": plan.approved or previous.last_handled_approval,
            "revision": revision(targets),
            "parameters": plan.counts.parameters,
            "secure": plan.counts.secure,
            "skipped": plan.counts.skipped,
            "overlaid": plan.counts.overlaid,
            "guard": _window(previous, plan, plan.counts.parameters, written, dropped, at),
            "targets": targets,
            "plan": _shown(plan),
            "problems": _problems(outcome.problems),
        }
    )


def stopped(previous: SyncStatus, plan: Plan, outcome: Outcome, at: Circumstances, *, only_planned: bool) -> SyncStatus:
    """The status after a plan that was not carried out: because it is held as a whole, or only was to be planned."""
    return previous.model_copy(
        update={
            "observed_generation": at.generation,
            "conditions": conditions(previous, outcome, at),
            "plan": _shown(plan, whole=only_planned),
            "problems": _problems(outcome.problems),
        }
    )


def failure(
    previous: SyncStatus,
    outcome: Outcome,
    at: Circumstances,
    written: Sequence[Written] = (),
    *,
    plan: Plan | None = None,
) -> SyncStatus:
    """The status after a reconcile that did not carry out its plan: what was applied before still stands.

    :param written: the targets that were written before it failed.
    """
    changed = any(each.changed for each in written)
    if is_still_fresh(previous, outcome, at) and not changed:
        return previous
    guard = previous.guard
    if plan is not None and changed and not plan.approved:
        guard = _window(previous, plan, previous.parameters or 0, written, (), at)
    made = {(each.kind, each.name): each for each in (*previous.targets, *map(_target, written))}
    return previous.model_copy(
        update={
            "observed_generation": at.generation,
            "conditions": conditions(previous, outcome, at),
            "last_applied_time": timestamp(at.now) if changed else previous.last_applied_time,
            "guard": guard,
            "targets": tuple(made[key] for key in sorted(made)),
            "problems": _problems(outcome.problems),
        }
    )


def _window(
    previous: SyncStatus,
    plan: Plan,
    parameters: int,
    written: Sequence[Written],
    dropped: Sequence[TargetRef],
    at: Circumstances,
) -> GuardWindow:
    """The guard's memory after what was written. An approval that was carried out begins a new window."""
    changed = {each.content.ref for each in written if each.changed} | set(dropped)
    if plan.approved:
        return window(None, at.now, parameters, 0)
    removed = sum(bool(losing & changed) for losing in plan.removed.values())
    return window(previous.guard, at.now, parameters, removed, is_held=previous.is_held)


def _shown(plan: Plan, *, whole: bool = False) -> PlanStatus | None:
    if not whole and not plan.holds:
        return None
    held = plan.held | plan.held_parts
    if whole:
        return plan_status((*told_actions(plan), *plan.held_parts), held, plan.digest)
    return plan_status((*held, *waiting_actions(plan)), held, plan.digest)


def described(status: SyncStatus, spec: ParameterSyncSpec | None, refresh: str | None) -> SyncStatus:
    """A status with the columns that describe the spec, and the refresh that was handled."""
    update: dict[str, object] = {}
    if spec is not None:
        update["sources"] = shortened(", ".join(source.path for source in spec.sources), COLUMN)
        update["store"] = shortened(", ".join(dict.fromkeys(map(_store, map(spec.store_of, spec.sources)))), COLUMN)
    if refresh is not None:
        update["last_handled_refresh"] = handled(refresh)
    return status.model_copy(update=update)


def _store(ref: StoreRef) -> str:
    return f"{ref.kind}/{ref.name}" if ref.kind is StoreKind.PARAMETER_STORE else str(ref.name)


def handled(refresh: str) -> str:
    """A refresh as status records it."""
    return shortened(refresh, 256)


def revision(targets: Sequence[TargetStatus]) -> str:
    """One revision for all targets."""
    joined = ",".join(f"{each.kind}/{each.name}={each.revision}" for each in targets)
    return hashlib.sha256(joined.encode()).hexdigest()[:16]


def _target(written: Written) -> TargetStatus:
    content = written.content
    return TargetStatus(
        kind=content.ref.kind,
        name=content.ref.name,
        uid=written.uid,
        key_count=len(content.data),
        revision=content.revision,
    )


def _problems(problems: Sequence[Problem]) -> tuple[api.Problem, ...]:
    return tuple(
        api.Problem(
            reason=problem.reason,
            subject=shortened(problem.subject, SUBJECT),
            message=shortened(problem.message, api.LONGEST_MESSAGE),
        )
        for problem in problems[: api.MOST_PROBLEMS]
    )
