"""What became of each parameter, and when, as far as somebody can know who reads the targets."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from tests.aws.names import ParameterType
    from tests.load.stub import Stub

SECURE: ParameterType = "SecureString"
PLAIN: ParameterType = "String"
JUST = 15.0
"""Seconds."""

TAGS = {SECURE: "secure", PLAIN: "plain"}


@dataclass(frozen=True)
class State:
    """A parameter has a type, or is gone: surely after `after`, and perhaps from `before` on."""

    before: float
    after: float
    type: ParameterType | None


@dataclass(frozen=True)
class Waits:
    """How long a parameter must have been gone before its key may go, and how long after that this may happen.

    One that only has another type now need not have it for long: a process that has just started believes two listings.
    """

    absence: float
    """Seconds for which it was gone."""

    write: float
    """Seconds from when it was there again to the last write that may have missed that."""


@dataclass
class Life:
    """The states of one parameter, in order."""

    states: list[State] = field(default_factory=list)

    def lacked(self, types: Collection[ParameterType], at: float, waits: Waits) -> bool:
        """Whether a target that takes these types may have lost it by a moment."""
        ends = [*(state.after for state in self.states[1:]), math.inf]
        return any(
            state.type not in types
            and min(end, at) - state.before >= (waits.absence if state.type is None else 0)
            and end >= at - waits.write
            for state, end in zip(self.states, ends, strict=True)
        )

    def told(self, at: float) -> str:
        """Its states up to a moment, with how many seconds before that each began."""
        begun = [state for state in self.states if state.before <= at]
        return ", ".join(f"{state.type or 'gone'} {at - state.before:.2f} s before" for state in begun)

    def is_secure(self, at: float) -> bool:
        """Whether it surely was a SecureString at a moment."""
        ends = [*(state.before for state in self.states[1:]), math.inf]
        spans = zip(self.states, ends, strict=True)
        return any(state.type == SECURE and state.after <= at < end for state, end in spans)

    def stood(self, types: Collection[ParameterType], since: float, until: float) -> bool:
        """Whether it may have had one of these types at some time between two moments."""
        ends = [*(state.after for state in self.states[1:]), math.inf]
        spans = zip(self.states, ends, strict=True)
        return any(state.type in types and state.before <= until and end >= since for state, end in spans)

    def is_steadfast(self, types: Collection[ParameterType]) -> bool:
        """Whether it was there from the start, and never of another type or gone."""
        return len(self.states) == 1 and self.states[0].after <= 0 and self.states[0].type in types


@dataclass(frozen=True, order=True)
class Value:
    """What a value says of itself. Values are numbered over all parameters."""

    number: int
    name: str
    tag: str

    @classmethod
    def read(cls, text: str) -> Value:
        """Read it from the text of a value."""
        tag, name, number, _ = text.split(" ")
        return cls(int(number), name, tag)


class Parameters:
    """The parameters in the stub, and their lives. For one thread at a time."""

    def __init__(self, stub: Stub) -> None:
        self._stub = stub
        self._number = 0
        self.lives: dict[str, Life] = {}
        self.texts: dict[str, str] = {}
        """The values of those that are there, by full name."""
        self.types: dict[str, ParameterType] = {}
        """Their types."""

    def begin(self, name: str, type: ParameterType, size: int) -> None:  # noqa: A002
        """Create one before anybody reads."""
        self._put(name, type, size)
        self.lives[name] = Life([State(0, 0, type)])

    def put(self, name: str, type: ParameterType, size: int = 40) -> None:  # noqa: A002
        """Create one, or give it another value of so many characters, and perhaps another type."""
        before, is_news = time.monotonic(), self.types.get(name) != type
        self._put(name, type, size)
        if is_news:
            self.lives.setdefault(name, Life()).states.append(State(before, time.monotonic(), type))

    def delete(self, name: str) -> None:
        """Delete one."""
        before = time.monotonic()
        self._stub.delete(name)
        del self.texts[name], self.types[name]
        self.lives[name].states.append(State(before, time.monotonic(), None))

    def has_just_gone(self, name: str) -> bool:
        """Whether somebody may not know yet that a parameter was deleted."""
        life = self.lives.get(name)
        last = life.states[-1] if life is not None else None
        return last is not None and last.type is None and time.monotonic() - last.after < JUST

    def _put(self, name: str, type: ParameterType, size: int) -> None:  # noqa: A002
        self._number += 1
        text = f"{TAGS[type]} {name} {self._number} {'x' * size}"
        self._stub.put(name, text, type)
        self.texts[name], self.types[name] = text, type
