"""When the operator is killed or paused: at any time, and just before or after a write of each kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

LONGEST_LIFE = 3.0
"""Seconds: the first of them pass while it starts."""

SHARE_AT_WRITES = 0.6
MOST_SKIPPED = 2
"""Writes of a kind that pass before the one at which it is killed."""

WRITES = {
    "a Secret": ("PATCH", "secrets/"),
    "a ConfigMap": ("PATCH", "configmaps/"),
    "a Secret's end": ("DELETE", "secrets/"),
    "a ConfigMap's end": ("DELETE", "configmaps/"),
    "the status": ("PATCH", "parametersyncs/[^/]+/status$"),
    "an Event": ("POST", "events$"),
}
"""Methods and paths, in a namespace, of all that it writes."""

ENDS = {"a Secret's end": "Secret", "a ConfigMap's end": "ConfigMap"}
"""The kinds of target that have to be renamed for it."""


@dataclass(frozen=True)
class AnyTime:
    """So many seconds after it was started."""

    seconds: float

    @property
    def name(self) -> str:
        """What it is called in the record."""
        return "at any time"


@dataclass(frozen=True)
class AtWrite:
    """Before the API server sees a write; or when it has carried it out and before the operator knows."""

    what: str
    done: bool
    skip: int

    @property
    def name(self) -> str:
        """What it is called in the record."""
        return f"{'after' if self.done else 'before'} {self.what}"


Moment = AnyTime | AtWrite
GAPS = [(what, done) for what in WRITES for done in (False, True)]
"""All gaps between two writes, from both sides."""


def kills(number: int, chance: random.Random) -> list[Moment]:
    """So many moments in any order; with 20 or more, all gaps between two writes are among them."""
    at_writes = round(number * SHARE_AT_WRITES)
    found: list[Moment] = [
        AtWrite(*GAPS[index % len(GAPS)], skip=0 if index < len(GAPS) else chance.randint(0, MOST_SKIPPED))
        for index in range(at_writes)
    ]
    found += [AnyTime(chance.uniform(0, LONGEST_LIFE)) for _ in range(number - at_writes)]
    chance.shuffle(found)
    return found


def pauses(number: int, chance: random.Random) -> list[Moment]:
    """So many moments: every other one is at a write, and each such write another one."""
    gaps = chance.sample(GAPS, len(GAPS))
    return [
        AtWrite(*gaps[index // 2 % len(gaps)], skip=0)
        if index % 2
        else AnyTime(LONGEST_LIFE + chance.uniform(0, LONGEST_LIFE))
        for index in range(number)
    ]
