"""How many Events one sync may have: what flaps is told for a while, and then now and then."""

from dataclasses import dataclass, replace
from typing import Final

BURST: Final = 25
"""Events of one type that may follow each other at once (client-go tools/record, defaultSpamBurst)."""

PAUSE: Final = 300.0
"""Seconds after which there may be one more (client-go tools/record, defaultSpamQPS)."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a sync may still tell in Events of one type."""

    tokens: float
    as_of: float
    """When there were so many tokens; seconds of a clock that only goes forward."""

    omitted: int = 0
    """How many Events were left out since the last one that was told."""

    @classmethod
    def full(cls, now: float) -> "Allowance":
        """Of a sync that told nothing yet."""
        return cls(BURST, now)

    def asked(self, now: float) -> tuple["Allowance", bool]:
        """What is left after one more Event was asked for, and whether it may be told.

        Who tells it says with it how many were :attr:`omitted` before.
        """
        tokens = min(BURST, self.tokens + (now - self.as_of) / PAUSE)
        if tokens < 1:
            return replace(self, tokens=tokens, as_of=now, omitted=self.omitted + 1), False
        return Allowance(tokens - 1, now), True


def with_omitted(text: str, omitted: int) -> str:
    """The text of an Event before which others were left out."""
    return f"(left out before this: {omitted}, for there are too many) {text}" if omitted else text
