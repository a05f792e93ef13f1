"""Names with slashes as a tree."""

from collections.abc import Iterable, Iterator
from itertools import groupby


def branches(names: Iterable[str]) -> Iterator[tuple[str, str | None]]:
    """Every node of the tree that names make, from the top: how it is drawn, and which of the names it is.

    :param names: relative ones. A node that is only on the way to others is none of them.
    """
    return _drawn(sorted({tuple(name.split("/")) for name in names}), (), "")


def _drawn(names: list[tuple[str, ...]], above: tuple[str, ...], indent: str) -> Iterator[tuple[str, str | None]]:
    """The nodes right below one, each with what is below it.

    :param names: those below it, sorted, without what they have in common with it.
    """
    children = [(first, list(found)) for first, found in groupby(names, key=lambda name: name[0])]
    for number, (first, found) in enumerate(children, 1):
        is_last = number == len(children)
        here = (*above, first)
        yield f"{indent}{'└── ' if is_last else '├── '}{first}", "/".join(here) if (first,) in found else None
        below = [rest for name in found if (rest := name[1:])]
        yield from _drawn(below, here, indent + ("    " if is_last else "│   "))
