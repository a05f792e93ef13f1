"""Where each key of a target came from, as an annotation on the target.

It is the operator's memory: which parameter, type, version and date a key was last written from, so that a
restart forgets nothing and a person sees where a value came from. A header is never trimmed, and neither are the
names of SecureStrings that went, as far as they are remembered; where they would not fit, entries lose first what their
parameters overlay and whether a key was renamed, then dates, versions, names, their types last, and it says so. Of the
names of SecureStrings digests stay, by which one that comes back as a plain value is known again.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from pydantic import JsonValue

from paramsync.api.sync import ParameterType

from .digests import LENGTH, digest_of, joined
from .parameters import Stamp

FORMAT: Final = 1
TRIMMED: Final = ("overlays", "dates", "versions", "names", "types")
"""What trimming drops, in this order; the number dropped is the level."""

NAMES_GO: Final = 4
"""The level from which on names are dropped."""

MOST_ONCE_SECURE: Final = 16 * 1024
"""Bytes for the names of SecureStrings that went; of more, the last ones in the alphabet are forgotten."""

MOST_DIGESTS: Final = MOST_ONCE_SECURE // LENGTH
"""The number of SecureStrings that went of which digests alone are remembered."""

CODES: Final = {
    ParameterType.STRING: "S",
    ParameterType.STRING_LIST: "L",
    ParameterType.SECURE_STRING: "E",
}


@dataclass(frozen=True, slots=True)
class Origin:
    """A source as the header names it."""

    path: str
    account: str | None
    region: str
    label: str | None = None
    """The label of the versions that were read; None for the newest ones."""

    store: str | None = None
    """Kind and name of the store. None in what older versions wrote."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a key was written from. What trimming dropped is None."""

    type: ParameterType
    source: int | None = None
    relative: str | None = None
    version: int | None = None
    modified: int | None = None
    """Milliseconds since the epoch: the precision in which SSM gives dates."""

    made: str = ""
    """How the value was made of the parameters'; empty where it is one of theirs as it is."""

    stored: str | None = None
    """The relative name of the parameter where ``relative`` is that of a field of it."""

    parts: "tuple[Entry, ...] | None" = None
    """Of a key that is made of several parameters: these. It has no source, name, version or date of its own."""

    shadowed: tuple[int, ...] = ()
    """The sources that have the relative name, too, and are overlaid, in their order. Only told: of two entries that
    differ in nothing else, no key is written anew."""

    is_renamed: bool = False
    """Whether ``keys.rename`` gives the key. Only told, too."""

    @classmethod
    def of(
        cls,
        source: int,
        relative: str,
        stamp: Stamp,
        made: str = "",
        stored: str | None = None,
        shadowed: tuple[int, ...] = (),
        *,
        is_renamed: bool = False,
    ) -> "Entry":
        """The entry of a key that is made of one parameter."""
        modified = milliseconds(stamp.modified)
        return cls(stamp.type, source, relative, stamp.version, modified, made, stored, None, shadowed, is_renamed)

    @property
    def parameters(self) -> "tuple[Entry, ...]":
        """What the key was made of, by parameter."""
        return (self,) if self.parts is None else self.parts

    @property
    def relative_names(self) -> frozenset[str]:
        """The relative name, and that of the parameter where it is one of a field; as far as they are known."""
        return frozenset(name for name in (self.relative, self.stored) if name is not None)


@dataclass(frozen=True, slots=True)
class Provenance:
    """The origins and, by key, what each key was written from."""

    origins: tuple[Origin, ...]
    entries: Mapping[str, Entry]
    once_secure: frozenset[str] = frozenset()
    """Relative names of SecureStrings that went: should one come back as a plain value, it is held."""

    digests: frozenset[str] = frozenset()
    """Digests of the relative names of SecureStrings whose names are not told, be they there or gone."""

    is_unsure: bool = False
    """Whether there were SecureStrings, or may have been, of which nothing is known any more."""

    is_truncated: bool = False
    """Whether it was trimmed to the header, so that it says nothing of the keys."""

    trimmed: tuple[str, ...] = field(default=(), compare=False)
    """What was dropped of the annotation that it was read from, by the words of :data:`TRIMMED`."""

    def origin_of(self, entry: Entry) -> Origin | None:
        """The source that an entry is from, if it is still known."""
        if entry.source is None or entry.source >= len(self.origins):
            return None
        return self.origins[entry.source]

    def full_name(self, entry: Entry) -> str | None:
        """The full name of the parameter of an entry, if it is still known."""
        origin, relative = self.origin_of(entry), entry.stored or entry.relative
        if origin is None or relative is None:
            return None
        return f"{origin.path.rstrip('/')}/{relative}"

    def name_of(self, key: str) -> str | None:
        """The full name of the parameter that a key was written from, if it is one, and still known."""
        entry = self.entries.get(key)
        return None if entry is None else self.full_name(entry)

    def names_of(self, key: str) -> tuple[str | None, ...]:
        """The full names of all parameters that a key was written from, as far as they are still known."""
        entry = self.entries.get(key)
        return () if entry is None else tuple(self.full_name(part) for part in entry.parameters)

    def encode(self, most: int) -> str:
        """The annotation, trimmed to so many bytes as far as trimming goes."""
        last = len(TRIMMED)
        for level in range(last + 1):
            text = self._encode(level)
            if len(text.encode()) <= most:
                return text
        text = self._encode(NAMES_GO, forgets=True)
        return text if len(text.encode()) <= most else self._encode(last, forgets=True)

    def _encode(self, level: int, *, forgets: bool = False) -> str:
        """The annotation at a level of trimming.

        :param forgets: whether there is no room for digests of names either.
        """
        digests = None if forgets else self._digests_at(level)
        document: dict[str, JsonValue] = {
            "v": FORMAT,
            "sources": [dict(_header(origin)) for origin in self.origins],
            "trimmed": list(self._trimmed(level)),
            **({"onceSecure": list(_bounded(self.once_secure))} if self.once_secure else {}),
            **({"secureDigests": joined(digests)} if digests is not None else {}),
            **({"unsure": True} if self.is_unsure or forgets else {}),
            "keys": {key: _compact(entry, level) for key, entry in self.entries.items()}
            if level < len(_KEPT_FACTS)
            else {},
        }
        return json.dumps(document, separators=(",", ":"), ensure_ascii=False)

    def _digests_at(self, level: int) -> frozenset[str] | None:
        """What is told of names that are not told; None if that is nothing."""
        if level < NAMES_GO:
            return self.digests or None
        parts = (part for entry in self.entries.values() for part in entry.parameters)
        return self.digests.union(
            digest_of(name)
            for part in parts
            if part.type is ParameterType.SECURE_STRING
            for name in part.relative_names
        )

    def _trimmed(self, level: int) -> tuple[str, ...]:
        steps = TRIMMED[:level]
        tells_more = bool(steps) and any(
            _told(part) for entry in self.entries.values() for part in (entry, *entry.parameters)
        )
        return steps if tells_more else steps[1:]


def _bounded(names: frozenset[str]) -> list[str]:
    """As many names as are remembered."""
    room = MOST_ONCE_SECURE
    kept = []
    for name in sorted(names):
        room -= len(name) + 3
        if room < 0:
            break
        kept.append(name)
    return kept


def _header(origin: Origin) -> dict[str, str | None]:
    known = {"path": origin.path, "account": origin.account, "region": origin.region}
    more = {"label": origin.label, "store": origin.store}
    return known | {name: text for name, text in more.items() if text is not None}


def milliseconds(moment: datetime) -> int:
    """Milliseconds since the epoch."""
    return round(moment.astimezone(UTC).timestamp() * 1000)


_KEPT_FACTS: Final = (5, 5, 4, 3, 1)

Compact = list[JsonValue]
"""An entry in the annotation: type, source, name, version and date; then, where there is more to say than that, how it
was made, the name of the parameter of which it is a field, and the entries it was made of, or how many there were. At
its end, where there is any of it: an object with what its parameter overlays, and whether its key was renamed."""


def _compact(entry: Entry, level: int) -> Compact:
    told = _told(entry) if level == 0 else []
    kept = _KEPT_FACTS[level]
    facts: Compact = [CODES[entry.type], entry.source, entry.relative, entry.version, entry.modified]
    if not entry.made:
        return [*facts[:kept], *told]
    facts[kept:] = [None] * (len(facts) - kept)
    stored = entry.stored if kept > 1 else None
    if entry.parts is None:
        return [*facts, entry.made, stored, *told]
    parts: JsonValue = [_compact(part, level) for part in entry.parts] if kept > 1 else len(entry.parts)
    return [*facts, entry.made, stored, parts, *told]


def _told(entry: Entry) -> Compact:
    shadowed: dict[str, JsonValue] = {"shadowed": list(entry.shadowed)} if entry.shadowed else {}
    renamed: dict[str, JsonValue] = {"renamed": True} if entry.is_renamed else {}
    return [shadowed | renamed] if shadowed or renamed else []
