"""Requests by chance about one Secret or ConfigMap, for a real API server and for the model of it."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from paramsync.kube.encoding import NOBODY_OWNS_A_KEY
from tests.model.answers import Answer, Request
from tests.model.server import APPLY, MERGE_PATCH, STRATEGIC_MERGE_PATCH

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.model.objects import Json

KEYS = ("A", "B", "C", "D")
SYNC = "paramsync.dev/sync"
PLAIN_KEYS = "paramsync.dev/plain-keys"
METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
KINDS = {"secrets": "Secret", "configmaps": "ConfigMap"}
SYNCS = "/apis/paramsync.dev/v1alpha1/namespaces/{}/parametersyncs"
SPEC = {"sources": [{"path": "/prod/pay"}]}


@dataclass
class Side:
    """The real server or the model, and what it has said so far of the object that a sequence is about."""

    send: Callable[[Request], Answer]
    namespace: str
    syncs: dict[str, str] = field(default_factory=dict)
    """The uids of syncs by name. They differ from side to side, like versions and the uids of targets."""

    history: list[tuple[str, str]] = field(default_factory=list)
    """The uids and versions that the object has had."""

    def create_sync(self, name: str) -> None:
        body = {
            "apiVersion": "paramsync.dev/v1alpha1",
            "kind": "ParameterSync",
            "metadata": {"name": name},
            "spec": SPEC,
        }
        made = self.send(Request("POST", SYNCS.format(self.namespace), body=body))
        assert made.status == 201
        self.syncs[name] = made.document["metadata"]["uid"]

    def path(self, plural: str, name: str) -> str:
        return f"/api/v1/namespaces/{self.namespace}/{plural}/{name}"

    def look(self, path: str) -> Json | None:
        """What there is of an object; the versions that it had are remembered."""
        answer, partial = self.send(Request("GET", path)), self.send(Request("GET", path, accept=METADATA_ONLY))
        assert answer.status == partial.status
        if answer.status == 404:
            return None
        found = answer.document
        assert partial.document["metadata"] == found["metadata"]
        assert partial.document.keys() == {"apiVersion", "kind", "metadata"}
        seen = found["metadata"]["uid"], found["metadata"]["resourceVersion"]
        if seen not in self.history[-1:]:
            self.history.append(seen)
        return found


class Chance:
    """Draws requests about one Secret or ConfigMap: ours, and what others send."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.plural = self._random.choice(("secrets", "configmaps"))
        self.name = f"target-{seed}"

    def request(self) -> Callable[[Side], Request]:
        """The next one; it is made for each side, for uids and versions differ."""
        draws = (self._ours,) * 5 + (self._owner, self._surplus, self._adoption, self._deletion)
        theirs = (self._merge,) * 4 + (self._theirs, self._creation, self._removal)
        return self._random.choice(draws + theirs)()

    def path(self, side: Side) -> str:
        return side.path(self.plural, self.name)

    def _some(self, *of: str) -> list[str]:
        return [each for each in of if self._random.random() < 0.5]

    def _data(self) -> dict[str, str]:
        return {key: self._random.choice(("", "MQ==", "Mg==")) for key in self._some(*KEYS)}

    def _preconditions(self, *versions: str, uids: tuple[str, ...]) -> Callable[[Side], Json]:
        version, uid = self._random.choice(versions), self._random.choice(uids)

        def made(side: Side) -> Json:
            now = side.history[-1] if side.history else ("00000000-0000-4000-8000-000000000000", "1")
            old = side.history[0] if side.history else now
            found = {"resourceVersion": {"now": now[1], "old": old[1], "": None}.get(version, version)}
            found |= {"uid": {"now": now[0], "old": old[0], "": None}[uid]}
            return {part: text for part, text in found.items() if text is not None}

        return made

    def _ours(self) -> Callable[[Side], Request]:
        conditions = self._random.choice(
            (
                self._preconditions("1", uids=("",)),
                self._preconditions("now", uids=("now",)),
                self._preconditions("now", uids=("now",)),
                self._preconditions("now", "old", "0", "1", "", uids=("now", "old", "")),
            )
        )
        data, sync = self._data(), self._random.choice(("one", "one", "two"))
        annotations = {SYNC: sync, PLAIN_KEYS: " ".join(f"{key}=String" for key in data)}
        owns = self._random.random() < 0.8
        kind = "Opaque" if self._random.random() < 0.9 else "example.org/other"

        def made(side: Side) -> Request:
            metadata = {
                "name": self.name,
                "namespace": side.namespace,
                "labels": {"app.kubernetes.io/managed-by": "paramsync"},
                "annotations": annotations,
                **({"ownerReferences": [_reference(sync, side.syncs[sync])]} if owns else {}),
                **conditions(side),
            }
            return self._applied(side, metadata, data, "paramsync", kind)

        return made

    def _applied(self, side: Side, metadata: Json, data: Json, manager: str, kind: str | None = None) -> Request:
        body = {"apiVersion": "v1", "kind": KINDS[self.plural], "metadata": metadata, "data": data}
        if kind is not None and self.plural == "secrets":
            body["type"] = kind
        query = {"fieldManager": manager, "force": "true"}
        return Request("PATCH", self.path(side), query, body, APPLY)

    def _surplus(self) -> Callable[[Side], Request]:
        conditions = self._preconditions("now", "now", "now", "old", uids=("now", "now", "old"))
        body: Json = {"data": dict.fromkeys(self._some(*KEYS))}
        annotations = {PLAIN_KEYS: "A=String"} if self._random.random() < 0.5 else {}
        if self.plural == "configmaps" and self._random.random() < 0.5:
            body["binaryData"] = dict.fromkeys(("A", *self._some("D", "E")))
        return self._patched(body, conditions, "paramsync", annotations=annotations)

    def _adoption(self) -> Callable[[Side], Request]:
        conditions = self._preconditions("now", uids=("now",))
        body: Json = {"data": dict.fromkeys(self._some(*KEYS))}
        metadata = {"annotations": {SYNC: "one"}, "labels": {"app.kubernetes.io/managed-by": "paramsync"}}
        managers = NOBODY_OWNS_A_KEY if self._random.random() < 0.5 else [{}]
        return self._patched(body, conditions, "paramsync", managedFields=managers, **metadata)

    def _owner(self) -> Callable[[Side], Request]:
        conditions = self._preconditions("now", "now", "old", uids=("now", "now", "old"))
        sync, removes = self._random.choice(("one", "two")), self._random.random() < 0.5
        marks = {"labels": {"app.kubernetes.io/managed-by": "paramsync"}, "annotations": {SYNC: sync}}

        def made(side: Side) -> Request:
            uid = side.syncs[sync]
            reference = {"$patch": "delete", "uid": uid} if removes else _reference(sync, uid)
            body = {"metadata": {**marks, "ownerReferences": [reference], **conditions(side)}}
            query = {"fieldManager": "paramsync"}
            return Request("PATCH", self.path(side), query, body, STRATEGIC_MERGE_PATCH, METADATA_ONLY)

        return made

    def _merge(self) -> Callable[[Side], Request]:
        texts = ("x", "y", None)
        metadata: Json = {
            "labels": {key: self._random.choice(texts) for key in self._some("team")},
            "annotations": {key: self._random.choice(texts) for key in self._some("note", SYNC)},
        }
        body: Json = {"data": {key: self._random.choice(("MQ==", "Mg==", None)) for key in self._some(*KEYS)}}
        match self._random.randrange(16):
            case 0:
                metadata["labels"] = None
            case 1:
                metadata["annotations"] = None
            case 2:
                metadata["ownerReferences"] = None
            case 3 | 4:
                metadata["finalizers"] = self._random.choice((["example.org/hold"], None))
            case 5:
                metadata["managedFields"] = [{}]
            case 6:
                body["immutable"] = self._random.choice((True, False, None))
            case 7:
                body["data"] = None
            case 8 | 9 if self.plural == "configmaps":
                body["binaryData"] = {key: self._random.choice(("AAEC", None)) for key in ("D", *self._some("E"))}
        manager = self._random.choice(("kubectl-edit", "helm", "paramsync"))
        conditions = self._preconditions("", "", "now", "old", uids=("", "", "now"))
        return self._patched(body, conditions, manager, **metadata)

    def _patched(
        self, body: Json, conditions: Callable[[Side], Json], manager: str, **metadata: object
    ) -> Callable[[Side], Request]:
        def made(side: Side) -> Request:
            sent = {**body, "metadata": {**metadata, **conditions(side)}}
            return Request("PATCH", self.path(side), {"fieldManager": manager}, sent, MERGE_PATCH)

        return made

    def _theirs(self) -> Callable[[Side], Request]:
        data, labels = self._data(), dict.fromkeys(self._some("team"), "x")
        manager = self._random.choice(("helm", "argocd"))
        return lambda side: self._applied(side, {"name": self.name, "labels": labels}, data, manager)

    def _creation(self) -> Callable[[Side], Request]:
        metadata: Json = {"name": self.name, "labels": dict.fromkeys(self._some("team"), "x")}
        body: Json = {"metadata": metadata, "data": self._data()}
        if self.plural == "secrets" and self._random.random() < 0.2:
            body["type"] = "example.org/other"
        if self._random.random() < 0.1:
            body["data"] = {"no key": "MQ=="}
        query = {"fieldManager": "kubectl-create"}
        return lambda side: Request("POST", self.path(side).rpartition("/")[0], query, body)

    def _deletion(self) -> Callable[[Side], Request]:
        conditions = self._preconditions("now", "now", "old", uids=("now", "now", "old"))
        return lambda side: Request("DELETE", self.path(side), body={"preconditions": conditions(side)})

    def _removal(self) -> Callable[[Side], Request]:
        return lambda side: Request("DELETE", self.path(side))


def _reference(sync: str, uid: str) -> Json:
    return {
        "apiVersion": "paramsync.dev/v1alpha1",
        "kind": "ParameterSync",
        "name": sync,
        "uid": uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }
