"""Objects as the model holds them: an identity, and leaves by path. A body is made from these, and read into them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from .ownership import Managers, to_wire

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .ownership import Path

Json = dict[str, Any]

GROUP = "paramsync.dev/v1alpha1"
KINDS = {
    "secrets": ("v1", "Secret"),
    "configmaps": ("v1", "ConfigMap"),
    "parametersyncs": (GROUP, "ParameterSync"),
    "clusterparameterstores": (GROUP, "ClusterParameterStore"),
    "parameterstores": (GROUP, "ParameterStore"),
}
PARTIAL = {"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata"}

MAPS: tuple[Path, ...] = (("data",), ("binaryData",), ("metadata", "labels"), ("metadata", "annotations"))
OWNERS: Path = ("metadata", "ownerReferences")
FINALIZERS: Path = ("metadata", "finalizers")
WHOLE: tuple[Path, ...] = (("type",), ("immutable",), ("spec",), ("status",))
"""What is one leaf here. The real server looks into spec and status; who owns what in there is nobody's question."""

Leaves = dict["Path", Any]


class Place(NamedTuple):
    """Where an object is."""

    plural: str
    namespace: str
    name: str


@dataclass(frozen=True)
class Stored:
    """An object in one version. Nothing of it is ever changed in place."""

    place: Place
    uid: str
    created: str
    version: int = 0
    generation: int | None = None
    """Of our own kinds only."""

    deleting: str | None = None
    """When its deletion was asked for, if it waits for finalizers."""

    leaves: Leaves = field(default_factory=dict)
    managers: Managers = field(default_factory=dict)

    @cached_property
    def metadata(self) -> Json:
        """Its metadata as it is sent."""
        place = self.place
        made: Json = {"name": place.name, "uid": self.uid, "resourceVersion": str(self.version)}
        made |= {"namespace": place.namespace} if place.namespace else {}
        made |= {"creationTimestamp": self.created}
        made |= {"generation": self.generation} if self.generation is not None else {}
        made |= {"deletionTimestamp": self.deleting} if self.deleting is not None else {}
        made |= self._nested.get("metadata", {})
        if self.managers:
            made["managedFields"] = to_wire(self.managers, KINDS[place.plural][0])
        return made

    @cached_property
    def body(self) -> Json:
        """The whole object as it is sent."""
        version, kind = KINDS[self.place.plural]
        return {"apiVersion": version, "kind": kind, **self._nested, "metadata": self.metadata}

    @cached_property
    def text(self) -> bytes:
        """The whole object as bytes."""
        return json.dumps(self.body).encode()

    @cached_property
    def partial(self) -> bytes:
        """Its metadata alone as bytes."""
        return json.dumps({**PARTIAL, "metadata": self.metadata}).encode()

    @property
    def owners(self) -> list[Json]:
        """Its owner references."""
        return [leaf for path, leaf in self.leaves.items() if path[:2] == OWNERS]

    @property
    def finalizers(self) -> list[str]:
        """What must happen before it is gone."""
        return [leaf for path, leaf in self.leaves.items() if path[:2] == FINALIZERS]

    def says_the_same(self, other: Stored) -> bool:
        """Whether a write that makes this of the other changes nothing."""
        return replace(self, version=other.version, generation=other.generation) == other

    @cached_property
    def _nested(self) -> Json:
        return nested(self.leaves)


def leaves_of(body: Mapping[str, Any]) -> Leaves:
    """The leaves of a body; what the model does not know is left out."""
    return dict(_leaves(body))


def _leaves(body: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    metadata = body.get("metadata") or {}
    for path in MAPS:
        found = (metadata if len(path) > 1 else body).get(path[-1]) or {}
        yield from (((*path, key), leaf) for key, leaf in found.items())
    yield from (((*OWNERS, each["uid"]), each) for each in metadata.get("ownerReferences") or ())
    yield from (((*FINALIZERS, each), each) for each in metadata.get("finalizers") or ())
    yield from ((path, body[path[0]]) for path in WHOLE if body.get(path[0]) is not None)


def empty_maps_of(body: Mapping[str, Any]) -> list[Path]:
    """The maps that a body says are empty."""
    metadata = body.get("metadata") or {}
    return [path for path in MAPS if (metadata if len(path) > 1 else body).get(path[-1]) == {}]


def nested(leaves: Leaves) -> Json:
    """A body of leaves."""
    made: Json = {}
    for path, leaf in leaves.items():
        if path in WHOLE:
            made[path[0]] = leaf
            continue
        at = made
        for part in path[:-2]:
            at = at.setdefault(part, {})
        if path[:2] in (OWNERS, FINALIZERS):
            at.setdefault(path[1], []).append(leaf)
        else:
            at.setdefault(path[-2], {})[path[-1]] = leaf
    return made
