"""Whether a person has approved what is held."""

from collections.abc import Sequence
from dataclasses import dataclass

from paramsync.api.status import PlannedAction, PlanStatus
from paramsync.api.sync import TargetKind
from paramsync.core.planned import planned_action
from paramsync.core.routing import TargetRef

from .hold import Hold, digest, offending, offending_parts


@dataclass(frozen=True, slots=True)
class Approval:
    """What is known of approvals."""

    asked: str | None = None
    """The digest in the annotation ``paramsync.dev/approve``."""

    last: str | None = None
    """The last digest that was acted on."""

    told: PlanStatus | None = None
    """What status says is held."""

    @property
    def was_held(self) -> frozenset[tuple[TargetRef, str]]:
        """The keys whose loss was held when status was written."""
        held = self.told.held if self.told is not None else ()
        return frozenset((TargetRef(TargetKind(each.kind), each.name), each.key) for each in held)

    def covers(self, uid: str, holds: Sequence[Hold]) -> bool:
        """Whether all that is held has been approved.

        That is so as well where less is held than status says, by the same rules' actions: an apply that was approved
        may have ended half-way, and what remains of it needs no second approval.
        """
        if self.asked is None or not holds:
            return False
        if self.asked == digest(uid, self.last, holds):
            return True
        if self.told is None or self.told.digest != self.asked or self.told.omitted_held or any(h.facts for h in holds):
            return False
        held = offending(holds) | offending_parts(holds)
        told = {_stripped(each) for each in self.told.held}
        return all(_stripped(planned_action(action, held=True)) in told for action in held)


def _stripped(action: PlannedAction) -> PlannedAction:
    """Without the words, which are not what is approved."""
    return action.model_copy(update={"reason": ""})
