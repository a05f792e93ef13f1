"""What a source selects, as patterns of IAM: there ``*`` crosses slashes, and nothing stands for whole segments."""

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from itertools import product
from typing import Final

from paramsync.core.globs import ANY_SEGMENTS
from paramsync.core.want import Selection

MOST_SPELLED_OUT: Final = 3
"""How often ``**`` may stand in a glob that is spelled out; beyond, a wider pattern stands for it."""


def listed(path: str) -> str:
    """The resource that AWS authorises a listing against: the path as it is written, whatever is below it."""
    return f"parameter{path}"


def opened(path: str, selection: Selection) -> frozenset[str]:
    """The resources that cover all parameters of a path whose values are asked for one by one.

    What ``exclude`` names may be covered as well: a policy that only allows cannot leave anything out.
    """
    base = "parameter" if path == "/" else f"parameter{path}"
    return frozenset(f"{base}/{name}" for glob in selection.include for name in _names(glob))


def widest(patterns: Iterable[str]) -> tuple[str, ...]:
    """The patterns without those that another one covers, sorted."""
    found = sorted(set(patterns))
    return tuple(each for each in found if not any(_covers(other, each) for other in found if other != each))


def _covers(wide: str, narrow: str) -> bool:
    # A "?" must not stand for a "*", which is more than it; where one is, the patterns are left as they are.
    return "?" not in wide and fnmatchcase(narrow, wide)


def _names(glob: str) -> Iterator[str]:
    """What a glob covers. ``**`` stands for no segment, too: ``**/host`` covers ``host``."""
    segments = glob.split("/")
    several = segments.count(ANY_SEGMENTS)
    if several > MOST_SPELLED_OUT:
        yield "*" + "*".join(each for each in segments if each != ANY_SEGMENTS) + "*"
        return
    for spelled in product(("", "*"), repeat=several):
        choice = iter(spelled)
        found = [next(choice) if each == ANY_SEGMENTS else each for each in segments]
        name = "/".join(each for each in found if each)
        if name:
            yield name
