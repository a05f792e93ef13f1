"""Whether data gets older than its owner asked for, although nothing fails."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from .outcome import Outcome
from .reasons import Problem, Reason

PATIENCE: Final = 2
"""Intervals that data may be old."""

TELL, TELL_STILL = 1.2, 1.05
"""By which factor intervals must be longer to be told, and to go on being told: no flapping in between."""


@dataclass(frozen=True, slots=True)
class Lateness:
    """How late the data of a sync is, and gets."""

    interval: timedelta
    age: timedelta
    """Since the oldest of its latest complete listings began."""

    stretch: float = 1.0
    """By which factor the interval is longer than asked for, because the API budget cannot serve all."""

    lasts: timedelta = timedelta(0)
    """How long a listing takes, with the time that its requests wait."""

    place: str = ""
    """The account and Region whose budget that is, in words."""

    @property
    def oldest(self) -> timedelta:
        """How old the data gets before it is replaced."""
        return max(self.interval * self.stretch, self.lasts) + self.lasts


def told(outcome: Outcome, late: Lateness, *, was_told: bool) -> Outcome:
    """What is said of a success whose data is late.

    :param was_told: whether status says already that intervals are stretched.
    """
    if outcome.reason is not Reason.SYNCED:
        return outcome
    if late.oldest > PATIENCE * late.interval:
        return Outcome(
            Reason.THROTTLED,
            f"The API budget of {late.place} cannot read all paths in time: this data gets older than two of its"
            " intervals. Choose longer intervals or fewer paths, or raise the budget in the operator's settings",
        )
    if late.age > PATIENCE * late.interval:
        return Outcome(Reason.SOURCE_UNAVAILABLE, "No listing has been completed for two intervals; one is under way")
    if late.stretch < (TELL_STILL if was_told else TELL):
        return outcome
    note = Problem(
        Reason.INTERVAL_STRETCHED,
        late.place,
        f"The API budget of {late.place} cannot serve every interval: all are longer than asked for. Choose longer"
        " intervals or fewer paths, or raise the budget in the operator's settings",
    )
    return replace(outcome, problems=(*outcome.problems, note))
