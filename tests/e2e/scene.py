"""What an end-to-end test works with: an operator, the stand-in for AWS, the syncs of a namespace of its own."""

import json
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from tests.aws.emulator import Emulator
from tests.aws.names import ParameterType
from tests.aws.proxy import Proxy
from tests.cluster.waiting import wait_until
from tests.running.objects import BASE, Syncs, decoded
from tests.running.operator import Operator

Json = dict[str, Any]

MERGE = "application/merge-patch+json"
SOON = 25.0
"""Seconds within which a thing happens that is not to wait for an interval of minutes."""

REMOVAL = 75.0
"""Seconds within which a name counts as gone that no listing shows: 45, and the poll before that."""

Story = Generator[None, None, None]
"""What a test tells beside others: it yields where it is about to wait for long."""


@dataclass(frozen=True)
class Scene:
    """An operator that reads from `emulator` through `proxy`, and a namespace with parameters below its own path."""

    emulator: Emulator
    proxy: Proxy
    operator: Operator
    syncs: Syncs

    def path(self, relative: str = "app") -> str:
        """The full name of a path or parameter of this scene."""
        return f"/{self.syncs.namespace}/{relative}"

    def put(self, relative: str, value: str, type: ParameterType = "String") -> None:  # noqa: A002
        """Write a parameter."""
        self.emulator.put(self.path(relative), value, type)

    def delete(self, *relatives: str) -> None:
        """Delete parameters."""
        for relative in relatives:
            self.emulator.delete(self.path(relative))

    def synced(self, name: str = "app", *paths: str, **spec: object) -> Json:
        """Create a sync of the paths (default: of one named like the sync), and wait until it is Synced."""
        self.syncs.create(name, *(self.path(path) for path in paths or (name,)), **spec)
        return self.syncs.wait_reason(name, "Synced")

    def wait_listing(self, relative: str = "app") -> None:
        """Wait until a path, which has one page, is listed once more."""
        before = self.listings(relative)
        wait_until(lambda: self.listings(relative) > before, f"{self.path(relative)} is listed")

    def listings(self, relative: str = "app") -> int:
        """How often the first page of a path was asked for."""
        calls = self.proxy.calls("GetParametersByPath")
        return sum(call.names == [self.path(relative)] and call.page == 1 for call in calls)

    def versions(self, name: str = "app") -> list[str | None]:
        """The resourceVersions of the Secret and the ConfigMap of that name: they stay while nothing is written."""
        return [self._version("Secret", name), self._version("ConfigMap", name)]

    def _version(self, kind: str, name: str) -> str | None:
        target = self.syncs.target(kind, name)
        return None if target is None else str(target["metadata"]["resourceVersion"])

    def history(self, kind: str, name: str, since: str | None) -> list[Json]:
        """What a target's data became, write by write, since a resourceVersion of it."""
        path, _, _ = self.syncs.target_path(kind, name).rpartition("/")
        # What the API server has kept of the past comes at once; the answer ends with the second.
        query = {"watch": "1", "resourceVersion": str(since), "timeoutSeconds": "1"}
        query["fieldSelector"] = f"metadata.name={name}"
        answer = self.syncs.cluster.request("GET", path, query=query)
        events = [answer] if isinstance(answer, dict) else [json.loads(line) for line in answer.splitlines()]
        return [decoded(event["object"]) for event in events if event["type"] != "DELETED"]

    def edit(self, kind: str, name: str, body: Json) -> None:
        """Merge-patch a target, as somebody with kubectl would."""
        self.syncs.cluster.request("PATCH", self.syncs.target_path(kind, name), body, content_type=MERGE)

    def wait_event(self, name: str, reason: str, says: str = "") -> str:
        """Wait for an Event about a sync that says something, and return what it says."""

        def found() -> list[str]:
            return [
                each["note"]
                for each in self.syncs.events()
                if each["regarding"]["name"] == name and each["reason"] == reason and says in each["note"]
            ]

        return wait_until(found, f"an Event {reason} about sync {name}: {says}")[0]

    def metric(self, name: str, sync: str) -> float:
        """A metric of a sync; 0 if there is none."""
        return self.operator.metric(name, namespace=self.syncs.namespace, name=sync)


def tell_together(scene: Scene, *stories: Callable[[Scene], Story]) -> None:
    """Tell stories at the same time, so that they wait for 45 seconds once and not one after the other."""
    told = [story(scene) for story in stories]
    while told:
        told = [each for each in told if next(each, told) is not told]


def kstatus(sync: Json) -> str:
    """What Helm and Argo CD make of a sync: the rules of sigs.k8s.io/cli-utils, pkg/kstatus."""
    status = sync.get("status", {})
    conditions = {each["type"]: each["status"] for each in status.get("conditions", [])}
    if status.get("observedGeneration") != sync["metadata"]["generation"]:
        return "InProgress"
    if conditions.get("Reconciling") == "True":
        return "InProgress"
    if conditions.get("Stalled") == "True":
        return "Failed"
    return "Current" if conditions.get("Ready") == "True" else "InProgress"


def conditions(sync: Json) -> dict[str, str]:
    """The conditions of a sync: status by type."""
    return {each["type"]: each["status"] for each in sync["status"]["conditions"]}


def message(sync: Json, kind: str = "Ready") -> str:
    """What a condition of a sync says."""
    found: str = next(each["message"] for each in sync["status"]["conditions"] if each["type"] == kind)
    return found


READY = {"Ready": "True"}
STALLED = {"Ready": "False", "Stalled": "True"}
RECONCILING = {"Ready": "False", "Reconciling": "True"}


def store_path(name: str = "") -> str:
    """The URL path of a ClusterParameterStore."""
    return f"{BASE}/clusterparameterstores" + (f"/{name}" if name else "")


def store(name: str, endpoint: str, namespaces: list[str], paths: list[str]) -> Json:
    """A ClusterParameterStore with one rule."""
    spec = {"region": "eu-west-1", "endpoint": endpoint, "access": [{"namespaces": namespaces, "paths": paths}]}
    return {
        "apiVersion": "paramsync.dev/v1alpha1",
        "kind": "ClusterParameterStore",
        "metadata": {"name": name},
        "spec": spec,
    }
