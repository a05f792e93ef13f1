"""Decrypting ten at a time, and finding those that cannot be.

One SecureString that cannot be decrypted fails a whole call of GetParameters, and AWS does not say which it is:
the call is halved until it is alone. Where three are bad and none is good the key itself is gone, and the
search ends, for every further call would tell the same. What was not tried then goes first the next time.
"""

import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from .parameters import Stamp
from .reasons import Reason
from .values import Sealed, Value

BATCH: Final = 10
"""The most names that GetParameters takes (AWS API reference, ``Names``)."""

ENOUGH_BAD: Final = 3
FIRST_RETRY: Final = 300.0
LONGEST_RETRY: Final = 3600.0
"""Seconds for which a stamp that cannot be decrypted is not tried again."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What an answer to GetParameters holds of the stamps that were asked for."""

    values: Mapping[Stamp, Value]
    moved: frozenset[Stamp] = frozenset()
    """Stamps that are not there as they were listed: they go back to the list."""


@dataclass(slots=True)
class Search:
    """The decryption of some stamps: says what to ask next and takes in the answers."""

    values: dict[Stamp, Value] = field(default_factory=dict)
    bad: dict[Stamp, Sealed] = field(default_factory=dict)
    moved: set[Stamp] = field(default_factory=set)
    untried: dict[Stamp, Sealed] = field(default_factory=dict)
    """What was not asked for alone, because the search ended before."""

    _waiting: deque[Sequence[Stamp]] = field(default_factory=deque)
    _asked: Sequence[Stamp] = ()

    @classmethod
    def of(cls, stamps: Iterable[Stamp]) -> "Search":
        """The search for the values of stamps, in this order."""
        ordered = list(stamps)
        batches = (ordered[start : start + BATCH] for start in range(0, len(ordered), BATCH))
        return cls(_waiting=deque(batches))

    def ask(self) -> Sequence[Stamp] | None:
        """The stamps to ask for next; None once nothing is left."""
        self._asked = self._waiting.popleft() if self._waiting else ()
        return self._asked or None

    def opened(self, answer: Opened) -> None:
        """Take in an answer."""
        self.values.update(answer.values)
        self.moved |= answer.moved

    def failed(self, reason: Reason, why: str) -> None:
        """Take in that the stamps could not be decrypted together."""
        asked = self._asked
        if len(asked) > 1:
            half = len(asked) // 2
            self._waiting.extendleft([asked[half:], asked[:half]])
            return
        self.bad[asked[0]] = Sealed(reason, f"Parameter {asked[0].name} cannot be decrypted: {why}")
        if len(self.bad) >= ENOUGH_BAD and not self.values:
            for stamp in (each for batch in self._waiting for each in batch):
                text = f"Parameter {stamp.name} was not decrypted, for others below its path cannot be: {why}"
                self.untried[stamp] = Sealed(reason, text)
            self._waiting.clear()


@dataclass(frozen=True, slots=True)
class Seal:
    """What is remembered of a stamp that cannot be decrypted."""

    stamp: Stamp
    retry_at: float
    pause: float

    @classmethod
    def after(cls, stamp: Stamp, before: "Seal | None", now: float) -> "Seal":
        """The seal of a stamp that has failed now, and before perhaps: each time it is left alone for longer."""
        again = before is not None and before.stamp == stamp
        pause = min(max(before.pause * 2, FIRST_RETRY), LONGEST_RETRY) if before and again else FIRST_RETRY
        return cls(stamp, now + pause, pause)

    @classmethod
    def untried(cls, stamp: Stamp, now: float) -> "Seal":
        """The seal of a stamp that was not tried: it comes before all that were."""
        return cls(stamp, now + FIRST_RETRY, 0.0)

    def broken(self) -> "Seal":
        """The same, but to be tried again now."""
        return replace(self, retry_at=-math.inf)
