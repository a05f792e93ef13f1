"""What the guard keeps back. A chain of small rules: each looks at a draft and returns a hold, or lets it pass."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from paramsync.api.status import GuardWindow

from .actions import Action, ActionKind, Draft
from .clock import timestamp, when
from .reasons import Reason

WINDOW: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Hold:
    """Actions that are kept back, and why."""

    reason: Reason
    message: str
    actions: tuple[Action, ...]


Rule = Callable[[Draft], Hold | None]


def never_emptied(draft: Draft) -> Hold | None:
    """A target that has keys is never left without any."""
    removals = tuple(action for action in draft.actions if action.kind is ActionKind.REMOVE)
    gains = any(action.kind is ActionKind.ADD for action in draft.actions)
    if not removals or gains or len(removals) < len(draft.before.entries):
        return None
    return Hold(
        Reason.REMOVAL_BLOCKED,
        f"Nothing would remain in {draft.ref}: all {len(removals)} keys are kept with their last values."
        f" Restore the parameters; or delete the {draft.ref.kind} to accept that they are gone",
        removals,
    )


RULES: Final[tuple[Rule, ...]] = (never_emptied,)


def holds(drafts: Iterable[Draft]) -> tuple[Hold, ...]:
    """What the rules keep back; for each target the first rule that holds wins."""
    found = (next(filter(None, (rule(draft) for rule in RULES)), None) for draft in drafts)
    return tuple(hold for hold in found if hold is not None)


def window(previous: GuardWindow | None, now: datetime, parameters: int, removed: int) -> GuardWindow:
    """The guard's memory after an apply: the peak of the last hour and what was removed within it.

    :param parameters: the number of parameters that the targets hold now.
    :param removed: the number of parameters that this apply removed.
    """
    if previous is not None and removed == 0 and parameters <= previous.peak:
        # No news: a window that only ran out would be a status write on an unchanged pass.
        return previous
    if previous is None or now - when(previous.since) >= WINDOW:
        return GuardWindow(since=timestamp(now), peak=parameters + removed, removed=removed)
    return GuardWindow(
        since=previous.since,
        peak=max(previous.peak, parameters + removed),
        removed=previous.removed + removed,
    )
