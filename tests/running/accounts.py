"""Accounts that tell the replicas of one operator apart in the audit log."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from tests.cluster.access import request
from tests.cluster.audit import AuditEntry
from tests.cluster.cluster import AccountKubeconfig, Cluster
from tests.cluster.waiting import wait_until
from tests.edge.policies import ACCOUNT, installed

WRITES = frozenset({"create", "patch", "update", "delete"})
BINDINGS = {
    "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings",
}
_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


@dataclass(frozen=True)
class Account:
    """An account of a replica."""

    username: str
    kubeconfig: AccountKubeconfig


MakeAccount = Callable[[str], Account]


@contextmanager
def accounts(cluster: Cluster, home: str) -> Iterator[MakeAccount]:
    """Makes accounts by name in the home of an installation, with the rights of its account; they go when the context
    ends. Its policies do not bind them."""
    bindings = [each for each in installed(home) if each["kind"] in BINDINGS]
    with ExitStack() as made:

        def make(name: str) -> Account:
            collection = f"/api/v1/namespaces/{home}/serviceaccounts"
            cluster.request("POST", collection, {"metadata": {"name": name}})
            made.callback(cluster.request, "DELETE", f"{collection}/{name}")
            subject = {"kind": "ServiceAccount", "name": name, "namespace": home}
            for binding in bindings:
                own = {"name": f"{binding['metadata']['name']}-{name}"}
                body = {"metadata": own, "roleRef": binding["roleRef"], "subjects": [subject]}
                path = BINDINGS[binding["kind"]].format(home)
                cluster.request("POST", path, body)
                made.callback(cluster.request, "DELETE", f"{path}/{own['name']}")
            account = Account(f"system:serviceaccount:{home}:{name}", cluster.kubeconfig_for(name, home))
            _wait_until_allowed(cluster, account, home)
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


def _wait_until_allowed(cluster: Cluster, account: Account, home: str) -> None:
    """Until the rights of both bindings are known."""
    asked = [
        {"verb": "patch", "resource": "secrets", "namespace": "default"},
        {"verb": "update", "group": "coordination.k8s.io", "resource": "leases", "namespace": home, "name": ACCOUNT},
    ]
    with cluster.api(account.kubeconfig) as client:
        for attributes in asked:
            review = {"spec": {"resourceAttributes": attributes}}
            wait_until(
                lambda: request(client, "POST", _REVIEWS, review)["status"]["allowed"],  # noqa: B023
                f"{account.username} may {attributes['verb']} {attributes['resource']}",
            )
