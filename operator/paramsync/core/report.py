"""The status that follows from a reconcile: what is true now, and what stays of what was said before."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from paramsync.api import status as api
from paramsync.api.status import SyncStatus, TargetStatus
from paramsync.api.sync import ParameterSyncSpec

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
        f"{counts.parameters} parameters are in {len(plan.contents)} targets",
        plan.notes,
    )


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
    removed = len({a.parameter or a.key for a in plan.actions if a.kind is ActionKind.REMOVE})
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
            "guard": guard.window(previous.guard, at.now, plan.counts.parameters, removed),
            "targets": targets,
            "problems": _problems(outcome.problems),
        }
    )


def failure(previous: SyncStatus, outcome: Outcome, at: Circumstances, written: Sequence[Written] = ()) -> SyncStatus:
    """The status after a reconcile that did not carry out its plan: what was applied before still stands.

    :param written: the targets that were written before it failed.
    """
    if is_still_fresh(previous, outcome, at):
        return previous
    made = {(each.kind, each.name): each for each in (*previous.targets, *map(_target, written))}
    return previous.model_copy(
        update={
            "observed_generation": at.generation,
            "conditions": conditions(previous, outcome, at),
            "targets": tuple(made[key] for key in sorted(made)),
            "problems": _problems(outcome.problems),
        }
    )


def described(status: SyncStatus, spec: ParameterSyncSpec | None, refresh: str | None) -> SyncStatus:
    """A status with the columns that describe the spec, and the refresh that was handled."""
    update: dict[str, object] = {}
    if spec is not None:
        update["sources"] = shortened(", ".join(source.path for source in spec.sources), COLUMN)
        update["store"] = shortened(spec.store_name, COLUMN)
    if refresh is not None:
        update["last_handled_refresh"] = handled(refresh)
    return status.model_copy(update=update)


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
