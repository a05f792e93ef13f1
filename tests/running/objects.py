"""Our objects in a running cluster, as tests and the demo make and read them."""

import base64
import json
import uuid
from contextlib import suppress
from typing import Any

from kubernetes.client.exceptions import NotFoundException

from tests.cluster.cluster import Cluster
from tests.cluster.waiting import wait_until

BASE = "/apis/paramsync.dev/v1alpha1"
PLURALS = {"Secret": "secrets", "ConfigMap": "configmaps"}
Json = dict[str, Any]


class Syncs:
    """The syncs of one namespace, and their targets."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self.cluster = cluster
        self.namespace = namespace

    def path(self, name: str = "") -> str:
        """The URL path of a sync."""
        return f"{BASE}/namespaces/{self.namespace}/parametersyncs" + (f"/{name}" if name else "")

    def create(self, name: str, *paths: str, **spec: object) -> Json:
        """Create a sync of the paths, with further fields of its spec."""
        sources = [{"path": path} for path in paths]
        body = {
            "apiVersion": "paramsync.dev/v1alpha1",
            "kind": "ParameterSync",
            "metadata": {"name": name},
            "spec": {"interval": "10s", "sources": sources, **spec},
        }
        made: Json = self.cluster.request("POST", self.path(), body)
        return made

    def get(self, name: str) -> Json:
        """Read a sync."""
        found: Json = self.cluster.request("GET", self.path(name))
        return found

    def delete_all(self) -> None:
        """Delete the syncs and stores of the namespace, where they are served."""
        for plural in ("parametersyncs", "parameterstores"):
            with suppress(NotFoundException):
                self.cluster.request("DELETE", f"{BASE}/namespaces/{self.namespace}/{plural}")

    def patch(self, name: str, body: Json) -> Json:
        """Merge-patch a sync."""
        changed: Json = self.cluster.request(
            "PATCH", self.path(name), body, content_type="application/merge-patch+json"
        )
        return changed

    def annotate(self, name: str, **annotations: str) -> None:
        """Set annotations of ours on a sync: ``refresh="1"``."""
        self.patch(name, {"metadata": {"annotations": {f"paramsync.dev/{k}": v for k, v in annotations.items()}}})

    def refresh(self, name: str, timeout: float = 30) -> Json:
        """Ask for a read now, wait until the sync says that it was done, and return the sync."""
        value = uuid.uuid4().hex
        self.annotate(name, refresh=value)

        def done() -> Json:
            sync = self.get(name)
            return sync if sync.get("status", {}).get("lastHandledRefresh") == value else {}

        return wait_until(done, f"sync {name} was refreshed", timeout)

    def delete(self, name: str, propagation: str = "Background") -> None:
        """Delete a sync."""
        self.cluster.request("DELETE", self.path(name), {"propagationPolicy": propagation})

    def condition(self, name: str, kind: str) -> Json | None:
        """A condition of a sync, if there is one."""
        conditions = self.get(name).get("status", {}).get("conditions", [])
        return next((each for each in conditions if each["type"] == kind), None)

    def wait_reason(self, name: str, reason: str, timeout: float = 30) -> Json:
        """Wait until a sync's Ready has a reason for its current generation, and return the sync."""

        def found() -> Json:
            sync = self.get(name)
            status: Json = sync.get("status", {})
            current = status.get("observedGeneration") == sync["metadata"]["generation"]
            reasons = [each["reason"] for each in status.get("conditions", []) if each["type"] == "Ready"]
            return sync if current and reason in reasons else {}

        return wait_until(found, f"sync {name} is {reason}", timeout)

    def target(self, kind: str, name: str) -> Json | None:
        """A target as it is, if it is there."""
        try:
            found: Json = self.cluster.request("GET", self.target_path(kind, name))
        except NotFoundException:
            return None
        return found

    def target_path(self, kind: str, name: str) -> str:
        """The URL path of a target."""
        return f"/api/v1/namespaces/{self.namespace}/{PLURALS[kind]}/{name}"

    def data(self, kind: str, name: str) -> dict[str, str] | None:
        """The decoded data of a target, if it is there."""
        found = self.target(kind, name)
        return None if found is None else decoded(found)

    def wait_data(self, kind: str, name: str, data: dict[str, str] | None, timeout: float = 30) -> None:
        """Wait until a target holds exactly this; None: until it is gone."""
        wait_until(lambda: self.data(kind, name) == data, f"{kind} {name} holds what it should", timeout)

    def history(self, kind: str, name: str, since: str | None) -> list[Json]:
        """What a target's data became, write by write, since a resourceVersion of it."""
        path, _, _ = self.target_path(kind, name).rpartition("/")
        # What the API server has kept of the past comes at once; the answer ends with the second.
        query = {"watch": "1", "resourceVersion": str(since), "timeoutSeconds": "1"}
        query["fieldSelector"] = f"metadata.name={name}"
        answer = self.cluster.request("GET", path, query=query)
        events = [answer] if isinstance(answer, dict) else [json.loads(line) for line in answer.splitlines()]
        return [decoded(event["object"]) for event in events if event["type"] != "DELETED"]

    def events(self) -> list[Json]:
        """The Events of the namespace."""
        found: list[Json] = self.cluster.request("GET", f"/apis/events.k8s.io/v1/namespaces/{self.namespace}/events")[
            "items"
        ]
        return found


def decoded(target: Json) -> dict[str, str]:
    """The data of a Secret or a ConfigMap, in clear."""
    data: dict[str, str] = target.get("data", {})
    return {k: base64.b64decode(v).decode() for k, v in data.items()} if target["kind"] == "Secret" else data
