"""Which field manager owns which leaf: the rules of ``managedFields``.

Maps are owned, too: by whom made them, or applied them empty.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from .objects import Json, Leaves

Path = tuple[str, ...]


class Manager(NamedTuple):
    """Who writes, and how: an apply and an update of one name are two managers."""

    name: str
    operation: str


MAPS: frozenset[Path] = frozenset(
    {
        ("data",),
        ("binaryData",),
        *(("metadata", part) for part in ("labels", "annotations", "ownerReferences", "finalizers")),
    }
)

Managers = Mapping[Manager, frozenset[Path]]

IGNORED: frozenset[Path] = frozenset(("metadata", part) for part in ("deletionTimestamp", "deletionGracePeriodSeconds"))
"""Of an object that is being deleted, ``before-first-apply`` owns these, too."""

BEFORE_FIRST_APPLY = Manager("before-first-apply", "Update")


def updated(managers: Managers | None, manager: Manager, before: Leaves, after: Leaves) -> Managers:
    """Who owns what after a write that is no apply: the writer has what differs, and nobody else has it any more.

    :param managers: None for an object whose managers are not kept: it stays so until the first apply.
    """
    if managers is None:
        return {}
    changed, gone = _changed(before, after), _gone(before, after)
    mine = (managers.get(manager, frozenset()) | changed) - gone
    others = {each: owned - changed - gone for each, owned in managers.items() if each != manager}
    return _named({**others, manager: mine})


def applied(
    managers: Managers, manager: Manager, live: Leaves, wanted: Leaves, empty: Iterable[Path]
) -> tuple[Leaves, Managers]:
    """The leaves after a forced apply, and who owns them: what the manager no longer wants goes, if nobody has it.

    :param empty: maps that the apply says are empty.
    """
    if live and not managers:
        managers = updated({}, BEFORE_FIRST_APPLY, {}, live)
    last, mine = managers.get(manager, frozenset()), frozenset((*wanted, *empty))
    others = {each: owned for each, owned in managers.items() if each != manager}
    pruned = last - mine - frozenset[Path]().union(*others.values())
    after = {path: leaf for path, leaf in {**live, **wanted}.items() if path not in pruned}
    # A map that loses its last key stays for whoever owns it.
    lost = _changed(live, after) | pruned | (frozenset(empty) - maps_of(live))
    return after, _named({**{each: owned - lost for each, owned in others.items()}, manager: mine})


def maps_of(leaves: Iterable[Path]) -> frozenset[Path]:
    """The maps and lists that leaves are in."""
    return frozenset(path[:-1] for path in leaves if path[:-1] in MAPS)


def _changed(before: Leaves, after: Leaves) -> frozenset[Path]:
    leaves = frozenset(path for path, leaf in after.items() if path not in before or before[path] != leaf)
    return leaves | (maps_of(after) - maps_of(before))


def _gone(before: Leaves, after: Leaves) -> frozenset[Path]:
    return frozenset(before.keys() - after.keys()) | (maps_of(before) - maps_of(after))


def _named(managers: Managers) -> Managers:
    return {manager: owned for manager, owned in managers.items() if owned}


def to_wire(managers: Managers, api_version: str) -> list[Json]:
    """``metadata.managedFields``."""
    return [
        {
            "manager": manager.name,
            "operation": manager.operation,
            "apiVersion": api_version,
            "fieldsType": "FieldsV1",
            "fieldsV1": _fields(owned),
        }
        for manager, owned in managers.items()
    ]


def from_wire(entries: list[Json]) -> Managers:
    """Who owns which leaves, by ``metadata.managedFields``; of one manager all entries together."""
    made: dict[Manager, frozenset[Path]] = {}
    for each in entries:
        manager = Manager(each["manager"], each["operation"])
        made[manager] = made.get(manager, frozenset()) | frozenset(_paths(each["fieldsV1"]))
    return _named(made)


def _fields(owned: frozenset[Path]) -> Json:
    made: Json = {}
    for path in sorted(owned):
        at = made
        for part in path[:-1]:
            at = at.setdefault(f"f:{part}", {})
        at.setdefault(_element(path), {})
    for path in owned & MAPS:
        at = made
        for part in path:
            at = at[f"f:{part}"]
        if at:
            at["."] = {}
    return made


def _element(path: Path) -> str:
    if path[:2] == ("metadata", "ownerReferences"):
        return f"k:{json.dumps({'uid': path[-1]}, separators=(',', ':'))}"
    if path[:2] == ("metadata", "finalizers"):
        return f"v:{json.dumps(path[-1])}"
    return f"f:{path[-1]}"


def _paths(fields: Mapping[str, Any], within: Path = ()) -> list[Path]:
    made: list[Path] = []
    for element, inner in fields.items():
        path = (*within, _name(element))
        if element == ".":
            made.append(within)
        elif path in MAPS or path == ("metadata",):
            made += _paths(inner, path) if inner else [path]
        elif path not in IGNORED:
            made.append(path)
    return made


def _name(element: str) -> str:
    """The last part of a path; of owner references the uid."""
    kind, _, text = element.partition(":")
    match kind:
        case "k":
            return str(json.loads(text)["uid"])
        case "v":
            return str(json.loads(text))
        case _:
            return text
