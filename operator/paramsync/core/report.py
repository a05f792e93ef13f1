"""The status that follows from a reconcile: what is true now, and what stays of what was said before."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from paramsync.api import status as api
from paramsync.api.status import GuardWindow, SyncStatus, TargetStatus
from paramsync.api.sync import ParameterSyncSpec, StoreKind, StoreRef

from . import guard
from .actions import ActionKind
from .clock import timestamp
from .objects import Content
from .outcome import Circumstances, Outcome, conditions, is_still_fresh, shortened
from .plan import Plan
from .reasons import Problem, Reason

COLUMN: int = 64
SUBJECT: int = 1280


@dataclass(frozen=True, slots=True)
class Written:
    """A target as it is after the reconcile."""

    content: Content
    uid: str
    changed: bool


def outcome_of(plan: Plan) -> Outcome:
    """How a reconcile that carried out a plan ended."""
    if plan.problems:
        return Outcome.of(plan.problems)
    held = tuple(Problem(hold.reason, str(hold.actions[0].target), hold.message) for hold in plan.holds)
    if held:
        return Outcome.of((*held, *plan.notes))
    counts = plan.counts
    return Outcome(
        Reason.SYNCED,
        f"{counts.parameters} parameters are in {len(plan.contents)} targets{_unused(counts.skipped)}",
        plan.notes,
    )


def _unused(skipped: int) -> str:
    return f"; {skipped} more are of types that no target takes" if skipped else ""


def success(
    previous: SyncStatus,
    plan: Plan,
    written: Sequence[Written],
    outcome: Outcome,
    at: Circumstances,
    *,
    dropped: bool,
) -> SyncStatus:
    """The status after a plan was carried out.

    :param dropped: whether a target that the spec no longer names was deleted.
    """
    changed = dropped or any(each.changed for each in written)
    targets = tuple(sorted((_target(each) for each in written), key=lambda each: (each.kind, each.name)))
    return previous.model_copy(
        update={
            "observed_generation": at.generation,
            "conditions": conditions(previous, outcome, at),
            "last_applied_time": timestamp(at.now) if changed else previous.last_applied_time or timestamp(at.now),
            "revision": revision(targets),
            "parameters": plan.counts.parameters,
            "secure": plan.counts.secure,
            "skipped": plan.counts.skipped,
            "overlaid": plan.counts.overlaid,
            "guard": guard.window(previous.guard, at.now, plan.counts.parameters, _removed(plan, written)),
            "targets": targets,
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
    made = {(each.kind, each.name): each for each in (*previous.targets, *map(_target, written))}
    return previous.model_copy(
        update={
            "observed_generation": at.generation,
            "conditions": conditions(previous, outcome, at),
            "last_applied_time": timestamp(at.now) if changed else previous.last_applied_time,
            "guard": _window(previous, plan, written, at) if plan is not None and changed else previous.guard,
            "targets": tuple(made[key] for key in sorted(made)),
            "problems": _problems(outcome.problems),
        }
    )


def _removed(plan: Plan, written: Sequence[Written]) -> int:
    """How many parameters the written targets lost and no target gained."""
    changed = {each.content.ref for each in written if each.changed}
    gained = {a.parameter for a in plan.actions if a.kind in (ActionKind.ADD, ActionKind.CHANGE)}
    return len(
        {
            action.parameter or action.key
            for action in plan.actions
            if action.kind is ActionKind.REMOVE and action.target in changed and action.parameter not in gained - {None}
        }
    )


def _window(previous: SyncStatus, plan: Plan, written: Sequence[Written], at: Circumstances) -> GuardWindow:
    removed = _removed(plan, written)
    return guard.window(previous.guard, at.now, max((previous.parameters or 0) - removed, 0), removed)


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
