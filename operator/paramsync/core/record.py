"""What is remembered of a sync beside its targets: what status recorded, and what a person has approved."""

from dataclasses import dataclass, field
from datetime import datetime

from paramsync.api.status import GuardWindow, SyncStatus
from paramsync.api.sync import TargetKind

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

    @classmethod
    def of(cls, status: SyncStatus, approve: str | None, now: datetime) -> "Record":
        """Read it from status.

        :param approve: the value of the annotation ``paramsync.dev/approve``.
        """
        return cls(
            frozenset(TargetRef(TargetKind(each.kind), each.name) for each in status.targets),
            remembered(status.guard, now, is_held=status.is_held),
            Approval(approve, status.last_handled_approval, status.plan),
        )
