"""Nodes that run pods: a scheduler and a kubelet in one, as much of both as the life of a Deployment needs.

It binds pods to a node that takes new ones, fills their volumes, runs them as containers, tells when they are ready,
starts them again when they end, and lets them end when they are deleted. Deployments, ReplicaSets and disruption
budgets are the real controllers' business. It gets wrong: networks (pods share the machine's), resources, and probes'
periods (it looks all the time).
"""

import itertools
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kubernetes.client.exceptions import ConflictException, NotFoundException

from tests.cluster.cluster import Cluster
from tests.life_cycle.containers import Container, start
from tests.life_cycle.volumes import fill

Json = dict[str, Any]

CONTROLLERS = ("deployment-controller", "disruption-controller", "replicaset-controller")
"""What it needs of the controller manager beside what every control plane here has."""

LOOK = 0.2
"""Seconds between two looks at the pods."""

MERGE = "application/merge-patch+json"


@dataclass
class Kubelet:
    """Runs the pods of a control plane."""

    cluster: Cluster
    directory: Path
    containers: dict[str, Container] = field(default_factory=dict)
    """By the pod's uid."""
    _restarts: dict[str, int] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(2))
    _network: str = field(default_factory=lambda: f"127.{random.randint(1, 254)}.{random.randint(0, 255)}")
    """Other kubelets run at the same time."""
    _stop: threading.Event = field(default_factory=threading.Event)

    def nodes(self, *names: str) -> None:
        """Make nodes."""
        for name in names:
            self.cluster.request("POST", "/api/v1/nodes", {"metadata": {"name": name}})

    def live(self) -> None:
        """Look after the pods until it is stopped."""
        while not self._stop.wait(LOOK):
            for pod in self.cluster.request("GET", "/api/v1/pods")["items"]:
                self._look_after(pod)

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()

    def end_all(self) -> None:
        """End all containers."""
        for container in self.containers.values():
            container.kill()

    def logs(self, pod: str) -> str:
        """Everything that the pods whose names begin so have logged."""
        return "\n".join(path.read_text() for path in sorted(self.directory.glob(f"{pod}*.log")))

    def _look_after(self, pod: Json) -> None:
        try:
            if "deletionTimestamp" in pod["metadata"]:
                self._end(pod)
            elif "nodeName" not in pod["spec"]:
                self._bind(pod)
            else:
                self._run(pod)
        except (ConflictException, NotFoundException):
            pass  # it has changed meanwhile; the next look shows how

    def _bind(self, pod: Json) -> None:
        nodes = self.cluster.request("GET", "/api/v1/nodes")["items"]
        free = [each["metadata"]["name"] for each in nodes if not each["spec"].get("unschedulable")]
        if free:
            number = next(self._numbers)
            target = {"apiVersion": "v1", "kind": "Node", "name": free[number % len(free)]}
            body = {"metadata": {"name": pod["metadata"]["name"]}, "target": target}
            self.cluster.request("POST", f"{_path(pod)}/binding", body)

    def _run(self, pod: Json) -> None:
        uid = pod["metadata"]["uid"]
        container = self.containers.get(uid)
        if container is None or container.process.poll() is not None:
            self._restarts[uid] = self._restarts.get(uid, -1) + 1
            place = self.directory / uid
            volumes = fill(self.cluster, pod, place)
            address = container.address if container else f"{self._network}.{next(self._numbers)}"
            log = self.directory / f"{pod['metadata']['name']}.log"
            container = self.containers[uid] = start(pod, address, self.cluster.url, volumes, log)
        self._tell(pod, container, ready=container.answers("readinessProbe"))

    def _tell(self, pod: Json, container: Container, *, ready: bool) -> None:
        state = "True" if ready else "False"
        told = {each["type"]: each["status"] for each in pod["status"].get("conditions", ())}
        restarts = self._restarts[pod["metadata"]["uid"]]
        before = [each["restartCount"] for each in pod["status"].get("containerStatuses", ())]
        if told.get("Ready") == state and before == [restarts]:
            return
        types = ("PodScheduled", "Initialized", "ContainersReady", "Ready")
        conditions = [{"type": each, "status": state if "Ready" in each else "True"} for each in types]
        running = {
            "name": container.spec["name"],
            "image": container.spec["image"],
            "imageID": container.spec["image"],
            "ready": ready,
            "restartCount": restarts,
            "state": {"running": {}},
        }
        status = {"phase": "Running", "podIP": container.address, "conditions": conditions}
        body = {"status": {**status, "containerStatuses": [running]}}
        self.cluster.request("PATCH", f"{_path(pod)}/status", body, content_type=MERGE)

    def _end(self, pod: Json) -> None:
        container = self.containers.pop(pod["metadata"]["uid"], None)
        if container is not None:
            container.stop(pod["metadata"]["deletionGracePeriodSeconds"])
        self.cluster.request("DELETE", _path(pod), {"gracePeriodSeconds": 0})


def _path(pod: Json) -> str:
    return f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"


@contextmanager
def run_kubelet(cluster: Cluster, directory: Path) -> Iterator[Kubelet]:
    """Run a kubelet with two nodes until the end of the context."""
    kubelet = Kubelet(cluster, directory)
    kubelet.nodes("one", "two")
    with ThreadPoolExecutor(1, thread_name_prefix="kubelet") as pool:
        living = pool.submit(kubelet.live)
        try:
            yield kubelet
        finally:
            kubelet.stop()
            wait([living])
            kubelet.end_all()
            living.result()
