"""Whether AWS throttles again and again. One throttled answer is no state: the pace has made up for it soon after."""

from dataclasses import dataclass
from typing import Final

SUSTAINED: Final = 30.0
"""Seconds from the first to the latest throttled answer of a row, from which on it is told."""

QUIET: Final = 300.0
"""Seconds without a throttled answer, after which the row is over: what is told changes every five minutes at most."""


@dataclass(slots=True)
class Throttling:
    """A row of throttled answers. Times are seconds of a clock that only goes forward."""

    _began: float | None = None
    _latest: float = 0.0

    def throttled(self, now: float) -> None:
        """Take in that AWS has throttled a request."""
        if self._began is None or now - self._latest > QUIET:
            self._began = now
        self._latest = now

    def lasts(self, now: float) -> float | None:
        """For how many seconds AWS has throttled again and again; None if it does not."""
        if self._began is None or self._latest - self._began < SUSTAINED or now - self._latest > QUIET:
            return None
        return now - self._began
