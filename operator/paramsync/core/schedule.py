"""When to look again. All times in seconds; chance is a parameter."""

from typing import Final

SHORTEST_DEADLINE: Final = 60.0
LONGEST_DEADLINE: Final = 600.0
FIRST_RETRY: Final = 1.0
LONGEST_RETRY: Final = 300.0
GRACE_RETRY: Final = 10.0


def own_deadline(interval: float) -> float:
    """How long a sync may go without a look at its targets: its interval, within one to ten minutes."""
    return min(max(interval, SHORTEST_DEADLINE), LONGEST_DEADLINE)


def backoff(failures: int, chance: float, *, longest: float = LONGEST_RETRY) -> float:
    """The pause after so many failures in a row: doubling, with up to a quarter taken off by chance.

    :param chance: from 0 to 1.
    """
    full = min(FIRST_RETRY * 2.0 ** min(max(failures - 1, 0), 30), longest)
    return full * (1 - chance / 4)


def jittered(interval: float, chance: float) -> float:
    """An interval shortened by up to a tenth, so that feeds of one interval spread and none is late.

    :param chance: from 0 to 1.
    """
    return interval * (1 - chance / 10)


def spread(interval: float, chance: float) -> float:
    """When, after a start, to look at a sync that was well before: all of them at once would be a burst.

    :param chance: from 0 to 1.
    """
    return min(interval, LONGEST_DEADLINE) * chance
