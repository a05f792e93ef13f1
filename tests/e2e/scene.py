"""What an end-to-end test works with: an operator, the stand-in for AWS, the syncs of a namespace of its own."""

from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from kubernetes.client.exceptions import NotFoundException

from tests.aws.emulator import Emulator
from tests.aws.names import ParameterType
from tests.aws.proxy import Proxy
from tests.cluster.cluster import Cluster
from tests.cluster.waiting import wait_until
from tests.running.objects import BASE, Syncs
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

    def put_app(self, app: str = "app") -> None:
        """Write two SecureStrings and two Strings below a path."""
        self.put(f"{app}/user", "pay", "SecureString")
        self.put(f"{app}/password", "secret", "SecureString")
        self.put(f"{app}/host", "db")
        self.put(f"{app}/port", "5432")

    def delete(self, *relatives: str) -> None:
        """Delete parameters."""
        for relative in relatives:
            self.emulator.delete(self.path(relative))

    def synced(self, name: str = "app", *paths: str, **spec: object) -> Json:
        """Create a sync of the paths (default: of one named like the sync), and wait until it is Synced."""
        self.syncs.create(name, *(self.path(path) for path in paths or (name,)), **spec)
        return self.syncs.wait_reason(name, "Synced")

    def wait_feeds(self, count: int) -> None:
        """Wait until the operator polls so many subtrees: those of earlier tests go some time after their syncs."""
        wait_until(lambda: self.operator.metric("paramsync_feeds") == count, f"it polls {count} subtrees")

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
        return self.syncs.history(kind, name, since)

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


class Telling:
    """Stories that are told at the same time, each to its end by a test of its own."""

    def __init__(self, scene: Scene, *stories: Callable[[Scene], Story]) -> None:
        self._told = {story.__name__: story(scene) for story in stories}
        self._failed: dict[str, Exception] = {}
        for name, story in self._told.items():
            try:
                next(story)
            except Exception as error:  # noqa: BLE001  (its own test raises it, so that the others are told)
                self._failed[name] = error

    def end(self, story: Callable[[Scene], Story]) -> None:
        """Tell a story to its end. Raises what its beginning raised."""
        if story.__name__ in self._failed:
            raise self._failed[story.__name__]
        for _ in self._told[story.__name__]:
            pass


def kstatus(sync: Json) -> str:
    """What Flux and Helm make of a sync; tests/gitops/test_health.py compares it with what they do."""
    status = sync.get("status", {})
    conditions = {each["type"]: each["status"] for each in status.get("conditions", [])}
    if "deletionTimestamp" in sync["metadata"]:
        return "Terminating"
    if status.get("observedGeneration") != sync["metadata"]["generation"]:
        return "InProgress"
    if conditions.get("Reconciling") == "True":
        return "InProgress"
    if conditions.get("Stalled") == "True":
        return "Failed"
    return "Current" if conditions.get("Ready", "True") == "True" else "InProgress"


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


def blocked(scene: Scene, name: str, reason: str, shape: dict[str, str]) -> str:
    """Wait until a sync is not Ready for a reason and everything says so; return its message."""
    sync = scene.syncs.wait_reason(name, reason, SOON)
    assert conditions(sync) == shape
    assert kstatus(sync) == ("Failed" if shape == STALLED else "InProgress")
    assert sync["status"]["problems"][0]["reason"] == reason
    text = message(sync)
    assert scene.wait_event(name, reason, text[:1000])
    return text


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


def wait_store(cluster: Cluster, path: str, reason: str, timeout: float = SOON) -> Json:
    """Wait until the status of a store speaks of its spec and says why it is as it is; return the store.

    :param path: of the store, in a URL.
    """

    def found() -> Json:
        there: Json = cluster.request("GET", path)
        told = {each["type"]: each["reason"] for each in there["status"]["conditions"]}
        is_of_it = there["status"]["observedGeneration"] == there["metadata"]["generation"]
        return there if is_of_it and told["Ready"] == reason else {}

    return wait_until(found, f"{path} is {reason}", timeout)


class Stores:
    """ClusterParameterStores of a test, as objects. They let every namespace read."""

    def __init__(self, cluster: Cluster, proxy: Proxy) -> None:
        self._cluster = cluster
        self._proxy = proxy
        self.names: set[str] = set()

    def create(self, name: str, *paths: str) -> None:
        """Create one that allows the paths."""
        self.names.add(name)
        self._cluster.request("POST", store_path(), store(name, self._proxy.url, ["*"], list(paths)))

    def edit(self, name: str, **spec: object) -> None:
        """Merge this into its spec."""
        self._cluster.request("PATCH", store_path(name), {"spec": spec}, content_type=MERGE)

    def allow(self, name: str, *paths: str) -> None:
        """Let it allow these paths."""
        self.edit(name, access=[{"namespaces": ["*"], "paths": list(paths)}])

    def delete(self, name: str) -> None:
        """Delete one that may be gone already."""
        with suppress(NotFoundException):
            self._cluster.request("DELETE", store_path(name))

    def delete_all(self) -> None:
        """Delete those that were created."""
        for name in self.names:
            self.delete(name)
