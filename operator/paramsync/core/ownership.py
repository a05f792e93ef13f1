"""Whose an object is: ours, given to us by its owner, or foreign. A foreign one is never touched."""

from paramsync.api.base import GROUP

from .objects import (
    ADOPT_ANNOTATION,
    MANAGED_BY,
    MANAGED_BY_LABEL,
    PROVENANCE_ANNOTATION,
    SYNC_ANNOTATION,
    Controller,
    Live,
    Owner,
)
from .reasons import Problem, Reason
from .trackers import Tracked, tracked, tracker_of


def is_ours(live: Live, owner: Owner) -> bool:
    """Whether a target is this sync's: our uid as controller; or our label and annotation and no controller.

    The second case is a target under ``Retain``, and what ``kubectl delete --cascade=orphan`` leaves behind.
    """
    if live.controller is not None:
        return is_controlled(live, owner)
    return live.labels.get(MANAGED_BY_LABEL) == MANAGED_BY and live.annotations.get(SYNC_ANNOTATION) == owner.name


def is_controlled(live: Live, owner: Owner) -> bool:
    """Whether the controller of a target is this sync."""
    # A reference of another kind with our uid is somebody's forgery: the garbage collector would not know us.
    return live.controller is not None and live.controller.uid == owner.uid and _is_sync(live.controller)


def is_given(live: Live, owner: Owner) -> bool:
    """Whether an object's owner gave it to this sync, and nothing else holds it: no controller, and no other tool."""
    is_free = live.controller is None and tracked(live) is None
    return is_free and not is_ours(live, owner) and _names(live, owner)


def is_adoption(live: Live, owner: Owner) -> bool:
    """Whether writing an object takes it over: it is given to us; or it was, and taking it over was interrupted."""
    return is_given(live, owner) or _is_half_taken(live, owner)


def _is_half_taken(live: Live, owner: Owner) -> bool:
    """Whether an object bears our marks, and nothing in it was written by us yet."""
    is_marked = live.controller is None and is_ours(live, owner) and PROVENANCE_ANNOTATION not in live.annotations
    return is_marked and live.data is not None and live.data.keys() <= live.foreign_keys


def conflict(live: Live, owner: Owner) -> Problem | None:
    """Why a target must not be written now, if it must not."""
    if live.deleting:
        return Problem(Reason.PENDING, str(live.ref), f"{live.ref} is being deleted; it is made anew once it is gone")
    if is_ours(live, owner) or is_given(live, owner):
        return None
    if live.controller is not None and _is_sync(live.controller) and live.controller.name == owner.name:
        # Its sync was deleted and re-created; the garbage collector takes the old target at any moment.
        return Problem(
            Reason.PENDING,
            str(live.ref),
            f"{live.ref} belongs to an earlier {owner.name} and is about to be collected",
        )
    return Problem(Reason.TARGET_CONFLICT, str(live.ref), _foreign(live, owner))


def _is_sync(controller: Controller) -> bool:
    return controller.api_version.startswith(f"{GROUP}/") and controller.kind == "ParameterSync"


def _names(live: Live, owner: Owner) -> bool:
    return live.annotations.get(ADOPT_ANNOTATION) == owner.name


def _foreign(live: Live, owner: Owner) -> str:
    whose, release = _whose(live, owner)
    give = f"annotate it with {ADOPT_ANNOTATION}={owner.name}"
    if _names(live, owner):
        what, remedy = f"{live.ref} is given to this sync, but {whose}", f"To go on, {release}"
    elif release is not None:
        what = f"{live.ref} exists and is not this sync's: {whose}"
        remedy = f"Name another one in spec.targets; or, to give it to this sync, {release}, and {give}"
    else:
        what = f"{live.ref} exists and is not this sync's: {whose}"
        remedy = (
            f"Delete or rename the object, or name another one in spec.targets; or, to give it to this sync, {give}"
        )
    return f"{what}; nothing was written anywhere. {remedy}"


def _whose(live: Live, owner: Owner) -> tuple[str, str | None]:
    """Who holds a foreign object, and what makes them let go of it; None if it can be given away as it is."""
    by_mark = tracked(live)
    unmark = f", then remove from it the {' and the '.join(by_mark.marks)}" if by_mark is not None else ""
    if live.controller is not None:
        by = _holder(live.controller)
        return f"{by.tool} controls it, and an object has one controller at most", f"{by.release}{unmark}"
    if by_mark is not None:
        return f"{by_mark.tool} tracks it and would write it as well", f"{by_mark.release}{unmark}"
    if live.labels.get(MANAGED_BY_LABEL) == MANAGED_BY and SYNC_ANNOTATION in live.annotations:
        return "another ParameterSync made it", None
    if live.annotations.get(SYNC_ANNOTATION) == owner.name:
        return f"it lacks the label {MANAGED_BY_LABEL}={MANAGED_BY}, which is to be put back if this sync made it", None
    if ADOPT_ANNOTATION in live.annotations:
        return "its owner gave it to another sync", None
    return "it was made by someone else", None


def _holder(controller: Controller) -> Tracked:
    if _is_sync(controller):
        return Tracked(f"ParameterSync {controller.name}", "delete that sync with --cascade=orphan")
    return tracker_of(controller)
