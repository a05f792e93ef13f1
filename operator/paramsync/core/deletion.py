"""What ties a target to the life of its sync (``spec.deletionPolicy``), and which targets are the sync's to let go."""

from paramsync.api.status import SyncStatus
from paramsync.api.sync import DeletionPolicy, Mode, TargetKind

from .objects import Live, Owner
from .ownership import is_controlled, is_ours
from .routing import TargetRef


def policy_of(spec: object) -> DeletionPolicy | None:
    """What a spec says of its targets' end, whether or not its other fields are valid; None if it cannot be told."""
    if not isinstance(spec, dict):
        return None
    stated = spec.get("deletionPolicy") or DeletionPolicy.DELETE
    return next((policy for policy in DeletionPolicy if policy == stated), None)


def writes(spec: object) -> bool:
    """Whether a spec lets anything be written, whether or not its other fields are valid: ``mode: Plan`` does not."""
    return isinstance(spec, dict) and spec.get("mode") != Mode.PLAN


def recorded(status: SyncStatus) -> dict[TargetRef, str]:
    """The targets that status recorded, with their uids."""
    return {TargetRef(TargetKind(each.kind), each.name): each.uid for each in status.targets}


def follows_policy(live: Live, owner: Owner) -> bool:
    """Whether the owner reference of a target is what the sync's deletion policy asks for.

    Under ``Retain`` there is none at all: one that does not control would let the target go with the sync too.
    """
    return owner.uid not in live.owners if owner.retains else is_controlled(live, owner)


def is_recorded(live: Live, owner: Owner, uid: str | None) -> bool:
    """Whether a target is the one that status recorded, so that it may be deleted, or tied to the sync.

    An object that only bears our marks and has another uid was made by someone else under the old name, from a copy
    or a backup. One that our reference controls goes with the sync whoever made it, which may have been this operator
    just before it was killed.

    :param uid: as status recorded it; None if it did not.
    """
    return is_ours(live, owner) and (live.uid == uid or is_controlled(live, owner))
