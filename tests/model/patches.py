"""Patches of JSON documents, as the API server takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .objects import Json


class TestFailed(Exception):  # noqa: N818
    """A ``test`` of a JSON patch found something else."""


def merged(target: Any, patch: Any) -> Any:
    """A JSON merge patch (RFC 7386)."""
    if not isinstance(patch, dict):
        return patch
    made = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            made.pop(key, None)
        else:
            made[key] = merged(made.get(key), value)
    return made


def merged_strategically(target: Json, patch: Json) -> Json:
    """A strategic merge patch: like a merge patch, but owner references are merged by their uids."""
    metadata = dict(patch["metadata"])
    references = {each["uid"]: each for each in target["metadata"].get("ownerReferences", ())}
    for each in metadata.pop("ownerReferences", ()):
        if each.get("$patch") == "delete":
            references.pop(each["uid"], None)
        else:
            references[each["uid"]] = {**references.get(each["uid"], {}), **each}
    made: Json = merged(target, {**patch, "metadata": metadata})
    return {**made, "metadata": {**made["metadata"], "ownerReferences": list(references.values())}}


def patched(target: Json, patch: list[Json]) -> Json:
    """A JSON patch (RFC 6902) of ``test`` and ``add``, which are all that we send.

    :raises TestFailed: if a test fails.
    """
    for each in patch:
        *way, last = each["path"].removeprefix("/").split("/")
        at: Any = target
        if each["op"] == "test":
            for part in (*way, last):
                at = at.get(part) if isinstance(at, dict) else None
            if at != each["value"]:
                raise TestFailed
            continue
        assert each["op"] == "add", each
        target = _with(target, [*way, last], each["value"])
    return target


def _with(target: Json, way: list[str], value: Any) -> Json:
    first, *rest = way
    return {**target, first: _with(target.get(first) or {}, rest, value) if rest else value}
