"""Sources laid over one another: of several parameters with one relative name, the last source's wins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .parameters import Parameter, Snapshot
from .reasons import Problem, Reason
from .want import Selection


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

    taken: tuple[int, ...]
    """The number of parameters that each source takes, in the sources' order."""

    problems: tuple[Problem, ...]


def lay_over(snapshots: Sequence[Snapshot], selections: Sequence[Selection]) -> Overlay:
    """Lay what a sync's sources take of their snapshots over one another, in their order."""
    winners: dict[str, Selected] = {}
    problems: list[Problem] = []
    taken: list[int] = []
    for index, (snapshot, selection) in enumerate(zip(snapshots, selections, strict=True)):
        taken.append(0)
        for name in sorted(snapshot.parameters):
            relative = snapshot.subtree.relative_name(name)
            if not selection.names(relative):
                continue
            shown = winners.get(relative)
            if shown is not None and shown.source == index:
                # `foo` and `/foo` are two names below the root.
                problems.append(_same_relative_name(shown.name, name))
            taken[index] += 1
            winners[relative] = Selected(relative, snapshot.parameters[name], index)
    ordered = {relative: winners[relative] for relative in sorted(winners)}
    return Overlay(ordered, overlaid=sum(taken) - len(ordered), taken=tuple(taken), problems=tuple(problems))


def _same_relative_name(first: str, second: str) -> Problem:
    return Problem(
        Reason.KEY_COLLISION,
        second,
        f"Parameters {first} and {second} have the same name below their path; delete one of them",
    )
