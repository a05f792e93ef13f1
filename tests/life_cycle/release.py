"""A release of the chart, as an admin handles it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.cluster import Cluster
from tests.cluster.waiting import wait_until
from tests.helm.rendering import Helm
from tests.life_cycle.kubelet import Kubelet

NAME = "paramsync"
FLAGS = ("--namespace", NAME, "--wait", "--timeout", "90s")
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

Json = dict[str, Any]


@dataclass(frozen=True)
class Release:
    """The release, installed or not."""

    cluster: Cluster
    kubelet: Kubelet
    helm: Helm
    chart: Path
    """A copy of the chart, which a test may change."""
    values: Path

    def install(self, *flags: str) -> str:
        """Install it, with a namespace of its own, and wait until its pods are ready. Returns its notes."""
        return self._helm("install", NAME, str(self.chart), "--create-namespace", "--values", str(self.values), *flags)

    def upgrade(self, *flags: str) -> str:
        """Upgrade it, and wait until the new pods are ready."""
        return self._helm("upgrade", NAME, str(self.chart), "--values", str(self.values), *flags)

    def roll_back(self) -> str:
        """Go back to the revision before."""
        return self._helm("rollback", NAME)

    def uninstall(self) -> str:
        """Remove it, and wait until everything of it is gone."""
        return self._helm("uninstall", NAME)

    def pods(self) -> list[Json]:
        """Its pods."""
        found: list[Json] = self.cluster.request("GET", f"/api/v1/namespaces/{NAME}/pods")["items"]
        return found

    def leader(self) -> str:
        """The name of the pod that leads. Raises TimeoutError."""
        lease = f"/apis/coordination.k8s.io/v1/namespaces/{NAME}/leases/{NAME}"
        holder = wait_until(lambda: self.cluster.request("GET", lease)["spec"].get("holderIdentity"), "a pod leads")
        return str(holder).rpartition("_")[0]

    def definition(self, plural: str) -> Json:
        """A definition as it is served."""
        found: Json = self.cluster.request("GET", f"{DEFINITIONS}/{plural}.paramsync.dev")
        return found

    def _helm(self, command: str, *arguments: str) -> str:
        return self.helm.run(command, *arguments, *FLAGS, kubeconfig=self.cluster.kubeconfig)
