"""What a spec asks for, told once more without the operator's code: names, keys, overlays, types, targets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from tests.machine.cluster import target_place

if TYPE_CHECKING:
    from tests.model.objects import Json, Place

SECURE, PLAIN = frozenset({"SecureString"}), frozenset({"String", "StringList"})
UNITS = {"s": 1, "m": 60, "h": 3600}

Types = Mapping[str, str]
"""Types of parameters by full name: what one listing shows."""

Spot = tuple["Place", str]
"""A key of a target."""


@dataclass(frozen=True)
class Expected:
    """What a spec makes of listings."""

    keys: Mapping[Spot, str]
    """The full name of the parameter that each key is made from."""

    targets: frozenset[Place]
    empty: frozenset[str]
    """Required paths of which nothing is taken."""

    unusable: frozenset[str]
    """Names that cannot be keys, or share one."""


def interval_of(spec: Json) -> float:
    """How old the data may get, in seconds."""
    text = spec.get("interval", "5m")
    return float(text[:-1]) * UNITS[text[-1]]


def targets_of(spec: Json, sync: str) -> dict[Place, frozenset[str]]:
    """The types that each target takes."""
    named = spec.get("targets") or [{"kind": "Secret"}, {"kind": "ConfigMap"}]
    has_config_map = any(each["kind"] == "ConfigMap" for each in named)
    defaults = {"ConfigMap": PLAIN, "Secret": SECURE if has_config_map else SECURE | PLAIN}
    return {
        target_place(each["kind"], each.get("name", sync)): frozenset(each.get("types") or defaults[each["kind"]])
        for each in named
    }


def relative_name(source: Json, name: str) -> str | None:
    """A parameter's name below a source's path, if the source takes it."""
    path = source["path"]
    if not name.startswith(f"{path}/"):
        return None
    relative = name[len(path) + 1 :]
    if source.get("recursive") is False and "/" in relative:
        return None
    included = any(_covers(each, relative) for each in source.get("include") or ["**"])
    return relative if included and not any(_covers(each, relative) for each in source.get("exclude") or ()) else None


def key_of(relative: str) -> str | None:
    """The key that a relative name gives, if it gives one."""
    key = re.sub(r"[/.-]", "_", relative).upper()
    return key if re.fullmatch(r"[A-Z_][A-Z0-9_]*", key) else None


def relatives_of(spec: Json, name: str, key: str) -> set[str]:
    """The relative names by which a parameter gives a key."""
    found = {relative_name(source, name) for source in spec["sources"]}
    return {relative for relative in found if relative is not None and key_of(relative) == key}


def spots_of(spec: Json, sync: str, name: str, kind: str) -> set[Spot]:
    """The keys that a parameter of this name and type gives, wherever no other hides it."""
    keys = {key_of(relative) for source in spec["sources"] if (relative := relative_name(source, name)) is not None}
    targets = targets_of(spec, sync).items()
    return {(place, key) for place, kinds in targets if kind in kinds for key in keys if key is not None}


def winner(spec: Json, listings: Sequence[Types], relative: str) -> tuple[str, str] | None:
    """Name and type of the parameter that wins a relative name: the last source's that has one."""
    for source, types in reversed(list(zip(spec["sources"], listings, strict=True))):
        name = f"{source['path']}/{relative}"
        if name in types and relative_name(source, name) is not None:
            return name, types[name]
    return None


def expected(spec: Json, sync: str, listings: Sequence[Types]) -> Expected:
    """What the targets hold once a listing for each source is believed."""
    taken = [
        {relative for name in types if (relative := relative_name(source, name)) is not None}
        for source, types in zip(spec["sources"], listings, strict=True)
    ]
    targets = targets_of(spec, sync)
    keys: dict[Spot, str] = {}
    unusable: set[str] = set()
    for relative in sorted(set[str]().union(*taken)):
        found = winner(spec, listings, relative)
        assert found is not None
        for place in (each for each, kinds in targets.items() if found[1] in kinds):
            key = key_of(relative)
            if key is None or (place, key) in keys:
                unusable.add(found[0])
            else:
                keys[place, key] = found[0]
    sources: Iterable[tuple[Json, set[str]]] = zip(spec["sources"], taken, strict=True)
    empty = {each["path"] for each, names in sources if not names and each.get("optional") is not True}
    return Expected(keys, frozenset(targets), frozenset(empty), frozenset(unusable))


def _covers(pattern: str, relative: str) -> bool:
    return _fits(pattern.split("/"), relative.split("/"))


def _fits(globs: list[str], segments: list[str]) -> bool:
    if not globs:
        return not segments
    if globs[0] == "**":
        return any(_fits(globs[1:], segments[taken:]) for taken in range(len(segments) + 1))
    return bool(segments) and fnmatchcase(segments[0], globs[0]) and _fits(globs[1:], segments[1:])


def types_of(stamps: Mapping[str, Any]) -> dict[str, str]:
    """The types of what a listing shows."""
    return {name: str(stamp.type) for name, stamp in stamps.items()}
