"""A fight over a target: what is put back does not stay, for someone else changes it again.

The third repair of a target within ten minutes, or within three of the sync's own deadlines, is a fight. From then on
the target is repaired every ten minutes at most, until it has been left alone for as long.
"""

from dataclasses import dataclass
from typing import Final

from .reasons import Problem, Reason
from .repairs import Repair, named
from .routing import TargetRef

REPAIRS: Final = 3
WINDOW: Final = 600.0
DEADLINES: Final = 3
PAUSE: Final = 600.0
"""Seconds between two repairs of a target that is fought over."""


@dataclass(frozen=True, slots=True)
class Repairs:
    """What is remembered of the repairs of one target. Times in seconds of a clock that only goes forward."""

    times: tuple[float, ...]
    """The latest ones, oldest first."""

    revision: str
    """What the target was to hold at the latest."""

    by: tuple[str, ...] = ()
    """The field managers that changed it, when any was last known."""

    is_fight: bool = False


def window(deadline: float) -> float:
    """Seconds within which repairs count together, and after which a target that was left alone is forgotten."""
    return max(WINDOW, DEADLINES * deadline)


def after_write(
    known: Repairs | None, repair: Repair | None, revision: str, now: float, deadline: float
) -> Repairs | None:
    """What is to be remembered of a target that was written.

    In a fight every write counts, for one that brings new content repairs the target too.

    :param repair: what the write put back.
    :param deadline: the sync's own deadline, in seconds.
    """
    if repair is None and (known is None or not known.is_fight):
        return known
    earlier = known or Repairs((), revision)
    times = (*earlier.times, now)[-REPAIRS:]
    return Repairs(
        times,
        revision,
        repair.by if repair is not None and repair.by else earlier.by,
        earlier.is_fight or (len(times) == REPAIRS and now - times[0] <= window(deadline)),
    )


def after_look(known: Repairs | None, now: float, deadline: float) -> Repairs | None:
    """What is to be remembered of a target that was found intact."""
    if known is None or now - known.times[-1] >= window(deadline):
        return None
    return known


def must_wait(known: Repairs | None, revision: str, now: float) -> bool:
    """Whether a target that is not intact is left as it is for now. Never if it is to hold something new."""
    return known is not None and known.is_fight and known.revision == revision and now - known.times[-1] < PAUSE


def problem(ref: TargetRef, known: Repairs) -> Problem | None:
    """What there is to say of a target, if it is fought over."""
    if not known.is_fight:
        return None
    who = named(known.by) or "someone, or an admission webhook,"
    return Problem(
        Reason.CONTENDED,
        str(ref),
        f"{ref} does not stay as it is written: {who} changes it again. It is put back every {PAUSE / 60:.0f} minutes"
        f" at most, and at once when its parameters change. Stop that, or exempt {ref} from it, or name another target"
        " in spec.targets",
    )
