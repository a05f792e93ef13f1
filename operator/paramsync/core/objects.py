"""Targets as they are in the cluster (live) and as they should be (content)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from paramsync.api.sync import SecretType

from .provenance import Entry
from .routing import TargetRef
from .values import Decoded, KeyValue, SecureValue

FIELD_MANAGER: Final = "paramsync"
MANAGED_BY_LABEL: Final = "app.kubernetes.io/managed-by"
MANAGED_BY: Final = "paramsync"
SYNC_ANNOTATION: Final = "paramsync.dev/sync"
ADOPT_ANNOTATION: Final = "paramsync.dev/adopt"
"""On an object of somebody else's, by its owner: the name of the sync that it is given to."""

PROVENANCE_ANNOTATION: Final = "paramsync.dev/provenance"
PLAIN_KEYS_ANNOTATION: Final = "paramsync.dev/plain-keys"
METADATA_ANNOTATION: Final = "paramsync.dev/metadata"
"""The names of the labels and annotations that the spec gives a target: ``labels/team annotations/note``."""

OUR_ANNOTATIONS: Final = frozenset({SYNC_ANNOTATION, PROVENANCE_ANNOTATION, PLAIN_KEYS_ANNOTATION, METADATA_ANNOTATION})


@dataclass(frozen=True, slots=True)
class Controller:
    """The owner reference that controls an object."""

    api_version: str
    kind: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class Live:
    """A target as the API server has it."""

    ref: TargetRef
    uid: str
    resource_version: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    controller: Controller | None
    deleting: bool
    data: Mapping[str, KeyValue] | None
    """All keys with their values: secure ones in a Secret, str in a ConfigMap's data, bytes in its
    binaryData. None if only the metadata was read."""

    foreign_keys: frozenset[str] = frozenset()
    """Keys that other field managers own, alone or with us."""

    owners: frozenset[str] = frozenset()
    """The uids of all owner references: when the last of these is gone, so is the object."""

    editors: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The other field managers that hold a data key, our label or one of our annotations, by its name; or a label or an
    annotation that the spec has given, by ``labels/`` or ``annotations/`` and its name."""

    stated: frozenset[str] = frozenset()
    """Of the labels and annotations those that our applies own, alone or with others: ``labels/team``."""

    immutable: bool = False
    type: str | None = None
    """The type of a Secret."""


@dataclass(frozen=True, slots=True)
class SecretContent:
    """What a Secret should hold."""

    ref: TargetRef
    data: Mapping[str, SecureValue]
    entries: Mapping[str, Entry]
    annotations: Mapping[str, str]
    """Ours and those of the spec; those of others stay as they are."""

    revision: str
    type: SecretType = SecretType.OPAQUE
    kept: frozenset[str] = frozenset()
    """Keys that stay as they were found, whatever they hold."""

    labels: Mapping[str, str] = field(default_factory=dict)
    """Those of the spec, beside our own."""

    def __post_init__(self) -> None:
        if not all(isinstance(value, SecureValue) for value in self.data.values()):
            raise TypeError("the content of a Secret holds its values in the secure class")


@dataclass(frozen=True, slots=True)
class ConfigMapContent:
    """What a ConfigMap should hold. It cannot be made from secure values: not for mypy, not at run time."""

    ref: TargetRef
    data: Mapping[str, str | Decoded]
    entries: Mapping[str, Entry]
    annotations: Mapping[str, str]
    """Ours and those of the spec; those of others stay as they are."""

    revision: str
    kept: frozenset[str] = frozenset()
    """Keys that stay as they were found, whatever they hold."""

    labels: Mapping[str, str] = field(default_factory=dict)
    """Those of the spec, beside our own."""

    def __post_init__(self) -> None:
        if not all(type(value) in (str, Decoded) for value in self.data.values()):
            raise TypeError("a ConfigMap holds plain values only")


Content = SecretContent | ConfigMapContent


@dataclass(frozen=True, slots=True)
class Owner:
    """The sync as its targets' owner references and annotations name it, and the namespace of them all."""

    name: str
    uid: str
    namespace: str
    retains: bool = False
    """Whether its targets outlive it: they carry no owner reference to it, and its name in an annotation alone."""
