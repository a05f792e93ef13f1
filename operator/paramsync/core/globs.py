"""Globs on relative names, by whole segments: ``*`` and ``?`` within one, ``**`` for any number of them."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

ANY_SEGMENTS = "**"


def is_literal(pattern: str) -> bool:
    """Whether a pattern covers just one name, which is itself."""
    return not any(character in pattern for character in "*?")


def matches(pattern: str, relative: str) -> bool:
    """Whether a pattern covers a relative name. ``**`` also stands for no segment: ``**/host`` covers ``host``."""
    return _matches(pattern.split("/"), relative.split("/"))


def _matches(globs: Sequence[str], segments: Sequence[str]) -> bool:
    # Greedy, with one place to come back to: whatever a pattern looks like, the time is bounded by
    # its length times the name's. A regular expression would give a user a way to hang the operator.
    glob = segment = 0
    last_any, taken = -1, 0
    while segment < len(segments):
        if glob < len(globs) and globs[glob] == ANY_SEGMENTS:
            last_any, taken = glob, segment
            glob += 1
        elif glob < len(globs) and fnmatchcase(segments[segment], globs[glob]):
            glob, segment = glob + 1, segment + 1
        elif last_any >= 0:
            taken += 1
            glob, segment = last_any + 1, taken
        else:
            return False
    return all(rest == ANY_SEGMENTS for rest in globs[glob:])
