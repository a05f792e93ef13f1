"""An application of Argo CD's, as tests bring it into a cluster and look at it."""

import difflib
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import yaml

from tests.cluster.cluster import Cluster
from tests.gitops.argo import Argo, Json, answer
from tests.gitops.desired import CLUSTER_SCOPED, application
from tests.running.objects import Syncs


@dataclass(frozen=True)
class Application:
    """An application of Argo CD's in a namespace of the cluster."""

    argo: Argo
    syncs: Syncs
    objects: list[Json]
    server_side: bool

    def start(self, *, prune: bool = False) -> subprocess.Popen[str]:
        """Begin to bring it into the cluster; `answer` waits for the end."""
        body = application(self.syncs.namespace, server_side=self.server_side)
        cluster = str(self.syncs.cluster.kubeconfig)
        return self.argo.start(
            "sync", kubeconfig=cluster, application=body, objects=self.objects, seconds=60, prune=prune
        )

    def sync(self, *, prune: bool = False) -> Json:
        """Bring it into the cluster."""
        ended: Json = answer(self.start(prune=prune))
        return ended

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Have it in the cluster; what of it is in no namespace goes with the end of the context."""
        try:
            ended = self.sync()
            assert ended["phase"] == "Succeeded", ended
            yield
        finally:
            remove(self.syncs.cluster, self.objects)

    def without(self, *names: str) -> "Application":
        """What it is when objects of these names, of any kind, have left the source."""
        return replace(self, objects=[each for each in self.objects if each["metadata"]["name"] not in names])

    def key(self, sync: str) -> str:
        """How a sync is called in an answer."""
        return f"ParameterSync/{self.syncs.namespace}/{sync}"

    def states(self, *, server_side_diff: bool) -> dict[str, str]:
        """What Argo CD shows of each object: Synced, OutOfSync with the lines that differ, Missing or Extra."""
        body = application(self.syncs.namespace, server_side=self.server_side, server_side_diff=server_side_diff)
        cluster = str(self.syncs.cluster.kubeconfig)
        shown = self.argo.ask("compare", kubeconfig=cluster, application=body, objects=self.objects)
        return {each["key"]: "\n".join([each["state"], *differing(each)]) for each in shown}


def differing(shown: Json) -> Iterator[str]:
    """The lines of an object that Argo CD would change."""
    live, predicted = (yaml.safe_dump(shown.get(side)).splitlines() for side in ("live", "predicted"))
    return (line for line in difflib.ndiff(live, predicted) if line[0] in "+-")


def remove(cluster: Cluster, objects: list[Json]) -> None:
    """Delete what is in no namespace, except for our definitions, which other tests need."""
    items = [each for each in objects if each["kind"] in CLUSTER_SCOPED]
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    cluster.kubectl("delete", "--ignore-not-found", "--wait=false", "-f", "-", input=listed)
