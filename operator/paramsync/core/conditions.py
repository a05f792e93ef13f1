"""How one condition follows from the one before: its time moves only when its status does."""

from datetime import datetime
from typing import Literal

from paramsync.api.status import Condition, ConditionType

from .clock import timestamp
from .reasons import Reason

Truth = Literal["True", "False", "Unknown"]


def condition(
    before: Condition | None,
    kind: ConditionType,
    status: Truth,
    reason: Reason,
    message: str,
    *,
    generation: int,
    now: datetime,
) -> Condition:
    """A condition that follows one.

    :param before: the condition of the same type, if there was one.
    :param message: of at most ``LONGEST_MESSAGE`` characters.
    :param generation: of the object that it speaks of.
    """
    unchanged = before is not None and before.status == status
    return Condition(
        type=kind,
        status=status,
        reason=reason,
        message=message,
        last_transition_time=before.last_transition_time if before is not None and unchanged else timestamp(now),
        observed_generation=generation,
    )
