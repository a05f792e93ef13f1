"""How long to wait after failures that follow each other."""

from collections.abc import Callable
from typing import Final

FIRST: Final = 10.0
LONGEST: Final = 300.0
"""Seconds of the first wait, and of the longest; each is twice the one before."""

QUIET: Final = 600.0
"""Seconds after a wait in which nothing failed, so that the next failure counts as a first one."""


class BackOff:
    """A wait that doubles. Without I/O and locks: what two threads do to it at once counts once or twice."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Begin without a wait.

        :param clock: seconds that only grow.
        """
        self._clock: Final = clock
        self._step = 0.0
        self._until = 0.0

    @property
    def waits(self) -> bool:
        """Whether it is too early for another try."""
        return self._step > 0 and self._clock() < self._until

    def failed(self) -> None:
        """Begin the next wait."""
        if self._clock() - self._until > QUIET:
            self._step = 0.0
        self._step = min(max(2 * self._step, FIRST), LONGEST)
        self._until = self._clock() + self._step

    def succeeded(self) -> None:
        """Forget all failures."""
        self._step = 0.0
