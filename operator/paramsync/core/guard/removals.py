"""Removals beyond ``spec.guard.maxRemovals`` within an hour, and the removal of everything."""

from paramsync.core.reasons import Reason

from .case import Case
from .hold import SHOWN, Hold


def too_many_removals(case: Case) -> tuple[Hold, ...]:
    """Hold all removals of a plan that would be more than allowed, counted against the peak of the last hour."""
    losses = case.losses
    if not losses:
        return ()
    before = case.names
    is_everything = losses.keys() == before
    peak = max(len(before), case.window.peak if case.window is not None else 0)
    removed = len(losses) + (case.window.removed if case.window is not None else 0)
    most = allowed(case.most, peak)
    if not is_everything and removed <= most:
        return ()
    names = sorted(losses)
    listed = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
    if is_everything:
        what = f"All {len(names)} parameters would be removed ({listed})"
    else:
        what = (
            f"{removed} of {peak} parameters would be removed within an hour, and {most} may be"
            f" (spec.guard.maxRemovals): {listed}"
        )
    by_name = (sorted(losses[name], key=lambda a: (a.target, a.key)) for name in names)
    # A key that is made of several parameters may lose several names.
    actions = tuple(dict.fromkeys(action for found in by_name for action in found))
    if case.spec_changed:
        meanwhile = "the sync's sources changed as well, so nothing is written"
    else:
        meanwhile = "their keys are kept with their last values"
    return (
        Hold(
            Reason.REMOVAL_BLOCKED,
            str(actions[0].target),
            f"{what}; {meanwhile}. Restore the parameters",
            actions,
            stops_everything=case.spec_changed,
            parts=case.parts(actions),
            facts=case.facts(actions),
        ),
    )


def allowed(most: int | str, peak: int) -> int:
    """How many parameters may be removed within an hour; at least 1.

    :param most: a number, or a share of the peak such as ``20%``, rounded down.
    """
    number = peak * int(most.removesuffix("%")) // 100 if isinstance(most, str) else most
    return max(number, 1)
