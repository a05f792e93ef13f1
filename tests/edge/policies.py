"""The operator's account as an installation makes it: its rights, and the admission policies that bind it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from string import Template
from typing import Any

import yaml
from kubernetes.client import ApiClient
from kubernetes.client.exceptions import ForbiddenException, NotFoundException, UnprocessableEntityException

from tests.cluster.access import request
from tests.cluster.cluster import Cluster
from tests.cluster.waiting import wait_until

ACCOUNT = "paramsync"
POLICIES = Path(__file__).with_name("policies.yaml")

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

_POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
_BINDINGS = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings"
_ROLES = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
_ROLE_BINDINGS = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
_DEFINITION = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/parametersyncs.paramsync.dev"
_OURS = {"app.kubernetes.io/managed-by": "paramsync"}

Json = dict[str, Any]


def release(home: str) -> str:
    """What the policies of an installation in this namespace are named after."""
    return f"paramsync-{home}"


def policies(home: str) -> list[Json]:
    """The policies for an operator whose account lives in a namespace."""
    text = Template(POLICIES.read_text()).substitute(
        release=release(home), account=f"system:serviceaccount:{home}:{ACCOUNT}", home=home
    )
    return list(yaml.safe_load_all(text))


@contextmanager
def bound_policies(cluster: Cluster, namespace: str) -> Iterator[Path]:
    """The kubeconfig of an account `paramsync` in a namespace, which has the operator's rights and is bound.

    The policies are in force when the context begins. The namespace is the operator's home: targets go elsewhere.
    """
    with ExitStack() as made:
        for collection, body in _objects(namespace):
            cluster.request("POST", collection, body)
            made.callback(_delete, cluster, f"{collection}/{body['metadata']['name']}")
        kubeconfig = cluster.kubeconfig_for(ACCOUNT, namespace)
        with cluster.api(kubeconfig) as account:
            _wait_until_in_force(cluster, account, release(namespace))
        yield kubeconfig


def refusal(client: ApiClient, method: str, path: str, body: Json, **options: Any) -> str:
    """Why a dry run of a request is refused; nothing if it is allowed.

    Forbidden is what rights and a policy's rules say; unprocessable, what a rule says that cannot be evaluated.
    """
    try:
        request(client, method, path, body, query={"dryRun": "All"}, **options)
    except (ForbiddenException, UnprocessableEntityException) as error:
        return str(error.body)
    return ""


def _objects(home: str) -> Iterator[tuple[str, Json]]:
    name = {"metadata": {"name": release(home)}}
    subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": home}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": release(home)}
    yield f"/api/v1/namespaces/{home}/serviceaccounts", {"metadata": {"name": ACCOUNT}}
    yield _ROLES, {**name, "rules": RULES}
    yield _ROLE_BINDINGS, {**name, "roleRef": role, "subjects": [subject]}
    for policy in policies(home):
        yield _POLICIES, policy
        binding = {"policyName": policy["metadata"]["name"], "validationActions": ["Deny"]}
        yield _BINDINGS, {"metadata": {"name": policy["metadata"]["name"]}, "spec": binding}


def _delete(cluster: Cluster, path: str) -> None:
    with suppress(NotFoundException):
        cluster.request("DELETE", path)


def _wait_until_in_force(cluster: Cluster, account: ApiClient, name: str) -> None:
    """Rights and policies reach the API server's decisions through watches of their own, one after the other.

    No right of the account's leads to a token, so that the policy for tokens is waited for where it is tested.
    """
    core = "/api/v1/namespaces/default"
    ours = {"name": "probe-of-policies", "labels": _OURS}
    probes: dict[str, tuple[ApiClient, str, str, Json]] = {
        "targets": (account, "POST", f"{core}/secrets", {"metadata": {"name": "probe-of-policies"}}),
        "secrets": (account, "POST", f"{core}/secrets", {"metadata": ours, "type": "bootstrap.kubernetes.io/token"}),
        "configmaps": (account, "POST", f"{core}/configmaps", {"metadata": ours, "data": {"KEY": "value"}}),
        # A DELETE with a body takes its options from there alone.
        "definitions": (cluster.admin, "DELETE", _DEFINITION, {"dryRun": ["All"]}),
    }
    for policy, probe in probes.items():
        denial = f"ValidatingAdmissionPolicy '{name}-{policy}'"
        wait_until(partial(_is_denied, denial, *probe), f"{denial} is in force")


def _is_denied(denial: str, client: ApiClient, method: str, path: str, body: Json) -> bool:
    return denial in refusal(client, method, path, body)
