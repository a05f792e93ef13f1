"""What is remembered of a sync beside its targets: what status recorded, and what a person has approved."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from paramsync.api.status import GuardWindow, SyncStatus
from paramsync.api.sync import TargetKind

from .deletion import recorded
from .guard.approval import Approval
from .guard.window import remembered
from .routing import TargetRef


@dataclass(frozen=True, slots=True)
class Record:
    """What a plan goes by beside the spec, the parameters and the live targets."""

    targets: frozenset[TargetRef] = frozenset()
    """The targets that were written and are ours."""

    window: GuardWindow | None = None
    """What was removed within the last hour."""

    approval: Approval = field(default_factory=Approval)

    uids: Mapping[TargetRef, str] = field(default_factory=dict)
    """The uids of the targets."""

    revisions: Mapping[TargetRef, str] = field(default_factory=dict)
    """What each of the targets was to hold then."""

    is_held: bool = False
    """Whether status says that something is held."""

    @classmethod
    def of(cls, status: SyncStatus, approve: str | None, now: datetime) -> "Record":
        """Read it from status.

        :param approve: the value of the annotation ``paramsync.dev/approve``.
        """
        uids = recorded(status)
        return cls(
            frozenset(uids),
            remembered(status.guard, now, is_held=status.is_held),
            Approval(approve, status.last_handled_approval, status.plan),
            uids,
            {TargetRef(TargetKind(each.kind), each.name): each.revision for each in status.targets},
            status.is_held,
        )
