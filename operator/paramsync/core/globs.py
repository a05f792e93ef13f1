"""Globs on relative names, by whole segments: ``*`` and ``?`` within one, ``**`` for any number of them.

No regular expressions: whatever a pattern looks like, the time is bounded by its length times the name's.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Final, TypeVar

ANY_SEGMENTS: Final = "**"
MOST_KEPT: Final = 4096
"""Patterns that are kept as they were read."""

G = TypeVar("G")

Segment = str | Callable[[str], bool]
"""What a segment has to be: ``**``, or what says whether it fits."""


def is_literal(pattern: str) -> bool:
    """Whether a pattern covers just one name, which is itself."""
    return not any(character in pattern for character in "*?")


def matches(pattern: str, relative: str) -> bool:
    """Whether a pattern covers a relative name. ``**`` also stands for no segment: ``**/host`` covers ``host``."""
    return any_matches((pattern,), relative)


def any_matches(patterns: Iterable[str], relative: str) -> bool:
    """Whether any of the patterns covers a relative name."""
    segments = relative.split("/")
    return any(
        pattern == ANY_SEGMENTS or _greedy(_read(pattern), segments, ANY_SEGMENTS, _fits) for pattern in patterns
    )


@lru_cache(MOST_KEPT)
def _read(pattern: str) -> tuple[Segment, ...]:
    return tuple(part if part == ANY_SEGMENTS else _segment(part) for part in pattern.split("/"))


def _segment(part: str) -> Callable[[str], bool]:
    if is_literal(part):
        return part.__eq__
    if part == "*":
        return bool
    if "?" in part:
        return lambda text: _greedy(part, text, "*", lambda glob, character: glob in ("?", character))
    first, *middle, last = part.split("*")
    least = len(first) + len(last)

    def fits(text: str) -> bool:
        if len(text) < least or not (text.startswith(first) and text.endswith(last)):
            return False
        at, end = len(first), len(text) - len(last)
        for piece in middle:
            found = text.find(piece, at, end)
            if found < 0:
                return False
            at = found + len(piece)
        return True

    return fits


def _fits(segment: Segment, text: str) -> bool:
    return not isinstance(segment, str) and segment(text)


def _greedy(globs: Sequence[G], items: Sequence[str], rest: object, fits: Callable[[G, str], bool]) -> bool:
    """Whether globs cover items, one of each; ``rest`` covers any number of them.

    Greedy, with one place to come back to, which bounds the time.
    """
    glob = item = 0
    last_any, taken = -1, 0
    while item < len(items):
        if glob < len(globs) and globs[glob] == rest:
            last_any, taken = glob, item
            glob += 1
        elif glob < len(globs) and fits(globs[glob], items[item]):
            glob, item = glob + 1, item + 1
        elif last_any >= 0:
            taken += 1
            glob, item = last_any + 1, taken
        else:
            return False
    return all(each == rest for each in globs[glob:])
