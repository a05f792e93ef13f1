"""What the API server refuses: preconditions that do not hold, and objects that may not be like that."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .answers import conflict, invalid
from .objects import OWNERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .objects import Json, Leaves, Place, Stored
    from .ownership import Path

_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")


def check_create(place: Place, leaves: Leaves) -> None:
    """Refuse an object that cannot be made."""
    _refuse(place, _wrong(leaves))


def check_version(live: Stored, metadata: Mapping[str, Any]) -> None:
    """Refuse a write to an object that is not the one which was read.

    The version first: of an object that was made anew, one that is read again has the right version and a wrong uid.
    """
    if metadata.get("resourceVersion") not in (None, "", "0", str(live.version)):
        raise conflict(live.place, "the object has been modified; please apply your changes to the latest version")


def check_update(live: Stored, metadata: Mapping[str, Any], after: Leaves, empty: Iterable[Path] = ()) -> None:
    """Refuse a change that may not be made.

    :param empty: maps that a merge has left without keys: of something immutable, none is not the same as no keys.
    """
    _refuse(live.place, [*_changed_for_ever(live, metadata, after, frozenset(empty)), *_wrong(after)])


def check_delete(live: Stored, options: Json) -> None:
    """Refuse the deletion of an object that is not the one which was read."""
    wanted = options.get("preconditions") or {}
    for part, found in (("uid", live.uid), ("resourceVersion", str(live.version))):
        if wanted.get(part) not in (None, found):
            raise conflict(live.place, f"the precondition on its {part} does not hold")


def _changed_for_ever(
    live: Stored, metadata: Mapping[str, Any], after: Leaves, empty: frozenset[Path]
) -> Iterator[str]:
    if metadata.get("uid") not in (None, live.uid):
        yield "metadata.uid"
    before = live.leaves
    if live.place.plural == "secrets" and before.get(("type",)) != after.get(("type",)):
        yield "type"
    if before.get(("immutable",)) is not True:
        return
    if after.get(("immutable",)) is not True:
        yield "immutable"
    for part in ("data", "binaryData"):
        if _keys(before, part) != _keys(after, part) or ((part,) in empty and not _keys(before, part)):
            yield part


def _wrong(leaves: Leaves) -> Iterator[str]:
    if sum(leaf.get("controller") is True for path, leaf in leaves.items() if path[:2] == OWNERS) > 1:
        yield ".".join(OWNERS)
    for part in ("data", "binaryData"):
        for key in _keys(leaves, part):
            if not _KEY.fullmatch(key) or key == "." or key.startswith(".."):
                yield f"{part}[{key}]"
    yield from (f"data[{key}]" for key in _keys(leaves, "data").keys() & _keys(leaves, "binaryData").keys())


def _keys(leaves: Leaves, part: str) -> dict[str, Any]:
    return {path[1]: leaf for path, leaf in leaves.items() if path[0] == part}


def _refuse(place: Place, fields: Iterator[str] | list[str]) -> None:
    found = list(fields)
    if found:
        raise invalid(place, *found)
