"""Sources laid over one another: of several parameters with one relative name, the last source's wins."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from paramsync.api.sync import ParameterType

from . import effort
from .parameters import Parameter, Snapshot
from .reasons import Problem, Reason
from .shaping.derived import NO_SHAPE, Derived, Shape, derive
from .values import AnyValue
from .want import Selection


class Shadowed(NamedTuple):
    """What is overlaid."""

    source: int
    """The index of the source."""

    name: str
    """The full name of the parameter."""


@dataclass(frozen=True, slots=True)
class Selected:
    """What won its relative name: a parameter, or a part of one."""

    relative: str
    parameter: Parameter
    source: int
    """The index of the source that it came from."""

    stored: str = ""
    """The parameter's own relative name."""

    derived: Derived | None = None
    """What was made of the parameter's value; None where it is taken as it is."""

    shadowed: tuple[Shadowed, ...] = ()
    """What has the name, too, and is overlaid, that of the lowest source first."""

    @property
    def name(self) -> str:
        """The parameter's full name."""
        return self.parameter.stamp.name

    @property
    def type(self) -> ParameterType:
        """The parameter's type: what is made of a SecureString is one, too."""
        return self.parameter.stamp.type

    @property
    def is_list(self) -> bool:
        """Whether the value is that of a StringList, and not something made of it."""
        return self.type is ParameterType.STRING_LIST and self.derived is None

    @property
    def value(self) -> AnyValue:
        """The value, secure where the parameter's is."""
        return self.parameter.value if self.derived is None else self.derived.value


@dataclass(frozen=True, slots=True)
class Overlay:
    """What the sources give together."""

    winners: Mapping[str, Selected]
    """By relative name, sorted."""

    overlaid: int
    """The number of parameters that a later source hides."""

    taken: tuple[int, ...]
    """The number of parameters that each source takes, in the sources' order."""

    problems: tuple[Problem, ...]
    expanded: frozenset[str] = frozenset()
    """The full names of the parameters that were taken apart."""


def lay_over(snapshots: Sequence[Snapshot], selections: Sequence[Selection], shape: Shape = NO_SHAPE) -> Overlay:
    """Lay what a sync's sources take of their snapshots over one another, in their order.

    :param shape: what is taken apart or decoded before.
    :raises TooMuch: if what is taken apart has too many parts.
    """
    winners: dict[str, Selected] = {}
    problems: list[Problem] = []
    taken: list[int] = []
    overlaid = fields = 0
    expanded: set[str] = set()
    for index, (snapshot, selection) in enumerate(zip(snapshots, selections, strict=True)):
        found: dict[str, Selected] = {}
        closed: set[str] = set()
        taken.append(0)
        for name in sorted(snapshot.parameters):
            relative = snapshot.subtree.relative_name(name)
            if not selection.names(relative):
                continue
            taken[index] += 1
            parameter = snapshot.parameters[name]
            made = {relative: None} if shape.is_nothing else derive(relative, parameter, shape)
            if isinstance(made, Problem):
                problems.append(made)
                continue
            if shape.expands(relative):
                fields += len(made)
                effort.check_fields(fields, name)
                if relative in made and made[relative] is None:
                    closed.add(relative)
                else:
                    expanded.add(name)
            for part, derived in made.items():
                if part in found:
                    problems.append(_same_relative_name(part, found[part].name, name))
                found[part] = Selected(part, parameter, index, relative, derived)
        hidden = {name for name in winners if closed and not closed.isdisjoint(_above(name))} - found.keys()
        overlaid += len(winners.keys() & found.keys()) + len(hidden)
        winners = {name: each for name, each in winners.items() if name not in hidden}
        winners |= {name: _over(winners.get(name), each) for name, each in found.items()}
    ordered = {relative: winners[relative] for relative in sorted(winners)}
    return Overlay(ordered, overlaid, tuple(taken), tuple(problems), frozenset(expanded))


def _above(relative: str) -> Iterator[str]:
    """The names of which it may be a field."""
    segments = relative.split("/")
    return ("/".join(segments[:count]) for count in range(1, len(segments)))


def _over(below: Selected | None, above: Selected) -> Selected:
    return above if below is None else replace(above, shadowed=(*below.shadowed, Shadowed(below.source, below.name)))


def _same_relative_name(relative: str, first: str, second: str) -> Problem:
    # `foo` and `/foo` are two names below the root; and what a parameter is expanded to may be there already.
    return Problem(
        Reason.KEY_COLLISION,
        second,
        f"Parameters {first} and {second} both give the name {relative} below their path; leave one of them out with"
        " exclude, or delete it",
    )
