"""From the parameters of a target to its content.

:func:`render_config_map` takes plain values only: a secure one is an error in mypy, and an exception at run time.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from paramsync.api.sync import SecretType, TargetKind

from .annotations import encode_plain_keys
from .metadata import Given
from .objects import (
    PLAIN_KEYS_ANNOTATION,
    PROVENANCE_ANNOTATION,
    SYNC_ANNOTATION,
    ConfigMapContent,
    Content,
    SecretContent,
)
from .provenance import Entry, Origin, Provenance
from .routing import PLAIN, TargetRef
from .sizes import MOST_ANNOTATION_BYTES, annotation_bytes
from .values import Decoded, KeyValue, SecureValue


@dataclass(frozen=True, slots=True)
class OnceSecure:
    """What targets are to remember of the SecureStrings that went, and have not come back."""

    names: frozenset[str] = frozenset()
    """Relative names."""

    digests: frozenset[str] = frozenset()
    """Digests of relative names that are not known any more."""

    is_unsure: bool = False
    """Whether there may be more, of which nothing is known."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What a target's annotations say of the sync as a whole."""

    sync: str
    """The sync's name."""

    origins: tuple[Origin, ...]
    once_secure: OnceSecure = OnceSecure()


NOTHING_GIVEN: Final = Given()
"""Of a spec that gives a target no labels and annotations."""

Rendered = Mapping[str, tuple[Entry, KeyValue]]
"""By key: where the value came from, and the value."""


def render(
    ref: TargetRef,
    rendered: Rendered,
    memory: Memory,
    foreign_annotation_bytes: int,
    secret_type: SecretType = SecretType.OPAQUE,
    given: Given = NOTHING_GIVEN,
) -> Content:
    """The content of a target.

    :raises TypeError: if a ConfigMap would take a secure value; routing never lets one come here.
    """
    entries = {key: entry for key, (entry, _) in rendered.items()}
    room = MOST_ANNOTATION_BYTES - foreign_annotation_bytes
    if ref.kind is TargetKind.SECRET:
        secure = {key: SecureValue.over(value) for key, (_, value) in rendered.items()}
        return render_secret(ref, secure, entries, memory, room, secret_type, given)
    return render_config_map(
        ref, {key: _plain(key, value) for key, (_, value) in rendered.items()}, entries, memory, room, given
    )


def render_secret(
    ref: TargetRef,
    data: Mapping[str, SecureValue],
    entries: Mapping[str, Entry],
    memory: Memory,
    room: int = MOST_ANNOTATION_BYTES,
    secret_type: SecretType = SecretType.OPAQUE,
    given: Given = NOTHING_GIVEN,
) -> SecretContent:
    """The content of a Secret, with its annotations in so many bytes."""
    annotations = _annotated(given.annotations, entries, memory, room)
    revision = revision_of(entries, memory, secret_type)
    return SecretContent(ref, data, entries, annotations, revision, secret_type, labels=given.labels)


def render_config_map(
    ref: TargetRef,
    data: Mapping[str, str | Decoded],
    entries: Mapping[str, Entry],
    memory: Memory,
    room: int = MOST_ANNOTATION_BYTES,
    given: Given = NOTHING_GIVEN,
) -> ConfigMapContent:
    """The content of a ConfigMap, with its annotations in so many bytes.

    :raises TypeError: for a value that is not plain, or an entry whose type is not.
    """
    if not all(entry.type in PLAIN for entry in entries.values()) or data.keys() != entries.keys():
        raise TypeError("every key of a ConfigMap has a plain source")
    fixed = {PLAIN_KEYS_ANNOTATION: encode_plain_keys({key: entry.type for key, entry in entries.items()})}
    annotations = _annotated({**given.annotations, **fixed}, entries, memory, room)
    return ConfigMapContent(ref, data, entries, annotations, revision_of(entries, memory), labels=given.labels)


def _plain(key: str, value: KeyValue) -> str | Decoded:
    if not isinstance(value, str | Decoded) or type(value) not in (str, Decoded):
        raise TypeError(f"the key {key} of a ConfigMap would hold a secure value")
    return value


def _annotated(own: Mapping[str, str], entries: Mapping[str, Entry], memory: Memory, room: int) -> dict[str, str]:
    fixed = {**own, SYNC_ANNOTATION: memory.sync}
    left = room - annotation_bytes(fixed) - len(PROVENANCE_ANNOTATION)
    once = memory.once_secure
    provenance = Provenance(memory.origins, entries, once.names, once.digests, once.is_unsure)
    return {**fixed, PROVENANCE_ANNOTATION: provenance.encode(left)}


def revision_of(entries: Mapping[str, Entry], memory: Memory, secret_type: SecretType = SecretType.OPAQUE) -> str:
    """A digest over what keys are made from, and what is remembered beside: names, types, versions and dates; never
    over values."""
    facts: list[object] = [
        [[each.path, each.account, each.region, each.label, each.store] for each in memory.origins],
        [[key, *_facts(entry)] for key, entry in sorted(entries.items())],
    ]
    if secret_type is not SecretType.OPAQUE:
        facts.append(secret_type)
    once = memory.once_secure
    if once != OnceSecure():
        facts.append([sorted(once.names), sorted(once.digests), once.is_unsure])
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def _facts(entry: Entry) -> list[object]:
    facts: list[object] = [entry.type, entry.source, entry.relative, entry.version, entry.modified]
    if entry.made:
        facts += [entry.made, entry.stored, [_facts(part) for part in entry.parts or ()]]
    return facts
