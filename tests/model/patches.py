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
