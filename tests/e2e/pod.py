"""The operator as in a pod, on a control plane of its own: a test may end every connection, and what it trusts."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from kubernetes.client.exceptions import UnauthorizedException

from tests.cluster.access import request, write_kubeconfig
from tests.cluster.cluster import Cluster
from tests.cluster.control_plane import control_plane
from tests.cluster.waiting import wait_until
from tests.conftest import ROOT
from tests.edge.policies import ACCOUNT, bound_policies
from tests.load.stub import Settings, Stub, run_stub
from tests.running.in_pod import ServiceAccountFiles, pod_environment
from tests.running.objects import Syncs
from tests.running.operator import Operator, module, run_operator

SOON = 15.0
"""Seconds within which a watch shows something, or a poll."""


@dataclass(frozen=True)
class Pod:
    """An operator that has the files of a service account, and no kubeconfig."""

    cluster: Cluster
    home: str
    """The namespace of its account."""
    stub: Stub
    syncs: Syncs
    operator: Operator
    files: ServiceAccountFiles

    def works(self, turn: str) -> None:
        """See that it reads, writes and watches: a change arrives, and a new sync is served soon."""
        self.stub.put("/app/key", turn, "SecureString")
        self.syncs.create(turn, "/app", interval="1h")
        self.syncs.wait_reason(turn, "Synced", SOON)
        self.syncs.wait_data("Secret", "app", {"KEY": turn}, SOON)
        assert self.operator.process.poll() is None

    def restart_api_server(self) -> None:
        """End all connections: who watches has to say again who he is, and to see whom he talks to."""
        self.cluster.api_server.stop()
        self.cluster.api_server.start()


def new_token(cluster: Cluster, home: str, tie: str) -> str:
    """A token that is good as long as a Secret is there: for less than ten minutes there is no other."""
    made = cluster.request("POST", f"/api/v1/namespaces/{home}/secrets", {"metadata": {"name": tie}})
    bound = {"apiVersion": "v1", "kind": "Secret", "name": tie, "uid": made["metadata"]["uid"]}
    path = f"/api/v1/namespaces/{home}/serviceaccounts/{ACCOUNT}/token"
    token: str = cluster.request("POST", path, {"spec": {"boundObjectRef": bound}})["status"]["token"]
    return token


def end_token(cluster: Cluster, home: str, tie: str, token: str) -> None:
    """End a token, and wait until the API server refuses it, which believes in it for ten seconds more."""
    cluster.request("DELETE", f"/api/v1/namespaces/{home}/secrets/{tie}")
    file = cluster.directory / f"{tie}.kubeconfig"
    write_kubeconfig(file, cluster.url, cluster.certificates.authority, token)
    with cluster.api(file) as client:

        def is_refused() -> bool:
            try:
                request(client, "GET", "/api")
            except UnauthorizedException:
                return True
            return False

        wait_until(is_refused, "the old token is refused")


@contextmanager
def run_pod(directory: Path, tie: str) -> Iterator[Pod]:
    """Run an operator that serves a sync `app` of a Secret.

    :param tie: the Secret to which its first token is bound.
    """
    with ExitStack() as stack:
        cluster = stack.enter_context(control_plane((ROOT / "crds",)))
        home, namespace = (stack.enter_context(cluster.namespace(prefix)) for prefix in ("home", "t"))
        stack.enter_context(bound_policies(cluster, home))
        stub = stack.enter_context(run_stub(Settings(quota=None)))
        files = ServiceAccountFiles(directory / "account")
        files.write(new_token(cluster, home, tie), cluster.certificates.authority.read_text())
        start, environment = module("tests.running.in_pod", str(files.directory)), pod_environment(cluster.url)
        operator = stack.enter_context(
            run_operator(None, directory, endpoint=stub.url, environment=environment, start=start)
        )
        stub.put("/app/key", "first", "SecureString")
        syncs = Syncs(cluster, namespace)
        syncs.create("app", "/app", interval="10s", targets=[{"kind": "Secret", "name": "app"}])
        syncs.wait_reason("app", "Synced")
        yield Pod(cluster, home, stub, syncs, operator, files)
