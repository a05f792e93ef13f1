"""From each key in the cluster back to its parameters, by what its target's annotation and the sync say.

:mod:`paramsync.core.explaining` tells the same from Parameter Store; this needs no rights there, and tells what was
written and not what would be.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Final

from paramsync.api.status import PlannedAction, PlanStatus
from paramsync.api.sync import ParameterType

from .annotations import decode
from .objects import PROVENANCE_ANNOTATION, Live, Owner
from .ownership import is_ours
from .provenance import Entry, Origin, Provenance
from .repairs import managers
from .routing import Route, TargetRef
from .shaping.composing import how_composed

MOST_SIMILAR: Final = 5
_FILE: Final = "file:"


@dataclass(frozen=True, slots=True)
class Part:
    """A parameter that a key was made of. What the annotation had no room for is None."""

    parameter: str | None
    """Its full name."""

    type: ParameterType
    version: int | None
    modified: datetime | None
    source: Origin | None
    """The source that won."""

    shadowed: tuple[str, ...]
    """The full names that it overlays in the sources before, the lowest first."""

    field: str | None
    """The relative name of the field that was taken of it; None if all of it was."""

    made: tuple[str, ...]
    """What was done with its value: ``expand``, ``decode``, ``json``; in this order."""


@dataclass(frozen=True, slots=True)
class KeyTrace:
    """A key, and what it was made of."""

    target: TargetRef
    key: str
    type: ParameterType | None
    """SecureString if any of it is secure. None of a key of which only spec or status speaks."""

    file: str | None = None
    """The format of the file that it is."""

    is_composed: bool = False
    template: str | None = None
    """The text of ``compose`` that it was made from, if that still stands in the spec."""

    is_renamed: bool = False
    """Whether ``keys.rename`` gives it."""

    parts: tuple[Part, ...] = ()
    editors: tuple[str, ...] = ()
    """Which other field managers have written it."""

    planned: PlannedAction | None = None
    """What status says is held of it, or planned."""


@dataclass(frozen=True, slots=True)
class TargetTrace:
    """A target, and its keys as far as they can be told."""

    ref: TargetRef
    keys: tuple[KeyTrace, ...] = ()
    unknown: str = ""
    """What cannot be told of it, and why; empty if all is."""

    is_hidden: bool = False
    """Whether whoever asks may not read it, so that it may have keys of which nothing is told."""


def trace(live: Live, owner: Owner, route: Route | None, plan: PlanStatus | None) -> TargetTrace:
    """What each key of a target was made of.

    :param live: the target, of which only the metadata is used.
    :param route: what the spec says of it now; None if it names it no longer.
    :param plan: what status says is held, or planned.
    """
    if not is_ours(live, owner):
        return untold(live.ref, "it is there and is not this sync's: the operator leaves it as it is", route, plan)
    provenance = decode(live.annotations.get(PROVENANCE_ANNOTATION))
    if provenance is None:
        return untold(live.ref, f"it has no annotation {PROVENANCE_ANNOTATION} that can be understood", route, plan)
    if provenance.is_truncated:
        return untold(live.ref, "it has so many keys that its annotation has no room for any of them", route, plan)
    actions = _planned(live.ref, plan)
    keys = tuple(
        _trace(live, key, entry, provenance, route, actions.get(key))
        for key, entry in sorted(provenance.entries.items())
    )
    more = _only_planned(live.ref, plan, provenance.entries.keys())
    return TargetTrace(live.ref, (*keys, *more), _trimmed(provenance))


def _trimmed(provenance: Provenance) -> str:
    if not provenance.trimmed:
        return ""
    return f"its annotation has no room for all keys' {', '.join(provenance.trimmed)}: these are not shown"


def untold(
    ref: TargetRef, why: str, route: Route | None, plan: PlanStatus | None, *, is_hidden: bool = False
) -> TargetTrace:
    """What spec and status alone say of a target that tells nothing itself: its files and texts, and what is held."""
    stated = {} if route is None else {key: _stated(route, key, plan) for key in _whole_keys(route)}
    keys = (*stated.values(), *_only_planned(ref, plan, stated.keys()))
    return TargetTrace(ref, tuple(sorted(keys, key=lambda each: each.key)), why, is_hidden)


def _whole_keys(route: Route) -> frozenset[str]:
    return frozenset(file.key for file in route.files) | route.compose.keys()


def _stated(route: Route, key: str, plan: PlanStatus | None) -> KeyTrace:
    template = route.compose.get(key)
    return KeyTrace(
        route.ref,
        key,
        None,
        next((str(file.format) for file in route.files if file.key == key), None),
        template is not None,
        None if template is None else template.text,
        planned=_planned(route.ref, plan).get(key),
    )


def _planned(ref: TargetRef, plan: PlanStatus | None) -> dict[str, PlannedAction]:
    """What status says is held or planned of a target, by key."""
    actions = plan.actions if plan is not None else ()
    return {action.key: action for action in actions if (action.kind, action.name) == (ref.kind, ref.name)}


def _only_planned(ref: TargetRef, plan: PlanStatus | None, known: Collection[str]) -> Iterator[KeyTrace]:
    """The keys that are not known to be there, and of which status says that they are held or planned."""
    for key, action in sorted(_planned(ref, plan).items()):
        if key not in known:
            yield KeyTrace(ref, key, None, planned=action)


def _trace(
    live: Live, key: str, entry: Entry, provenance: Provenance, route: Route | None, action: PlannedAction | None
) -> KeyTrace:
    template = route.compose.get(key) if route is not None else None
    is_made_from_it = template is not None and how_composed(template) == entry.made
    return KeyTrace(
        live.ref,
        key,
        entry.type,
        entry.made.removeprefix(_FILE) if entry.made.startswith(_FILE) else None,
        entry.parts is not None and not entry.made.startswith(_FILE),
        template.text if template is not None and is_made_from_it else None,
        entry.is_renamed,
        tuple(_part(part, provenance) for part in entry.parameters),
        managers(live, (key,)),
        action,
    )


def _part(entry: Entry, provenance: Provenance) -> Part:
    modified = None if entry.modified is None else datetime.fromtimestamp(entry.modified / 1000, UTC)
    return Part(
        provenance.full_name(entry),
        entry.type,
        entry.version,
        modified,
        provenance.origin_of(entry),
        tuple(
            f"{provenance.origins[source].path.rstrip('/')}/{entry.relative}"
            for source in entry.shadowed
            if source < len(provenance.origins)
        ),
        entry.relative if entry.stored is not None else None,
        tuple(filter(None, entry.made.split(","))),
    )


def chosen(targets: Sequence[TargetTrace], word: str) -> tuple[TargetTrace, ...]:
    """The keys that a word means, and their targets: a key, or the full name of a parameter that they are made of, or
    would be made of if no later source had it as well."""
    found = ((each, tuple(key for key in each.keys if _is_meant(key, word))) for each in targets)
    return tuple(replace(each, keys=keys) for each, keys in found if keys)


def _is_meant(key: KeyTrace, word: str) -> bool:
    names = {name for part in key.parts for name in (part.parameter, *part.shadowed)}
    return word == key.key or word in names or (key.planned is not None and word == key.planned.parameter)


def overlaying(key: KeyTrace, word: str) -> tuple[str, ...]:
    """The full names of the parameters that a key has instead of the parameter that a word means."""
    return tuple(dict.fromkeys(part.parameter for part in key.parts if word in part.shadowed and part.parameter))


def similar(targets: Sequence[TargetTrace], word: str) -> list[str]:
    """Keys and overlaid parameters that look like a word, whatever the case of its letters; or all keys, if few."""
    keys = sorted({key.key for each in targets for key in each.keys})
    shadowed = {name for each in targets for key in each.keys for part in key.parts for name in part.shadowed}
    alike = [*_alike(word.rpartition("/")[2], keys), *_alike(word, sorted(shadowed))][:MOST_SIMILAR]
    return alike or (keys if len(keys) <= MOST_SIMILAR else [])


def _alike(word: str, names: Sequence[str]) -> list[str]:
    by_folded: dict[str, str] = {name.casefold(): name for name in names}
    return [by_folded[name] for name in get_close_matches(word.casefold(), by_folded, MOST_SIMILAR)]
