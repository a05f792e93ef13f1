"""What became of a plan."""

from dataclasses import dataclass

from paramsync.core.plan import Plan
from paramsync.core.reasons import Problem
from paramsync.core.report import Written
from paramsync.core.routing import TargetRef
from paramsync.kube.errors import ApiError


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a plan."""

    plan: Plan
    written: tuple[Written, ...] = ()
    dropped: tuple[TargetRef, ...] = ()
    """Targets that the spec no longer names and that were deleted."""

    left: tuple[TargetRef, ...] = ()
    """Targets that the spec no longer names and that are somebody else's by now."""

    error: ApiError | None = None
    """What ended the apply before its end, if anything did."""

    contended: tuple[Problem, ...] = ()
    """What there is to say of targets that somebody else changes again and again."""

    only_planned: bool = False
    """Whether nothing was to be written."""

    held: bool = False
    """Whether nothing was done, for it would have changed something that is to wait."""

    @property
    def is_whole(self) -> bool:
        """Whether the targets hold all that was planned."""
        is_missing = self.only_planned and self.plan.changes
        return not (is_missing or self.error or self.plan.is_stopped or self.plan.pending or self.plan.holds)
