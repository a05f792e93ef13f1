"""What a person asks of a sync beside its spec, and what has become of it: an approval, a refresh, a pause.

An answer is None as long as the operator has not acted on what was asked.
"""

from dataclasses import dataclass

from paramsync.api.status import ConditionType, PlannedAction, SyncStatus
from paramsync.api.sync import ParameterSyncSpec

from .reasons import Reason
from .report import handled


@dataclass(frozen=True, slots=True)
class Held:
    """What the guard keeps back of a sync, as status tells it."""

    digest: str
    """Approves just this."""

    why: str
    """What Ready says of it."""

    actions: tuple[PlannedAction, ...]
    waiting: tuple[PlannedAction, ...]
    """What is not held itself, and is carried out with it."""

    omitted: int
    """How many actions status has no room for; an approval lets them pass as well."""

    @classmethod
    def of(cls, status: SyncStatus) -> "Held | None":
        """What is held; None if nothing is."""
        if status.plan is None or status.plan.digest is None:
            return None
        return cls(status.plan.digest, ready(status), status.plan.held, status.plan.others, status.plan.omitted)


@dataclass(frozen=True, slots=True)
class Answer:
    """What has become of what was asked."""

    is_good: bool
    """Whether it was done, and all is well now."""

    text: str


def ready(status: SyncStatus) -> str:
    """What the condition Ready says, in one line."""
    found = status.condition(ConditionType.READY)
    return "the operator has said nothing yet" if found is None else f"{found.reason}: {found.message}"


def is_ready(status: SyncStatus) -> bool:
    """Whether the sync is Ready."""
    found = status.condition(ConditionType.READY)
    return found is not None and found.status == "True"


def put_off(spec: ParameterSyncSpec | None, *, approval: bool) -> str | None:
    """Why what is asked for will not be done at present; None if nothing stands against it.

    :param approval: whether an approval is asked for, or a refresh.
    """
    if spec is None:
        return "the spec is not valid: nothing is read or written before it is mended"
    if spec.is_suspended:
        return "spec.suspend is true: it waits for the resume"
    if approval and spec.only_plans:
        return "spec.mode is Plan: it waits until the mode is Sync"
    return None


def approved(status: SyncStatus, digest: str) -> Answer | None:
    """What has become of an approval."""
    if status.last_handled_approval == digest:
        return Answer(is_ready(status), f"what was approved is done; {ready(status)}")
    held = Held.of(status)
    if held is None:
        return Answer(is_ready(status), f"nothing is held any more; {ready(status)}")
    if held.digest != digest:
        text = f"what is held has changed meanwhile, and so has its digest ({held.digest}): nothing of it was done"
        return Answer(is_good=False, text=f"{text}. Look at it, and approve that")
    return None


def refreshed(status: SyncStatus, asked: str) -> Answer | None:
    """What has become of a refresh.

    :param asked: the value of the annotation that asked for it.
    """
    if status.last_handled_refresh != handled(asked):
        return None
    return Answer(is_ready(status), ready(status))


def suspended(status: SyncStatus, generation: int) -> Answer | None:
    """What has become of a pause.

    :param generation: of the sync that asks for it.
    """
    if status.observed_generation < generation:
        return None
    return Answer(_reason(status) == Reason.SUSPENDED, ready(status))


def resumed(status: SyncStatus, generation: int) -> Answer | None:
    """What has become of the end of a pause.

    :param generation: of the sync that asks for it.
    """
    if status.observed_generation < generation or _reason(status) == Reason.SUSPENDED:
        return None
    return Answer(is_ready(status), ready(status))


def _reason(status: SyncStatus) -> str | None:
    found = status.condition(ConditionType.READY)
    return None if found is None else found.reason
