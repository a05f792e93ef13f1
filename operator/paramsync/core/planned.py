"""A plan as status shows it: what would happen to each key, without any value."""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Final

from paramsync.api.status import LONGEST_REASON, MOST_ACTIONS, PlannedAction, PlanStatus

from .actions import Action, ActionKind
from .clock import timestamp
from .outcome import shortened
from .plan import Plan

MOST_BYTES: Final = 256 * 1024
"""What the actions in a status may take together: an object in etcd has 1.5 MiB."""


def planned_action(action: Action, *, held: bool) -> PlannedAction:
    """One action as status shows it."""
    modified = None
    if action.modified is not None:
        modified = timestamp(datetime.fromtimestamp(action.modified / 1000, UTC))
    return PlannedAction(
        action=action.kind,
        kind=action.target.kind,
        name=action.target.name,
        key=action.key,
        parameter=action.parameter,
        version=action.version,
        modified=modified,
        reason=shortened(action.reason, LONGEST_REASON),
        held=held or None,
    )


def told_actions(plan: Plan) -> tuple[Action, ...]:
    """All that would happen, what is held as it would be if it were not; to labels and annotations at the end."""
    held = {(action.target, action.key) for action in plan.held}
    rest = (action for action in plan.actions if (action.target, action.key) not in held)
    return (*plan.held, *rest, *plan.metadata)


def waiting_actions(plan: Plan) -> tuple[Action, ...]:
    """What is not held itself, and is not done either as long as something is that stops everything."""
    if not any(hold.stops_everything for hold in plan.holds):
        return ()
    # What is kept until it has settled stays as it is after an approval, too.
    return tuple(
        action for action in told_actions(plan) if action not in plan.held and action.kind is not ActionKind.KEEP
    )


def plan_status(actions: Iterable[Action], held: Collection[Action], digest: str | None) -> PlanStatus:
    """The plan as status shows it: what is held first, and as much of the rest as fits."""
    ordered = sorted(
        actions, key=lambda each: (each not in held, each.target, each.key, each.kind, each.parameter or "")
    )
    shown: list[PlannedAction] = []
    room = MOST_BYTES
    for action in ordered[:MOST_ACTIONS]:
        made = planned_action(action, held=action in held)
        room -= len(made.model_dump_json(by_alias=True, exclude_defaults=True))
        if room < 0:
            break
        shown.append(made)
    return PlanStatus(digest=digest, actions=tuple(shown), omitted=len(ordered) - len(shown))
