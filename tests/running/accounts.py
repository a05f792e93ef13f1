"""Accounts that tell the replicas of one operator apart in the audit log."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.access import request
from tests.cluster.audit import AuditEntry
from tests.cluster.cluster import Cluster
from tests.cluster.waiting import wait_until

WRITES = frozenset({"create", "patch", "update", "delete"})
_BINDINGS = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


@dataclass(frozen=True)
class Account:
    """An account of a replica."""

    username: str
    kubeconfig: Path


MakeAccount = Callable[[str], Account]


@contextmanager
def accounts(cluster: Cluster, namespace: str) -> Iterator[MakeAccount]:
    """Makes accounts by name, which may do everything; they go with the end of the context."""
    with ExitStack() as made:

        def make(name: str) -> Account:
            cluster.request("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": name}})
            subject = {"kind": "ServiceAccount", "name": name, "namespace": namespace}
            role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
            binding = {"metadata": {"name": f"{namespace}-{name}"}, "roleRef": role, "subjects": [subject]}
            cluster.request("POST", _BINDINGS, binding)
            made.callback(cluster.request, "DELETE", f"{_BINDINGS}/{namespace}-{name}")
            account = Account(f"system:serviceaccount:{namespace}:{name}", cluster.kubeconfig_for(name, namespace))
            _wait_until_allowed(cluster, account)
            return account

        yield make


def writes(entries: list[AuditEntry]) -> list[AuditEntry]:
    """What replicas would have changed among requests, but for the Lease, on which they have to agree."""
    return [
        entry
        for entry in entries
        if entry.verb in WRITES and entry.user_agent == "paramsync" and entry.resource != "leases"
    ]


def accepted(entries: list[AuditEntry]) -> list[AuditEntry]:
    """Those that the API server has carried out."""
    return [entry for entry in entries if entry.response.code < 300]


def _wait_until_allowed(cluster: Cluster, account: Account) -> None:
    review = {"spec": {"resourceAttributes": {"verb": "*", "resource": "*", "group": "*"}}}
    with cluster.api(account.kubeconfig) as client:
        wait_until(
            lambda: request(client, "POST", _REVIEWS, review)["status"]["allowed"], f"{account.username} may write"
        )
