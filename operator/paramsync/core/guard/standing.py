"""What was held stays held until it is approved or mended, whatever else changes meanwhile."""

from paramsync.core.actions import LOSSES, Action
from paramsync.core.reasons import Reason

from .case import Case
from .hold import SHOWN, Hold


def still_held(case: Case) -> tuple[Hold, ...]:
    """Hold what status says is held. Otherwise the keys that came meanwhile would make a few removals out of all."""
    lost = frozenset[Action]().union(*case.losses.values())
    actions = tuple(
        action
        for draft in case.drafts
        for action in draft.actions
        if (action.target, action.key) in case.was_held and (action.kind in LOSSES or action in lost)
    )
    if not actions:
        return ()
    keys = ", ".join(sorted({f"{action.target}/{action.key}" for action in actions})[:SHOWN])
    more = f" and {len(actions) - SHOWN} more" if len(actions) > SHOWN else ""
    return (
        Hold(
            Reason.REMOVAL_BLOCKED,
            str(actions[0].target),
            f"The removal of {keys}{more} was held and has not been approved; the keys are kept with their last values."
            " Restore the parameters",
            actions,
            parts=case.parts(actions),
            facts=case.facts(actions),
        ),
    )
