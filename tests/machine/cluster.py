"""What people and their tools do in the cluster: to syncs, to the store, and to targets, theirs and ours."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from paramsync.kube.transport import JSON, MERGE_PATCH
from tests.model.answers import Answer, Request
from tests.model.objects import GROUP, KINDS, Place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.model.objects import Json, Stored
    from tests.model.server import Server

NAMESPACE: Final = "payments"
STORE: Final = Place("clusterparameterstores", "", "default")
EVERYBODY: Final = [{"namespaces": ["*"], "paths": ["/"]}]


def sync_place(name: str) -> Place:
    """Where a sync is."""
    return Place("parametersyncs", NAMESPACE, name)


def target_place(kind: str, name: str) -> Place:
    """Where a Secret or a ConfigMap is."""
    return Place(f"{kind.lower()}s", NAMESPACE, name)


def encoded(place: Place, text: str) -> str:
    """A value as the data of an object holds it."""
    return base64.b64encode(text.encode()).decode() if place.plural == "secrets" else text


def data_of(found: Stored | None) -> dict[str, str]:
    """The values of an object by key, as texts; those of ``binaryData`` as they are sent."""
    if found is None:
        return {}
    data = {path[1]: leaf for path, leaf in found.leaves.items() if path[0] == "data"}
    if found.place.plural == "secrets":
        data = {key: base64.b64decode(text).decode(errors="replace") for key, text in data.items()}
    return data | {path[1]: f"binary {leaf}" for path, leaf in found.leaves.items() if path[0] == "binaryData"}


class People:
    """Everybody but the operator."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def find(self, place: Place) -> Stored | None:
        """An object, if it is there."""
        return self._server.storage.objects.get(place)

    def create(
        self, place: Place, body: Mapping[str, object], manager: str = "kubectl-create", **metadata: object
    ) -> None:
        """Make an object, unless the name is taken."""
        version, kind = KINDS[place.plural]
        whole = {"apiVersion": version, "kind": kind, "metadata": {"name": place.name, **metadata}, **body}
        self._send("POST", _path(place).rpartition("/")[0], whole, JSON, "kubectl-create")

    def merge(self, place: Place, body: Mapping[str, object], manager: str = "kubectl-edit") -> None:
        """Merge something into an object, if it is there and lets itself be changed."""
        self._send("PATCH", _path(place), body, MERGE_PATCH, manager)

    def put(self, place: Place, key: str, text: str | None, manager: str = "kubectl-edit") -> None:
        """Set or remove a key of a target."""
        self.merge(place, {"data": {key: None if text is None else encoded(place, text)}}, manager)

    def delete(self, place: Place, policy: str = "Background") -> None:
        """Delete an object, if it is there."""
        self._server.handle(Request("DELETE", _path(place), {"propagationPolicy": policy}))

    def _send(self, method: str, path: str, body: object, content_type: str, manager: str) -> Answer:
        return self._server.handle(Request(method, path, {"fieldManager": manager}, body, content_type))


def _path(place: Place) -> str:
    base = "/api/v1" if KINDS[place.plural][0] == "v1" else f"/apis/{GROUP}"
    within = f"/namespaces/{place.namespace}" if place.namespace else ""
    return f"{base}{within}/{place.plural}/{place.name}"


def spec_of(found: Stored) -> Json:
    """The spec of one of our own objects."""
    made: Json = found.leaves[("spec",)]
    return made


def status_of(found: Stored) -> Json:
    """The status of a sync."""
    made: Json = found.leaves.get(("status",), {})
    return made


def annotation(found: Stored, name: str) -> str | None:
    """An annotation of an object, if it has it."""
    return found.leaves.get(("metadata", "annotations", name))


def condition(status: Json, kind: str) -> tuple[str, str] | None:
    """Status and reason of a condition."""
    found = [each for each in status.get("conditions", ()) if each["type"] == kind]
    return (found[0]["status"], found[0]["reason"]) if found else None
