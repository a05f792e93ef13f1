"""Sources laid over one another: of several parameters with one relative name, the last source's wins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .parameters import Parameter, Snapshot
from .reasons import Problem, Reason


@dataclass(frozen=True, slots=True)
class Selected:
    """A parameter that won its relative name."""

    relative: str
    parameter: Parameter
    source: int
    """The index of the source that it came from."""

    @property
    def name(self) -> str:
        """The parameter's full name."""
        return self.parameter.stamp.name


@dataclass(frozen=True, slots=True)
class Overlay:
    """What the sources give together."""

    winners: Mapping[str, Selected]
    """By relative name, sorted."""

    overlaid: int
    """The number of parameters that a later source hides."""

    problems: tuple[Problem, ...]


def lay_over(snapshots: Sequence[Snapshot]) -> Overlay:
    """Lay the snapshots of a sync's sources over one another, in their order."""
    winners: dict[str, Selected] = {}
    problems: list[Problem] = []
    listed = 0
    for index, snapshot in enumerate(snapshots):
        for name in sorted(snapshot.parameters):
            relative = snapshot.subtree.relative_name(name)
            shown = winners.get(relative)
            if shown is not None and shown.source == index:
                # `foo` and `/foo` are two names below the root.
                problems.append(_same_relative_name(shown.name, name))
            listed += 1
            winners[relative] = Selected(relative, snapshot.parameters[name], index)
    ordered = {relative: winners[relative] for relative in sorted(winners)}
    return Overlay(ordered, overlaid=listed - len(ordered), problems=tuple(problems))


def _same_relative_name(first: str, second: str) -> Problem:
    return Problem(
        Reason.KEY_COLLISION,
        second,
        f"Parameters {first} and {second} have the same name below their path; delete one of them",
    )
