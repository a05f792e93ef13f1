"""Our annotations on targets, read again: where each key came from, and the types of the keys of a ConfigMap."""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from paramsync.api.shaping import LONGEST_NAME
from paramsync.api.sync import ParameterType

from .digests import parted
from .provenance import CODES, FORMAT, TRIMMED, Compact, Entry, Origin, Provenance

_TYPES: Final = {code: kind for kind, code in CODES.items()}

MOST_PARTS: Final = 100_000
"""Parameters that a key may be said to be made of."""

LAST_MOMENT: Final = 253_402_300_799_999
"""Milliseconds since the epoch: the end of the year 9999. No version is higher either."""

_Name = Annotated[str, Field(max_length=LONGEST_NAME)]

_Word = Annotated[str, Field(max_length=128)]


class _Source(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    path: _Name
    account: _Word | None
    region: _Word
    label: _Word | None = None
    store: Annotated[str, Field(max_length=320)] | None = None


class _Document(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    v: int
    sources: tuple[_Source, ...]
    trimmed: tuple[str, ...] = ()
    once_secure: Annotated[frozenset[_Name], Field(alias="onceSecure")] = frozenset()
    secure_digests: Annotated[str | None, Field(alias="secureDigests")] = None
    unsure: bool = False
    keys: dict[Annotated[str, Field(max_length=253)], Compact]


def decode(annotation: str | None) -> Provenance | None:
    """Read the annotation; None where it is missing, damaged or of another format.

    A key without provenance counts as secure, so a damaged annotation can only make the operator stricter. What no
    parameter and no key can be called or dated is not understood either: it would fit into no status.
    """
    if annotation is None:
        return None
    try:
        document = _Document.model_validate_json(annotation)
        entries = {key: _entry(parts) for key, parts in document.keys.items()}
        digests = parted(document.secure_digests or "")
    except (ValidationError, KeyError, ValueError):
        return None
    if document.v != FORMAT:
        return None
    origins = tuple(Origin(each.path, each.account, each.region, each.label, each.store) for each in document.sources)
    trimmed = tuple(word for word in TRIMMED if word in document.trimmed)
    is_unsure = document.unsure or (document.secure_digests is None and _lacks_names(document, entries))
    return Provenance(origins, entries, document.once_secure, digests, is_unsure, TRIMMED[-1] in trimmed, trimmed)


def _lacks_names(document: _Document, entries: Mapping[str, Entry]) -> bool:
    """Whether names of SecureStrings were dropped: earlier versions of the operator told no digests of them."""
    parts = (part for entry in entries.values() for part in entry.parameters)
    is_any = any(part.type is ParameterType.SECURE_STRING and part.relative is None for part in parts)
    return is_any or TRIMMED[-1] in document.trimmed


def _entry(compact: Compact) -> Entry:
    facts, told = (compact[:-1], compact[-1]) if compact and isinstance(compact[-1], dict) else (compact, {})
    code, source, relative, version, modified = (*facts, None, None, None, None)[:5]
    made, stored, parts = (*facts[5:8], None, None, None)[:3] if len(facts) > 5 else (None, None, None)
    if not isinstance(code, str):
        raise ValueError("an entry begins with a type")  # noqa: TRY004  (a damaged document, not a caller's mistake)
    kind = _TYPES[code]
    return Entry(
        kind,
        _number(source),
        _name(relative),
        _number(version),
        _number(modified),
        made if isinstance(made, str) else "",
        _name(stored),
        _parts(parts, kind),
        _sources(told.get("shadowed")),
        told.get("renamed") is True,
    )


def _parts(parts: JsonValue, kind: ParameterType) -> tuple[Entry, ...] | None:
    """What a key was made of. Of how many is all that is left after trimming: each may have been of the key's type."""
    if isinstance(parts, list):
        return tuple(_entry(part if isinstance(part, list) else []) for part in parts)
    count = _number(parts)
    return None if count is None else (Entry(kind),) * min(count, MOST_PARTS)


def _sources(part: JsonValue) -> tuple[int, ...]:
    numbers = map(_number, part if isinstance(part, list) else ())
    return tuple(number for number in numbers if number is not None)


def _name(part: JsonValue) -> str | None:
    return part if isinstance(part, str) and len(part) <= LONGEST_NAME else None


def _number(part: JsonValue) -> int | None:
    return part if isinstance(part, int) and not isinstance(part, bool) and 0 <= part <= LAST_MOMENT else None


def encode_plain_keys(types: Mapping[str, ParameterType]) -> str:
    """The annotation ``paramsync.dev/plain-keys``, which an admission policy checks: ``k=String k2=StringList``."""
    return " ".join(f"{key}={kind}" for key, kind in sorted(types.items()))


def decode_plain_keys(annotation: str | None) -> dict[str, ParameterType]:
    """Read the annotation; what is not of its form is left out."""
    pairs = (pair.partition("=") for pair in (annotation or "").split(" "))
    return {key: ParameterType(kind) for key, _, kind in pairs if key and kind in set(ParameterType)}
