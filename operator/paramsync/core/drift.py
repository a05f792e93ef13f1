"""Whether a live target is what it should be, and what has to go before it can be."""

from collections.abc import Mapping
from dataclasses import dataclass

from paramsync.api.sync import ParameterType

from .annotations import decode_plain_keys
from .deletion import follows_policy
from .objects import (
    MANAGED_BY,
    MANAGED_BY_LABEL,
    METADATA_ANNOTATION,
    PLAIN_KEYS_ANNOTATION,
    ConfigMapContent,
    Content,
    Live,
    Owner,
    SecretContent,
)
from .values import Decoded


@dataclass(frozen=True, slots=True)
class Seen:
    """What the operator remembers of a target after it wrote it or found it intact."""

    uid: str
    resource_version: str
    revision: str | None
    """What it holds; None if some keys were kept as they were found: perhaps as somebody had changed them."""

    @classmethod
    def holding(cls, content: Content, uid: str, resource_version: str) -> "Seen":
        """What is remembered of a target that holds its content."""
        return cls(uid, resource_version, None if content.kept else content.revision)


def is_untouched(live: Live, seen: Seen | None) -> bool:
    """Whether nobody has changed a target since, so that its values need not be read to know them."""
    return seen is not None and (live.uid, live.resource_version) == (seen.uid, seen.resource_version)


def is_intact(content: Content, live: Live | None, seen: Seen | None, owner: Owner) -> bool:
    """Whether a target holds what it should, so that nothing has to be written."""
    if live is None or not follows_policy(live, owner):
        return False
    if not _has_metadata(content, live):
        return False
    if live.data is None:
        return is_untouched(live, seen) and seen is not None and seen.revision == content.revision
    return (
        dict(live.data) == dict(content.data)
        and live.labels.get(MANAGED_BY_LABEL) == MANAGED_BY
        and (not isinstance(content, SecretContent) or live.type == content.type)
    )


def _has_metadata(content: Content, live: Live) -> bool:
    """Whether a target has all labels and annotations that it is given, and no list of others that would have to go."""
    is_listed = live.annotations.get(METADATA_ANNOTATION, "") == content.annotations.get(METADATA_ANNOTATION, "")
    has_annotations = content.annotations.items() <= live.annotations.items()
    return is_listed and has_annotations and content.labels.items() <= live.labels.items()


def moves(content: Content, live: Live) -> frozenset[str]:
    """The keys of a live target that stand in ``binaryData`` and are to be in ``data``, or the other way round."""
    there = live.data or {}
    keys = content.data.keys() & there.keys()
    return frozenset(
        key for key in keys if isinstance(content.data[key], Decoded) is not isinstance(there[key], Decoded)
    )


@dataclass(frozen=True, slots=True)
class Surplus:
    """Keys that an apply would leave behind: other field managers own them, or they stand in ``binaryData`` and not in
    ``data``, or the other way round."""

    keys: frozenset[str]
    plain_keys: Mapping[str, ParameterType] | None
    """For a ConfigMap: the types of the keys that remain, as an admission policy wants them stated."""


def surplus(content: Content, live: Live) -> Surplus:
    """What must be removed from a live target before the apply.

    With the admission policies bound, an apply onto a ConfigMap with a surplus key is refused as a whole.
    """
    live_data = live.data or {}
    moved = moves(content, live) & live.foreign_keys
    leaving = (live_data.keys() - content.data.keys()) | moved
    if not isinstance(content, ConfigMapContent):
        return Surplus(frozenset(leaving & live.foreign_keys), None)
    stated = decode_plain_keys(live.annotations.get(PLAIN_KEYS_ANNOTATION))
    ours = {key: stated[key] for key in leaving - live.foreign_keys if key in stated}
    remaining = {key: entry.type for key, entry in content.entries.items() if key in live_data.keys() - moved}
    return Surplus(frozenset((leaving - ours.keys()) | moved), {**remaining, **ours})
