"""The operator's account as an installation makes it: what the chart renders of its rights and its policies."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kubernetes.client import ApiClient
from kubernetes.client.exceptions import ForbiddenException, NotFoundException, UnprocessableEntityException

from tests.cluster.access import request
from tests.cluster.cluster import AccountKubeconfig, Cluster
from tests.cluster.waiting import wait_until
from tests.helm.rendering import Helm
from tests.programs.helm import HELM

ACCOUNT = "paramsync"
"""The account of a release of this name, and its Roles and its Lease, too."""
POLICIES = Path(__file__).parents[2] / "deploy" / "policies" / "policies.yaml"

VALUES: dict[str, object] = {
    "parameterStores": {"enabled": True},
    # In Roles the right to read labels of namespaces is there only for a store that asks for them.
    "stores": {"labels": {"access": [{"namespaceSelector": {"matchLabels": {"stage": "prod"}}, "paths": ["/"]}]}},
    "crds": {"install": False},
    "rbac": {"aggregate": False},
}
"""The values with which the account has every right that the chart can give."""

_RBAC = "rbac.authorization.k8s.io/v1"
_ADMISSION = "admissionregistration.k8s.io/v1"
_COLLECTIONS = {
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    "ClusterRole": f"/apis/{_RBAC}/clusterroles",
    "ClusterRoleBinding": f"/apis/{_RBAC}/clusterrolebindings",
    "Role": f"/apis/{_RBAC}/namespaces/{{}}/roles",
    "RoleBinding": f"/apis/{_RBAC}/namespaces/{{}}/rolebindings",
    "ValidatingAdmissionPolicy": f"/apis/{_ADMISSION}/validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": f"/apis/{_ADMISSION}/validatingadmissionpolicybindings",
}
"""The collection of each kind of object that makes the account, its rights and its policies."""
_DEFINITION = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/parametersyncs.paramsync.dev"
_OURS = {"app.kubernetes.io/managed-by": "paramsync"}
_FOREIGN_EVENT: dict[str, Any] = {
    "metadata": {"name": "probe-of-policies"},
    "eventTime": "2026-01-01T00:00:00.000000Z",
    "reportingController": "paramsync.dev/operator",
    "reportingInstance": "probe",
    "action": "Probe",
    "reason": "Probe",
    "type": "Normal",
    "regarding": {"apiVersion": "v1", "kind": "Secret", "name": "probe", "namespace": "default"},
}

Json = dict[str, Any]


def release(home: str) -> str:
    """What the chart names the cluster-wide objects of an installation in this namespace after."""
    return f"{home}.{ACCOUNT}"


def installed(home: str, *roles_in: str) -> list[Json]:
    """What the chart renders of the account, its rights and its policies, for an installation in a namespace.

    :param roles_in: the namespaces in which alone it has rights; default: all.
    """
    with TemporaryDirectory() as directory:
        helm = Helm(HELM.built() / "helm", Path(directory))
        values = {**VALUES, "watchNamespaces": list(roles_in)}
        rendered = helm.render(values, release=ACCOUNT, namespace=home)
    return [each for each in rendered if each["kind"] in _COLLECTIONS]


def policies(home: str) -> list[Json]:
    """The policies and their bindings, of an installation in a namespace."""
    return [each for each in installed(home) if each["kind"].startswith("ValidatingAdmissionPolicy")]


@contextmanager
def bound_policies(cluster: Cluster, namespace: str, *roles_in: str) -> Iterator[AccountKubeconfig]:
    """The kubeconfig of the chart's account in a namespace, which has the chart's rights and no others, and is bound.

    The policies are in force when the context begins. The namespace is the operator's home: targets go elsewhere.

    :param roles_in: the namespaces in which alone it has rights; default: all.
    """
    with installation(cluster, namespace, *roles_in) as kubeconfig:
        with cluster.api(kubeconfig) as account:
            _wait_until_in_force(cluster, account, release(namespace), *roles_in[:1])
        yield kubeconfig


@contextmanager
def installation(cluster: Cluster, namespace: str, *roles_in: str) -> Iterator[AccountKubeconfig]:
    """The same, before rights and policies are in force."""
    with ExitStack() as made:
        for body in installed(namespace, *roles_in):
            cluster.request("POST", _collection(body), body)
            made.callback(_delete, cluster, f"{_collection(body)}/{body['metadata']['name']}")
        yield cluster.kubeconfig_for(ACCOUNT, namespace)


def refusal(
    client: ApiClient, method: str, path: str, body: Json, query: dict[str, str] | None = None, **options: Any
) -> str:
    """Why a dry run of a request is refused; nothing if it is allowed.

    Forbidden is what rights and a policy's rules say; unprocessable, what a rule says that cannot be evaluated.
    """
    if method == "DELETE":  # one with a body takes its options from there alone
        body = {**body, "dryRun": ["All"]}
    try:
        request(client, method, path, body, query={**(query or {}), "dryRun": "All"}, **options)
    except (ForbiddenException, UnprocessableEntityException) as error:
        return str(error.body)
    return ""


def refusals(cluster: Cluster, home: str, namespace: str, since: int) -> set[tuple[int, str, str, str]]:
    """Code, verb, resource and name of what the operator's account was refused in a namespace, by the audit log."""
    operator = f"system:serviceaccount:{home}:{ACCOUNT}"
    return {
        (entry.response.code, entry.verb, entry.resource, entry.target.name)
        for entry in cluster.audit(since)
        if (entry.username, entry.target.namespace) == (operator, namespace) and entry.response.code in (403, 422)
    }


def grant_in(cluster: Cluster, home: str, namespace: str) -> None:
    """Give the operator's account its Role in a namespace."""
    for body in installed(home, namespace):
        if body["metadata"].get("namespace") == namespace:
            cluster.request("POST", _collection(body), body)


def role_path(namespace: str) -> str:
    """The URL path of the Role of the operator's account in a namespace."""
    return f"{_COLLECTIONS['Role'].format(namespace)}/{ACCOUNT}"


def cluster_role_path(home: str) -> str:
    """The URL path of the ClusterRole of the operator's account."""
    return f"{_COLLECTIONS['ClusterRole']}/{release(home)}"


def _collection(body: Json) -> str:
    return _COLLECTIONS[body["kind"]].format(body["metadata"].get("namespace"))


def _delete(cluster: Cluster, path: str) -> None:
    with suppress(NotFoundException):
        cluster.request("DELETE", path)


def _wait_until_in_force(cluster: Cluster, account: ApiClient, name: str, namespace: str = "default") -> None:
    """Rights and policies reach the API server's decisions through watches of their own, one after the other.

    No right of the account's leads to the policy for our own resources, which is waited for where it is tested.
    """
    core = f"/api/v1/namespaces/{namespace}"
    ours = {"name": "probe-of-policies", "labels": _OURS, "annotations": {"paramsync.dev/sync": "probe"}}
    token_type = {"metadata": ours, "type": "bootstrap.kubernetes.io/token"}
    probes: dict[str, tuple[ApiClient, str, str, Json]] = {
        "targets": (account, "POST", f"{core}/secrets", {"metadata": {"name": "probe-of-policies"}}),
        "secrets": (account, "POST", f"{core}/secrets", token_type),
        "configmaps": (account, "POST", f"{core}/configmaps", {"metadata": ours, "data": {"KEY": "value"}}),
        "tokens": (account, "POST", f"{core}/serviceaccounts/default/token", {"spec": {"audiences": ["probe"]}}),
        "events": (account, "POST", f"/apis/events.k8s.io/v1/namespaces/{namespace}/events", _foreign_event(namespace)),
        "definitions": (cluster.admin, "DELETE", _DEFINITION, {}),
    }
    for policy, probe in probes.items():
        denial = f"ValidatingAdmissionPolicy '{name}-{policy}'"
        try:
            wait_until(partial(_is_denied, denial, *probe), f"{denial} is in force")
        except TimeoutError as error:  # such as that the account has no right to what the policy refuses
            raise TimeoutError(f"{error}; the answer is: {refusal(*probe)}") from None


def _foreign_event(namespace: str) -> Json:
    return {**_FOREIGN_EVENT, "regarding": {**_FOREIGN_EVENT["regarding"], "namespace": namespace}}


def _is_denied(denial: str, client: ApiClient, method: str, path: str, body: Json) -> bool:
    return denial in refusal(client, method, path, body)
