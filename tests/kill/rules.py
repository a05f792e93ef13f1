"""What must be true of every event that a reader of the targets sees. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.kill.lives import PLAIN, SECURE, TAGS, Life, Value, Waits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.aws.names import ParameterType

Ref = tuple[str, str]
"""Kind and name of a target."""


def key_of(name: str) -> str:
    """The key that a parameter gives: their names have small letters, digits and hyphens."""
    return name.rpartition("/")[2].upper().replace("-", "_")


@dataclass(frozen=True)
class Event:
    """What a watch showed of a target."""

    version: int
    """Its resourceVersion. They are numbers of one row for Secrets and ConfigMaps, though no API promises it."""

    at: float
    """When it arrived, on the clock of the parameters' lives."""

    ref: Ref
    data: Mapping[str, str] | None
    """In clear; None if it is gone."""


@dataclass
class Sync:
    """A sync whose targets are renamed, added and dropped, but always of the same kinds."""

    name: str
    paths: Sequence[str]
    """A later one overlays an earlier one."""

    kinds: Sequence[str]
    targets: list[tuple[float, frozenset[Ref]]] = field(default_factory=list)
    """What its spec named, and from when on."""

    def types(self, kind: str) -> frozenset[ParameterType]:
        """What a target of a kind takes."""
        if kind == "ConfigMap":
            return frozenset({PLAIN})
        return frozenset({SECURE} if "ConfigMap" in self.kinds else {SECURE, PLAIN})

    def named(self, at: float) -> frozenset[Ref]:
        """The targets that its spec names at a moment."""
        return next(refs for since, refs in reversed(self.targets) if since <= at)

    def owns(self, ref: Ref) -> bool:
        """Whether a target is one of its own: they begin with its name."""
        return ref[1].startswith(f"{self.name}-")

    def names(self, key: str) -> list[str]:
        """The parameters that would give a key."""
        return [f"{path}/{key.lower().replace('_', '-')}" for path in self.paths]


@dataclass
class Judge:
    """Looks at the events in their order, and says which rules they break."""

    syncs: Sequence[Sync]
    lives: Mapping[str, Life]
    waits: Waits

    _targets: dict[Ref, Mapping[str, str]] = field(default_factory=dict)
    _lost_at: dict[Ref, dict[str, float]] = field(default_factory=dict)
    """When which key went."""

    def broken(self, events: Sequence[Event]) -> list[str]:
        """What was wrong, event by event."""
        return [wrong for event in sorted(events, key=lambda each: each.version) for wrong in self._take(event)]

    def _take(self, event: Event) -> list[str]:
        sync = next(each for each in self.syncs if each.owns(event.ref))
        before = self._targets.get(event.ref, {})
        if event.data is None:
            self._targets.pop(event.ref, None)
            self._lost_at.pop(event.ref, None)
            return list(self._gone(event, sync))
        self._targets[event.ref] = event.data
        return [
            *self._lost(event, sync, before.keys() - event.data.keys()),
            *self._returned(event, sync, event.data.keys() - before.keys()),
            *self._lacking(event, sync, event.data),
            *_shown(event, event.data),
            *_older(event, before, event.data),
        ]

    def _gone(self, event: Event, sync: Sync) -> Iterator[str]:
        named = sync.named(event.at)
        if event.ref in named:
            yield _told(event, "was deleted, and the spec names it")
        for ref in sorted(named - self._targets.keys()):
            yield _told(event, f"was deleted before {ref[0]} {ref[1]} was there, which the spec names")

    def _lost(self, event: Event, sync: Sync, keys: set[str]) -> Iterator[str]:
        types = sync.types(event.ref[0])
        for key in sorted(keys):
            self._lost_at.setdefault(event.ref, {})[key] = event.at
            lives = self._lives(sync, key)
            if not all(life.lacked(types, event.at, self.waits) for life in lives):
                told = " and ".join(life.told(event.at) for life in lives)
                yield _told(event, f"lost {key}, whose parameter was {told}")
            moved = event.ref[0] == "ConfigMap" and any(life.is_secure(event.at) for life in lives)
            if moved and "Secret" in sync.kinds and not self._in_a_secret(sync, key):
                yield _told(event, f"lost {key}, which is a SecureString now, before a Secret had it")

    def _returned(self, event: Event, sync: Sync, keys: set[str]) -> Iterator[str]:
        types = sync.types(event.ref[0])
        for key in sorted(keys):
            since = self._lost_at.get(event.ref, {}).get(key, 0.0)
            if not any(life.stood(types, since, event.at) for life in self._lives(sync, key)):
                yield _told(event, f"got {key} again, whose parameter did not come back")

    def _lives(self, sync: Sync, key: str) -> list[Life]:
        return [self.lives[name] for name in sync.names(key) if name in self.lives]

    def _in_a_secret(self, sync: Sync, key: str) -> bool:
        return any(ref[0] == "Secret" and sync.owns(ref) and key in data for ref, data in self._targets.items())

    def _lacking(self, event: Event, sync: Sync, data: Mapping[str, str]) -> Iterator[str]:
        types = sync.types(event.ref[0])
        read = {name: life for name, life in self.lives.items() if name.rpartition("/")[0] in sync.paths}
        steadfast = {key_of(name) for name, life in read.items() if life.is_steadfast(types)}
        for key in sorted(steadfast - data.keys()):
            yield _told(event, f"lacks {key}, whose parameter has always been there")


def _shown(event: Event, data: Mapping[str, str]) -> Iterator[str]:
    for key, text in data.items():
        if event.ref[0] == "ConfigMap" and Value.read(text).tag == TAGS[SECURE]:
            yield _told(event, f"shows {key}, which is a SecureString")


def _older(event: Event, before: Mapping[str, str], data: Mapping[str, str]) -> Iterator[str]:
    for key in sorted(before.keys() & data.keys()):
        old, new = Value.read(before[key]), Value.read(data[key])
        if old.name == new.name and new.number < old.number:
            yield _told(event, f"got an older value of {key} again: {new.number} after {old.number}")


def _told(event: Event, what: str) -> str:
    return f"{event.ref[0]} {event.ref[1]} at {event.version} {what}"
