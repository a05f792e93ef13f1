"""What a live target was last written from, as far as it can be known."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from paramsync.api.sync import ParameterType, TargetKind

from .annotations import decode, decode_plain_keys
from .objects import PLAIN_KEYS_ANNOTATION, PROVENANCE_ANNOTATION, Live
from .provenance import Entry, Origin, Provenance
from .routing import PLAIN


@dataclass(frozen=True, slots=True)
class Before:
    """The keys of a live target that are ours, and what each was written from."""

    provenance: Provenance
    guessed: frozenset[str] = frozenset()
    """Keys that the annotation does not know: they are there under our name, and their type is a guess."""

    is_complete: bool = True
    """False if there may be keys that only a read of the values would show."""

    is_lost: bool = False
    """Whether the annotation is missing or cannot be read."""

    @property
    def entries(self) -> Mapping[str, Entry]:
        """By key."""
        return self.provenance.entries

    @property
    def without_doubt(self) -> "Before":
        """The same, if all is known that its annotation should tell."""
        return replace(self, provenance=replace(self.provenance, is_unsure=False), is_lost=False)

    def origin_of(self, entry: Entry) -> Origin | None:
        """The source that an entry is from, if it is still known."""
        return self.provenance.origin_of(entry)

    def name_of(self, key: str) -> str | None:
        """The full name of the parameter that a key was written from, if it is still known."""
        return self.provenance.name_of(key)

    def names_of(self, key: str) -> tuple[str | None, ...]:
        """The full names of all parameters that a key was written from, as far as they are still known."""
        return self.provenance.names_of(key)


def before(live: Live | None) -> Before:
    """Read it from the live target."""
    if live is None:
        return Before(Provenance((), {}))
    decoded = decode(live.annotations.get(PROVENANCE_ANNOTATION))
    known = decoded or Provenance((), {})
    guessed = frozenset(set(live.data or ()) - live.foreign_keys - known.entries.keys())
    entries = {**known.entries, **dict.fromkeys(guessed, Entry(ParameterType.SECURE_STRING))}
    if live.ref.kind is TargetKind.CONFIG_MAP:
        entries = _plain(entries, decode_plain_keys(live.annotations.get(PLAIN_KEYS_ANNOTATION)))
    # Of its keys a Secret alone knows the names. What went, every target remembers; but a key more may be any.
    is_any = live.ref.kind is TargetKind.SECRET and (decoded is None or bool(guessed and not known.is_truncated))
    is_complete = live.data is not None or (decoded is not None and not decoded.is_truncated)
    provenance = Provenance(known.origins, entries, known.once_secure, known.digests, known.is_unsure or is_any)
    return Before(provenance, guessed, is_complete, is_lost=decoded is None)


def _plain(entries: Mapping[str, Entry], stated: Mapping[str, ParameterType]) -> dict[str, Entry]:
    """A key that is in a ConfigMap under our name was plain when we wrote it, whatever the annotation claims."""
    return {key: _plain_entry(entry, stated.get(key)) for key, entry in entries.items()}


def _plain_entry(entry: Entry, stated: ParameterType | None) -> Entry:
    if entry.parts is None and entry.type in PLAIN:
        return entry
    parts = None if entry.parts is None else tuple(_plain_entry(part, None) for part in entry.parts)
    return replace(entry, type=entry.type if entry.type in PLAIN else _plain_type(stated), parts=parts)


def _plain_type(stated: ParameterType | None) -> ParameterType:
    return stated if stated in PLAIN and stated is not None else ParameterType.STRING
