"""What ``paramsync explain`` shows: as text for people, and as a document for programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from paramsync.api.status import ConditionType
from paramsync.core.asking import ready
from paramsync.core.clock import timestamp
from paramsync.core.freshness import Asked, hindrances, of_key, remarks, rhythm
from paramsync.core.news import by_key, news
from paramsync.core.tracing import overlaying

from .output import printable, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic import JsonValue

    from paramsync.core.provenance import Origin
    from paramsync.core.tracing import KeyTrace, Part, TargetTrace
    from paramsync.kube.wire import CustomObject
    from paramsync.runtime.preview.origins import Origins
    from paramsync.runtime.syncs import Sync

HEADERS = ("TARGET", "KEY", "PARAMETER", "TYPE", "VERSION", "MODIFIED", "OVERLAYS", "MADE BY")
UNKNOWN = "?"
"""Of what the annotation had no room for."""

NOTHING_HINDERS = "The sync tells of nothing that hinders it; whether the operator runs, paramsync doctor says:"


@dataclass(frozen=True, slots=True)
class Explained:
    """A sync and its targets, with what keeps them from being newer."""

    sync: Sync
    targets: Sequence[TargetTrace]
    hindrances: Sequence[str]
    rhythm: Sequence[str]
    origins: Origins | None = None
    """What Parameter Store has now, if it was asked."""

    word: str = ""
    """The key or parameter that was asked for; empty if all were."""

    @classmethod
    def of(
        cls,
        found: CustomObject,
        sync: Sync,
        targets: Sequence[TargetTrace],
        origins: Origins | None = None,
        word: str = "",
    ) -> Explained:
        """What is known of a sync that was read."""
        is_deleting = found.metadata.deletion_timestamp is not None
        asked = Asked(sync.spec, sync.invalid, sync.generation, sync.refresh, is_deleting)
        when = () if sync.spec is None else rhythm(sync.spec)
        return cls(sync, targets, hindrances(asked, sync.status), when, origins, word)

    def document(self) -> JsonValue:
        """For programs."""
        condition = self.sync.status.condition(ConditionType.READY)
        return {
            "namespace": self.sync.key.namespace,
            "name": self.sync.key.name,
            "ready": None if condition is None else condition.status,
            "reason": None if condition is None else condition.reason,
            "message": ready(self.sync.status),
            "lastAppliedTime": self.sync.status.last_applied_time,
            "hindrances": [*self.hindrances],
            "rhythm": [*self.rhythm],
            "targets": [self._target(each) for each in self.targets],
            **({} if self.origins is None else {"problems": [each.message for each in self.origins.problems]}),
        }

    def _target(self, target: TargetTrace) -> JsonValue:
        return {
            "kind": str(target.ref.kind),
            "name": target.ref.name,
            "unknown": target.unknown or None,
            "keys": [self._key(each) for each in target.keys],
        }

    def _key(self, key: KeyTrace) -> JsonValue:
        return {
            "key": key.key,
            "type": None if key.type is None else str(key.type),
            "made": [*steps(key)],
            "template": key.template,
            "parameters": [_parameter(part) for part in key.parts],
            "hindrances": [*self._of_key(key)],
            "remarks": [*remarks(key, self.sync.status)],
            **({} if self.origins is None else {"news": [*self._news(key)]}),
        }

    def _of_key(self, key: KeyTrace) -> Sequence[str]:
        spec = self.sync.spec
        over = overlaying(key, self.word)
        overlaid = [f"{self.word} is overlaid by {', '.join(over)}, which this key has instead"] if over else []
        return [*overlaid, *of_key(key, self.sync.status, only_plans=spec is not None and spec.only_plans)]

    def _news(self, key: KeyTrace) -> Sequence[str]:
        """What Parameter Store has of a key that the cluster has not."""
        if self.origins is None or self.origins.problems:
            return ()
        return news(key, by_key(self.origins.keys))

    def overview(self) -> str:
        """For people: all keys, a row for each parameter of each."""
        rows = [
            (str(key.target), key.key, *_cells(part), ", ".join(_how(key, part)))
            for key in self._keys()
            for part in key.parts or (None,)
        ]
        return _text(self._head(), table(HEADERS, [[*map(printable, row)] for row in rows]), self._why())

    def details(self) -> str:
        """For people: few keys, and all that is known of each."""
        blocks = [table((), [*_details(key)]) for key in self._keys()]
        return _text(self._head(), "\n\n".join(blocks), self._why())

    def _keys(self) -> Iterator[KeyTrace]:
        return (key for target in self.targets for key in target.keys)

    def _head(self) -> str:
        status = self.sync.status
        condition = status.condition(ConditionType.READY)
        is_ready = "Unknown" if condition is None else condition.status
        lines = [f"{self.sync.key}: Ready={is_ready}; {ready(status)}"]
        if status.last_applied_time is not None:
            lines.append(f"Its targets were last changed at {status.last_applied_time}.")
        lines += [f"{each.ref}: {each.unknown}." for each in self.targets if each.unknown]
        return "\n".join(map(printable, lines))

    def _why(self) -> str:
        of_keys = (f"{key.target}, {key.key}: {each}" for key in self._keys() for each in self._of_key(key))
        found = [*of_keys, *self.hindrances]
        hidden = (f"{each.ref}: what stands in it is not known here" for each in self.targets if each.is_hidden)
        title = "Why it is not newer:" if found else NOTHING_HINDERS
        lines = [title, *(f"- {each}" for each in (*found, *hidden, *self.rhythm))]
        return _text(
            *("\n".join(map(printable, each)) for each in (lines, self._remarks(), self._in_parameter_store()))
        )

    def _remarks(self) -> Iterator[str]:
        """What is worth knowing of the keys, and hinders nothing."""
        told = [f"- {key.target}, {key.key}: {each}" for key in self._keys() for each in remarks(key, self.sync.status)]
        if told:
            yield "What else is said of it:"
        yield from told

    def _in_parameter_store(self) -> Iterator[str]:
        """What Parameter Store has, if it was asked."""
        if self.origins is None:
            return
        yield "In Parameter Store:"
        if self.origins.problems:
            yield from (f"- it cannot be told: {each.message}" for each in self.origins.problems)
            return
        told = [f"- {key.target}, {key.key}: {each}" for key in self._keys() for each in self._news(key)]
        yield from told or ["- nothing that is newer"]


def _text(*parts: str) -> str:
    return "\n\n".join(filter(None, parts))


def _details(key: KeyTrace) -> Iterator[tuple[str, str]]:
    facts = [
        ("KEY", f"{key.key} of {key.target}"),
        ("MADE BY", ", ".join(steps(key))),
        ("TEMPLATE", key.template or ""),
    ]
    for part in key.parts:
        parameter, kind, version, modified, overlays = _cells(part)
        facts += [
            ("PARAMETER", parameter),
            ("  TYPE", kind),
            ("  VERSION", f"{version} of {modified}"),
            ("  SOURCE", UNKNOWN if part.source is None else place(part.source)),
            ("  OVERLAYS", overlays),
            ("  MADE BY", ", ".join(part.made)),
        ]
    yield from ((label, printable(text)) for label, text in facts if text)


def steps(key: KeyTrace) -> Iterator[str]:
    """How a key was made, beside what was done with the values of its parameters."""
    if key.is_renamed:
        yield "rename"
    if key.file is not None:
        yield f"file {key.file}"
    if key.is_composed:
        yield "compose"


def _how(key: KeyTrace, part: Part | None) -> Iterator[str]:
    if part is not None:
        yield from part.made
    yield from steps(key)


def _cells(part: Part | None) -> tuple[str, ...]:
    if part is None:
        return "", "", "", "", ""
    field = f" ({part.field})" if part.field is not None else ""
    return (
        f"{part.parameter or UNKNOWN}{field}",
        str(part.type),
        UNKNOWN if part.version is None else str(part.version),
        UNKNOWN if part.modified is None else timestamp(part.modified),
        ", ".join(part.shadowed),
    )


def _parameter(part: Part) -> JsonValue:
    return {
        "name": part.parameter,
        "type": str(part.type),
        "version": part.version,
        "modified": None if part.modified is None else timestamp(part.modified),
        "source": None if part.source is None else _source(part.source),
        "shadowed": [*part.shadowed],
        "field": part.field,
        "made": [*part.made],
    }


def _source(origin: Origin) -> JsonValue:
    return {
        "path": origin.path,
        "account": origin.account,
        "region": origin.region,
        "label": origin.label,
        "store": origin.store,
    }


def place(origin: Origin) -> str:
    """A source in words."""
    label = f", versions with the label {origin.label}" if origin.label is not None else ""
    store = f", store {origin.store}" if origin.store is not None else ""
    return f"{origin.path} in account {origin.account or 'unknown'}, {origin.region}{store}{label}"
