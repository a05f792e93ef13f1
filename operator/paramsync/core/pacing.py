"""How fast one account's API may be asked. Times are seconds of a clock that only goes forward.

A bucket that saves up tokens lets twice its rate through in its first second, so there is none: a window over the
last second holds what was really sent, and requests are spaced. Throttling halves the rate; it comes back slowly, for
a neighbour that takes half of the quota stays there.
"""

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Final

LEAST_SHARE: Final = 0.05
"""Of the ceiling, which the rate does not fall below."""

RECOVERY: Final = 0.025
"""Of the ceiling, which the rate gains each second."""

HALVING_PAUSE: Final = 1.0
"""Seconds within which several throttled answers are one."""

MEMORY: Final = 60.0
"""Seconds over which the rate is averaged for planning."""

SPARE: Final = 1.05
"""By how much requests are further apart than the rate asks, for neither threads nor networks run like clockwork."""

FULL: Final = 0.9
"""Of the average rate, which planned requests may take; the rest is for changes and retries."""


ON_THE_WAY: Final = 0.5
"""Seconds that a request may take from its thread to AWS, at most: one that hangs longer does not hold up others."""


@dataclass(slots=True)
class Ticket:
    """The right to send one request."""

    sent_at: float | None = None
    """When it was sent, as the thread that sent it says. None while it has not been."""

    answered_at: float | None = None
    """When it was answered."""

    def used(self, now: float) -> None:
        """It was answered, or will never be sent."""
        if self.sent_at is None:
            self.sent_at = now
        self.answered_at = now

    def arrived_by(self, now: float) -> float:
        """The latest moment at which AWS may have counted it."""
        if self.sent_at is None:
            return now
        return min(now if self.answered_at is None else self.answered_at, self.sent_at + ON_THE_WAY)


@dataclass(slots=True)
class Pace:
    """The pace of requests to one account and Region."""

    ceiling: int
    """Requests a second, at most; 1 or more."""

    is_even: bool = True
    """Whether requests are spaced within a second. Who reads once may have the requests of a second as fast as they
    are answered; after a throttled one they are spaced as well."""

    _rate: float = 0.0
    _average: float = 0.0
    _at: float = 0.0
    _halved_at: float = -math.inf
    _granted_at: float = -math.inf
    _window: deque[Ticket] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self._rate = self._average = self.ceiling

    def rate(self, now: float) -> float:
        """Requests a second that are sent at present."""
        passed = max(now - self._at, 0.0)
        if passed:
            gain = RECOVERY * self.ceiling
            rising = min((self.ceiling - self._rate) / gain, passed)
            reached = self._rate + gain * rising
            mean = ((self._rate + reached) / 2 * rising + reached * (passed - rising)) / passed
            self._rate = reached
            self._average += (mean - self._average) * (1 - math.exp(-passed / MEMORY))
            self._at = now
        return self._rate

    def stretch(self, now: float, demand: float) -> float:
        """By which factor intervals must be longer for so many requests a second to be served; at least 1."""
        self.rate(now)
        return max(demand / (self._average * FULL), 1.0)

    def next_at(self, now: float) -> float:
        """When the next request may be sent; at most ``now`` if it may be sent at once."""
        rate = self.rate(now)
        spaced = self._granted_at + SPARE / rate if self.is_even or rate < self.ceiling else now
        if len(self._window) < self.ceiling:
            return spaced
        # One that was granted and still sits in its thread: the second it counts in has not begun.
        return max(spaced, self._window[0].arrived_by(now) + 1.0)

    def grant(self, now: float) -> Ticket:
        """Let one request be sent."""
        self._granted_at = now
        self._window.append(Ticket())
        while len(self._window) > self.ceiling:
            self._window.popleft()
        return self._window[-1]

    def throttled(self, now: float) -> None:
        """Take in that AWS has throttled a request."""
        rate = self.rate(now)
        if now - self._halved_at >= HALVING_PAUSE:
            self._rate = max(rate / 2, LEAST_SHARE * self.ceiling)
            self._halved_at = now
