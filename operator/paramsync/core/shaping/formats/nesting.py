"""Files that are nested along the path: ``db/host`` is ``host`` in ``db``."""

from collections.abc import Collection, Iterator, Mapping
from typing import Final, TypeAlias

from .file import Content, Unfit

DEEPEST: Final = 60
"""How many levels a name may have. Parsers stop somewhere, .NET's at 64; Parameter Store itself has 15."""

Tree: TypeAlias = "dict[str, Tree | Content]"


def path(relative: str) -> str:
    """The name of an entry: the relative name itself.

    :raises ValueError: if it is nested too deep.
    """
    if (levels := relative.count("/") + 1) > DEEPEST:
        raise ValueError(f"it has {levels} levels and {DEEPEST} are allowed; shorten the path")
    return relative


def branches(relatives: Collection[str]) -> Iterator[Unfit]:
    """Every name that would be both a value and a branch, with the first name on that branch."""
    names = frozenset(relatives)
    found: set[str] = set()
    for relative in sorted(names):
        segments = relative.split("/")
        for length in range(1, len(segments)):
            value = "/".join(segments[:length])
            if value in names and value not in found:
                found.add(value)
                message = (
                    f"{value} is a value, and {relative} needs it to be a branch;"
                    " rename one of them, or take it out of the file"
                )
                yield Unfit((value, relative), message)


def nested(entries: Mapping[str, Content]) -> Tree:
    """The tree of entries of which none is both value and branch."""
    made: dict[tuple[str, ...], Tree] = {(): {}}

    def branch(segments: tuple[str, ...]) -> Tree:
        if segments not in made:
            made[segments] = branch(segments[:-1])[segments[-1]] = {}
        return made[segments]

    for relative, content in entries.items():
        *above, last = relative.split("/")
        branch(tuple(above))[last] = content
    return made[()]
