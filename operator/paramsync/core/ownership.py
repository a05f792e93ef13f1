"""Whose an object is. A foreign one is never touched."""

from paramsync.api.base import GROUP

from .objects import MANAGED_BY, MANAGED_BY_LABEL, OPAQUE, SYNC_ANNOTATION, Live, Owner
from .reasons import Problem, Reason


def is_ours(live: Live, owner: Owner) -> bool:
    """Whether a target is this sync's: our uid as controller; or our label and annotation and no controller.

    The second case is what ``kubectl delete --cascade=orphan`` leaves behind.
    """
    if live.controller is not None:
        # A reference of another kind with our uid is somebody's forgery: the garbage collector would not know us.
        return live.controller.uid == owner.uid and live.controller.kind == "ParameterSync"
    return live.labels.get(MANAGED_BY_LABEL) == MANAGED_BY and live.annotations.get(SYNC_ANNOTATION) == owner.name


def conflict(live: Live, owner: Owner) -> Problem | None:
    """Why a target cannot be written now, if it cannot."""
    if live.deleting:
        return Problem(Reason.PENDING, str(live.ref), f"{live.ref} is being deleted; it is made anew once it is gone")
    if is_ours(live, owner):
        return _unwritable(live)
    if live.controller is None:
        return _foreign(live, "it was made by someone else")
    controller = live.controller
    is_sync = controller.api_version.startswith(f"{GROUP}/") and controller.kind == "ParameterSync"
    if is_sync and controller.name == owner.name:
        # Its sync was deleted and re-created; the garbage collector takes the old target at any moment.
        return Problem(
            Reason.PENDING,
            str(live.ref),
            f"{live.ref} belongs to an earlier {owner.name} and is about to be collected",
        )
    return _foreign(live, f"{controller.kind} {controller.name} controls it")


def _unwritable(live: Live) -> Problem | None:
    if live.immutable:
        why = "is immutable and cannot be updated"
    elif live.type not in (None, OPAQUE):
        why = f"is of type {live.type}, which cannot be changed to {OPAQUE}"
    else:
        return None
    return Problem(Reason.TARGET_CONFLICT, str(live.ref), f"{live.ref} {why}; delete it, and it is made anew")


def _foreign(live: Live, why: str) -> Problem:
    return Problem(
        Reason.TARGET_CONFLICT,
        str(live.ref),
        f"{live.ref} exists and is not this sync's: {why}; nothing was written anywhere."
        " Delete or rename the object, or name another one in spec.targets",
    )
