"""From each key of each target to the parameters that it is made of: all that can be said, without any value.

The annotation on a target says as much of it as fits.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from paramsync.api.sync import ParameterSyncSpec, ParameterType

from .actions import Wish
from .desired import desired
from .effort import TooMuch
from .overlay import Selected
from .parameters import Snapshot
from .provenance import Entry
from .routing import Route, TargetRef


@dataclass(frozen=True, slots=True)
class Origin:
    """A parameter that a key is made of."""

    parameter: str
    """Its full name."""

    type: ParameterType
    version: int
    modified: datetime
    source: str
    """The path of the source that won."""

    shadowed: tuple[str, ...] = ()
    """The full names of the parameters that it overlays, those of the lowest source first."""

    field: str | None = None
    """The relative name of the field that was taken of it; None if all of it was."""

    made: tuple[str, ...] = ()
    """What was done with its value: ``expand``, ``decode``, ``json`` (a StringList as JSON); in this order."""


@dataclass(frozen=True, slots=True)
class KeyOrigin:
    """What a key is made of, and how."""

    target: TargetRef
    key: str
    is_renamed: bool
    """Whether the key is one that ``keys.rename`` gives."""

    file: str | None
    """The format of the file that it is."""

    template: str | None
    """The text of ``compose`` that it is made from."""

    is_secure: bool
    parameters: tuple[Origin, ...]


def explain(spec: ParameterSyncSpec, sync_name: str, snapshots: Sequence[Snapshot]) -> tuple[KeyOrigin, ...]:
    """What every key is made of that the targets should have, by target and key.

    Keys that cannot be made are left out: the plan tells why.

    :param snapshots: one for each source, in the sources' order.
    :raises ValueError: if the spec is not valid, as :func:`paramsync.core.routing.routes` says.
    """
    try:
        asked = desired(spec, sync_name, snapshots)
    except TooMuch:
        return ()
    return tuple(
        _key_origin(each, key, wish, asked.overlay.winners)
        for each in sorted(asked.routes, key=lambda each: each.ref)
        for key, wish in asked.wishes[each.ref].items()
    )


def _key_origin(target: Route, key: str, wish: Wish, winners: Mapping[str, Selected]) -> KeyOrigin:
    file = next((str(file.format) for file in target.files if file.key == key), None)
    template = target.compose[key].text if key in target.compose else None
    is_secure = wish.entry.type is ParameterType.SECURE_STRING
    origins = tuple(_origins(wish, winners))
    return KeyOrigin(target.ref, key, wish.entry.is_renamed, file, template, is_secure, origins)


def _origins(wish: Wish, winners: Mapping[str, Selected]) -> Iterator[Origin]:
    for part, path in zip(wish.entry.parameters, wish.paths, strict=True):
        won = winners[part.relative or ""]
        yield Origin(
            won.name,
            won.type,
            won.parameter.stamp.version,
            won.parameter.stamp.modified.astimezone(UTC),
            path,
            tuple(below.name for below in won.shadowed),
            won.relative if part.stored is not None else None,
            _steps(part),
        )


def _steps(part: Entry) -> tuple[str, ...]:
    return tuple(filter(None, part.made.split(",")))
