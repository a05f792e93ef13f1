"""How a reconcile ended, and what status says of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from paramsync.api.status import LONGEST_MESSAGE, Condition, ConditionType, SyncStatus

from . import schedule
from .conditions import Truth, condition
from .reasons import Nature, Problem, Reason, summary

GRACE: Final = timedelta(minutes=10)
"""How long a new sync may wait for Terraform and IAM before a person is called."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a reconcile ended: a reason of the closed list, a message for people, and the single problems."""

    reason: Reason
    message: str
    problems: tuple[Problem, ...] = ()
    retry_in: float | None = None
    """Seconds that must pass before the next try, if someone asked for that."""

    is_certain: bool = False
    """Whether a target is known not to hold what it should: that is told at once, however fresh the data is."""

    @classmethod
    def of(cls, problems: tuple[Problem, ...]) -> "Outcome":
        """The outcome of a reconcile that problems stopped: the first one names it."""
        return cls(problems[0].reason, summary(problems), problems)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the conditions depend on beside the outcome and the previous status."""

    generation: int
    created: datetime
    now: datetime
    interval: timedelta
    data_age: timedelta
    """Time since the data was last known good: for failures of AWS, since the last complete listing began;
    for others, since the sync was last brought to what its listing said."""

    deadline: bool = False
    """Whether the age is counted in the sync's own deadlines, which are what the cluster is looked at by."""

    @property
    def patience(self) -> timedelta:
        """How old the data may get before a passing failure shows."""
        seconds = self.interval.total_seconds()
        return 2 * timedelta(seconds=schedule.own_deadline(seconds) if self.deadline else seconds)


def is_in_grace(previous: SyncStatus, outcome: Outcome, at: Circumstances) -> bool:
    """Whether a sync that never succeeded still waits for tools that run beside us."""
    never_succeeded = previous.revision is None
    return outcome.reason.nature is Nature.LAGGING and never_succeeded and at.now - at.created < GRACE


def is_still_fresh(previous: SyncStatus, outcome: Outcome, at: Circumstances) -> bool:
    """Whether a passing failure changes nothing that status says, for the data is at most two intervals old.

    A sync that is Ready stays so; one that waits for a person goes on saying what for.
    """
    ready = previous.condition(ConditionType.READY)
    is_ready = ready is not None and ready.status == "True"
    return (
        outcome.reason.nature is Nature.WAITING
        and not outcome.is_certain
        and (is_ready or previous.condition(ConditionType.STALLED) is not None)
        and previous.observed_generation == at.generation
        and at.data_age <= at.patience
    )


def conditions(previous: SyncStatus, outcome: Outcome, at: Circumstances) -> tuple[Condition, ...]:
    """The conditions that follow. Stalled and Reconciling are present only while they are true."""
    if is_still_fresh(previous, outcome, at):
        return previous.conditions
    nature = outcome.reason.nature
    if outcome.reason is Reason.SUSPENDED:
        before = previous.condition(ConditionType.READY)
        return (_condition(previous, ConditionType.READY, before.status if before else "Unknown", outcome, at),)
    if nature is Nature.GOOD:
        return (_condition(previous, ConditionType.READY, "True", outcome, at),)
    waits = nature is Nature.WAITING or is_in_grace(previous, outcome, at)
    beside = ConditionType.RECONCILING if waits else ConditionType.STALLED
    return (
        _condition(previous, ConditionType.READY, "False", outcome, at),
        _condition(previous, beside, "True", outcome, at),
    )


def _condition(
    previous: SyncStatus, kind: ConditionType, status: Truth, outcome: Outcome, at: Circumstances
) -> Condition:
    before, message = previous.condition(kind), shortened(outcome.message, LONGEST_MESSAGE)
    return condition(before, kind, status, outcome.reason, message, generation=at.generation, now=at.now)


def shortened(text: str, most: int) -> str:
    """A text of at most so many characters, with an ellipsis where it was cut."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def look_again_in(previous: SyncStatus, outcome: Outcome, at: Circumstances, failures: int, chance: float) -> float:
    """Seconds until a sync is to be looked at again.

    :param failures: how many reconciles in a row ended with a reason that waits for another try.
    :param chance: from 0 to 1.
    """
    if is_in_grace(previous, outcome, at):
        return schedule.GRACE_RETRY
    deadline = schedule.own_deadline(at.interval.total_seconds())
    if outcome.reason is Reason.TARGET_CONFLICT:
        return schedule.SHORTEST_DEADLINE
    if outcome.reason.nature is not Nature.WAITING:
        return deadline
    if outcome.reason in (Reason.SOURCE_UNAVAILABLE, Reason.THROTTLED):
        # The feed retries and wakes the sync; the sync itself must only notice that its data grows stale.
        until_stale = (at.patience - at.data_age).total_seconds()
        return min(deadline, until_stale + 1) if until_stale > 0 else deadline
    return max(schedule.backoff(failures, chance, longest=schedule.SHORTEST_DEADLINE), outcome.retry_in or 0)
