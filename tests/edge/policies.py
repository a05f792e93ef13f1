"""The operator's account as an installation makes it: its rights, and the admission policies that bind it."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from kubernetes.client import ApiClient
from kubernetes.client.exceptions import ForbiddenException, NotFoundException, UnprocessableEntityException

from tests.cluster.access import request
from tests.cluster.cluster import Cluster
from tests.cluster.waiting import wait_until

ACCOUNT = "paramsync"
POLICIES = Path(__file__).parents[2] / "deploy" / "policies" / "policies.yaml"

RULES: list[dict[str, list[str]]] = [
    {"apiGroups": [""], "resources": ["secrets", "configmaps"], "verbs": ["get", "create", "patch", "delete"]},
    {
        "apiGroups": ["paramsync.dev"],
        "resources": ["parametersyncs", "parameterstores", "clusterparameterstores"],
        "verbs": ["get", "list", "watch"],
    },
    {"apiGroups": [""], "resources": ["namespaces", "serviceaccounts"], "verbs": ["get"]},
    {"apiGroups": [""], "resources": ["serviceaccounts/token"], "verbs": ["create"]},
    {"apiGroups": ["paramsync.dev"], "resources": ["parametersyncs/status"], "verbs": ["patch"]},
    {"apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["create"]},
]
"""Everything that the operator may do, in all namespaces."""

ROLE_RULES = [
    {**rule, "resources": [each for each in rule["resources"] if each != "clusterparameterstores"]} for rule in RULES
]
"""Everything that the operator may do in a namespace that its settings name, where it may do nothing elsewhere."""

_COLLECTIONS = {
    "ValidatingAdmissionPolicy": "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
}
_ROLES = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
_ROLE_BINDINGS = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
_NAMESPACED = "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/{}"
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
    """What the policies of an installation in this namespace are named after."""
    return f"paramsync-{home}"


def policies(home: str) -> list[Json]:
    """The policies that are shipped and their bindings, for an operator whose account lives in a namespace."""
    documents = list(yaml.safe_load_all(POLICIES.read_text()))
    for document in documents:
        document["metadata"]["name"] = _renamed(document["metadata"]["name"], home)
        spec = document["spec"]
        if "policyName" in spec:
            spec["policyName"] = _renamed(spec["policyName"], home)
        for condition in spec.get("matchConditions", ()):
            if condition["name"] == "operator":
                condition["expression"] = f"request.userInfo.username == 'system:serviceaccount:{home}:{ACCOUNT}'"
    return documents


@contextmanager
def bound_policies(cluster: Cluster, namespace: str, *roles_in: str) -> Iterator[Path]:
    """The kubeconfig of an account `paramsync` in a namespace, which has the operator's rights and is bound.

    The policies are in force when the context begins. The namespace is the operator's home: targets go elsewhere.

    :param roles_in: the namespaces in which alone it has rights; default: all.
    """
    with ExitStack() as made:
        for collection, body in _objects(namespace, roles_in):
            cluster.request("POST", collection, body)
            made.callback(_delete, cluster, f"{collection}/{body['metadata']['name']}")
        kubeconfig = cluster.kubeconfig_for(ACCOUNT, namespace)
        with cluster.api(kubeconfig) as account:
            _wait_until_in_force(cluster, account, release(namespace), *roles_in[:1])
        yield kubeconfig


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


def grant_in(cluster: Cluster, home: str, namespace: str, rules: list[dict[str, list[str]]] | None = None) -> None:
    """Give the operator's account its Role in a namespace, or other rules there."""
    for collection, body in _role_in(home, namespace, rules or ROLE_RULES):
        cluster.request("POST", collection, body)


def role_path(home: str, namespace: str) -> str:
    """The URL path of the Role of the operator's account in a namespace."""
    return f"{_NAMESPACED.format(namespace, 'roles')}/{release(home)}"


def _role_in(home: str, namespace: str, rules: list[dict[str, list[str]]]) -> Iterator[tuple[str, Json]]:
    name = {"metadata": {"name": release(home)}}
    subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": home}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": release(home)}
    yield _NAMESPACED.format(namespace, "roles"), {**name, "rules": rules}
    yield _NAMESPACED.format(namespace, "rolebindings"), {**name, "roleRef": role, "subjects": [subject]}


def _objects(home: str, roles_in: Sequence[str]) -> Iterator[tuple[str, Json]]:
    name = {"metadata": {"name": release(home)}}
    subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": home}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": release(home)}
    yield f"/api/v1/namespaces/{home}/serviceaccounts", {"metadata": {"name": ACCOUNT}}
    for namespace in roles_in:
        yield from _role_in(home, namespace, ROLE_RULES)
    if not roles_in:
        yield _ROLES, {**name, "rules": RULES}
        yield _ROLE_BINDINGS, {**name, "roleRef": role, "subjects": [subject]}
    for document in policies(home):
        yield _COLLECTIONS[document["kind"]], document


def _renamed(name: str, home: str) -> str:
    return f"{release(home)}-{name.removeprefix('paramsync-')}"


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
        wait_until(partial(_is_denied, denial, *probe), f"{denial} is in force")


def _foreign_event(namespace: str) -> Json:
    return {**_FOREIGN_EVENT, "regarding": {**_FOREIGN_EVENT["regarding"], "namespace": namespace}}


def _is_denied(denial: str, client: ApiClient, method: str, path: str, body: Json) -> bool:
    return denial in refusal(client, method, path, body)
