"""What syncs select of a subtree, and the union of it, which is what a feed decrypts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from paramsync.api.shaping import File
from paramsync.api.sources import Source
from paramsync.api.sync import ParameterType, Target

from .globs import ANY_SEGMENTS, any_matches, matches


@dataclass(frozen=True, slots=True)
class Selection:
    """What a source takes of its subtree, a target of what the sources give, or a file of what its target takes."""

    include: tuple[str, ...] = (ANY_SEGMENTS,)
    exclude: tuple[str, ...] = ()
    secure: bool = False
    """Whether any target of the sync takes SecureStrings."""

    @classmethod
    def of(cls, which: Source | Target | File, *, secure: bool) -> "Selection":
        """The selection of a source, a target or a file, with its defaults filled in."""
        return cls(which.include or (ANY_SEGMENTS,), which.exclude or (), secure)

    @property
    def is_everything(self) -> bool:
        """Whether it names every parameter there may be."""
        return ANY_SEGMENTS in self.include and not self.exclude

    def names(self, relative: str) -> bool:
        """Whether it names a parameter; ``exclude`` wins."""
        if self.is_everything:
            return True
        return any_matches(self.include, relative) and not any_matches(self.exclude, relative)

    def may_name_below(self, relative: str) -> bool:
        """Whether it may name a parameter, or one below it."""
        if any(pattern.split("/")[-1] == ANY_SEGMENTS and matches(pattern, relative) for pattern in self.exclude):
            return False
        return any(_may_match_below(pattern.split("/"), relative.split("/")) for pattern in self.include)

    def takes(self, relative: str, kind: ParameterType) -> bool:
        """Whether it needs the value of a parameter."""
        return (self.secure or kind is not ParameterType.SECURE_STRING) and self.names(relative)


def _may_match_below(globs: Sequence[str], segments: Sequence[str]) -> bool:
    for glob, segment in zip(globs, segments, strict=False):
        if glob == ANY_SEGMENTS:
            return True
        if not matches(glob, segment):
            return False
    return len(globs) >= len(segments)


EVERYTHING: Final = Selection(secure=True)
"""All that there may be."""


@dataclass(frozen=True, slots=True)
class Want:
    """The union of what the syncs of a feed select."""

    selections: frozenset[Selection] = frozenset()

    @classmethod
    def of(cls, selections: Iterable[Selection]) -> "Want":
        """The union of selections."""
        return cls(frozenset(selections))

    @property
    def covers_every_secure_name(self) -> bool:
        """Whether every SecureString there may be is wanted, so that listing and decrypting can be one pass."""
        return any(each.secure and each.is_everything for each in self.selections)

    def serves(self, selection: Selection) -> bool:
        """Whether what was decrypted for this want is enough for a selection."""
        return not selection.secure or selection in self.selections or self.covers_every_secure_name

    def takes(self, relative: str, kind: ParameterType) -> bool:
        """Whether any sync needs the value of a parameter."""
        return any(each.takes(relative, kind) for each in self.selections)

    def served_of(self, other: "Want") -> "Want":
        """What of another want was decrypted for this one."""
        return Want.of(each for each in other.selections if self.serves(each))
