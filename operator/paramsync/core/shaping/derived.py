"""What is made of single parameters before the sources are laid over one another: fields and decoded bytes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from paramsync.api.shaping import LONGEST_NAME
from paramsync.api.sync import ParameterSyncSpec, ParameterType
from paramsync.core.globs import any_matches
from paramsync.core.parameters import Parameter
from paramsync.core.reasons import Problem, Reason
from paramsync.core.values import AnyValue, Decoded, KeyValue, Sealed, SecureValue

from .structured import Unfit, decoded, fields_of

EXPANDED: Final = "expand"
DECODED: Final = "decode"


@dataclass(frozen=True, slots=True)
class Derived:
    """A value that was made of a parameter's."""

    made: tuple[str, ...]
    """How: expanded, decoded or both."""

    value: AnyValue


@dataclass(frozen=True, slots=True)
class Shape:
    """Which parameters are taken apart, and which are decoded."""

    expand: Sequence[str] = field(default=())
    """Globs on relative names."""

    decode: Sequence[str] = field(default=())
    """Globs on relative names, also on those of fields."""

    secure: bool = True
    """Whether anybody takes SecureStrings, so that their values are known."""

    may_take: Callable[[str], bool] = lambda _: True
    """Whether any target may take a SecureString of this name, or a field of it."""

    @classmethod
    def of(cls, spec: ParameterSyncSpec, *, secure: bool, may_take: Callable[[str], bool] = lambda _: True) -> "Shape":
        """What a spec asks for."""
        return cls(tuple(spec.expand or ()), tuple(spec.decode or ()), secure, may_take)

    @property
    def is_nothing(self) -> bool:
        """Whether every value is taken as it is."""
        return not self.expand and not self.decode

    def expands(self, relative: str) -> bool:
        """Whether a parameter is taken apart."""
        return any_matches(self.expand, relative)

    def decodes(self, relative: str) -> bool:
        """Whether a value is decoded."""
        return any_matches(self.decode, relative)


NO_SHAPE: Final = Shape()


def derive(relative: str, parameter: Parameter, shape: Shape) -> Mapping[str, Derived | None] | Problem:
    """What a parameter gives, by relative name; None for one whose value is taken as it is. Or why it cannot be.

    A SecureString that is to be taken apart and is left as it is has fields that nobody knows.
    """
    value = parameter.value
    is_expanded = shape.expands(relative)
    is_unknown = parameter.stamp.type is ParameterType.SECURE_STRING and not shape.secure
    if is_unknown or (not is_expanded and not shape.decodes(relative)):
        return {relative: None}
    if isinstance(value, Sealed):
        # Whether it matters is decided where the name is used; what it would be taken apart to, nobody knows.
        is_missed = is_expanded and shape.may_take(relative)
        return Problem(value.reason, parameter.stamp.name, value.message) if is_missed else {relative: None}
    try:
        parts = _made(value, fields_of) if is_expanded else {"": value}
        return {
            name: _part(name, part, shape, is_expanded=is_expanded) for name, part in _below(relative, parts).items()
        }
    except Unfit as unfit:
        return _unfit(parameter, str(unfit), "expand" if is_expanded else "decode")


def _below(relative: str, parts: Mapping[str, KeyValue]) -> dict[str, KeyValue]:
    made = {f"{relative}/{name}" if name else relative: part for name, part in parts.items()}
    if any(len(name) > LONGEST_NAME for name in made):
        raise Unfit(f"has a field whose name would be longer than {LONGEST_NAME} characters")
    return made


def _part(name: str, value: KeyValue, shape: Shape, *, is_expanded: bool) -> Derived:
    made = (EXPANDED,) if is_expanded else ()
    if not shape.decodes(name):
        return Derived(made, value)
    if isinstance(value, SecureValue):
        return Derived((*made, DECODED), _made(value, lambda content: {"": decoded(content)})[""])
    return Derived((*made, DECODED), Decoded(decoded(value.encode() if isinstance(value, str) else value)))


def _made(value: KeyValue, make: Callable[[bytes], Mapping[str, bytes]]) -> Mapping[str, str | SecureValue]:
    """What a function makes of a value: text of a plain one, secure values of a secure one."""
    if isinstance(value, SecureValue):
        return SecureValue.made_of({"": value}, lambda shown: make(shown[""]))
    made = make(value.encode() if isinstance(value, str) else value)
    return {name: part.decode() for name, part in made.items()}


def _unfit(parameter: Parameter, why: str, option: str) -> Problem:
    name = parameter.stamp.name
    return Problem(
        Reason.INVALID_VALUE,
        name,
        f"The value of parameter {name} {why}. Nothing was written. Correct it, or take it out of spec.{option}",
    )
