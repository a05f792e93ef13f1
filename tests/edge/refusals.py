"""What makes an API server refuse a request: a policy that quotes what it saw, one that keeps syncs, a quota."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kubernetes.client.exceptions import ApiException

from tests.cluster.cluster import Cluster
from tests.cluster.waiting import wait_until

MERGE_PATCH = "application/merge-patch+json"
_ADMISSION = "/apis/admissionregistration.k8s.io/v1"
_QUOTE = "object.?data.orValue({}).map(key, key + ' is ' + string(object.data[key])).join(', ')"
"""The values of a Secret are in base64 here."""


@contextmanager
def quoting_policy(cluster: Cluster, namespace: str, **fields: str) -> Iterator[str]:
    """Refuse Secrets and ConfigMaps of a namespace whose names begin with "refused", quoting their data.

    :param fields: further ones of the policy's validation.
    :returns: the policy's name. It is in force when the context begins, and soon after its end no more.
    """
    name = f"quotes-{namespace}"
    rule = {"apiGroups": [""], "resources": ["secrets", "configmaps"], "operations": ["CREATE", "UPDATE"]}
    validation = {"expression": "!object.metadata.name.startsWith('refused')", "messageExpression": _QUOTE, **fields}
    with _policy(cluster, namespace, name, rule, validation):
        wait_until(lambda: _is_refused(cluster, "POST", f"{_core(namespace)}/configmaps"), f"{name} is in force")
        yield name


@contextmanager
def undeletable_syncs(cluster: Cluster, namespace: str, sync: str) -> Iterator[None]:
    """Refuse to delete the syncs of a namespace, also while it is being deleted itself.

    :param sync: the path of one of them.
    """
    name = f"keeps-{namespace}"
    rule = {"apiGroups": ["paramsync.dev"], "resources": ["parametersyncs"], "operations": ["DELETE"]}
    with _policy(cluster, namespace, name, rule, {"expression": "false"}):
        wait_until(lambda: _is_refused(cluster, "DELETE", sync), f"{name} is in force")
        yield


@contextmanager
def used_up_quota(cluster: Cluster, namespace: str) -> Iterator[str]:
    """Let no further ConfigMap be made in a namespace.

    :returns: the quota's name. It is in force when the context begins, and soon after its end no more.
    """
    name, path = "few", f"{_core(namespace)}/resourcequotas"
    count = {"count/configmaps": "1"}
    cluster.request("POST", path, {"metadata": {"name": name}, "spec": {"hard": count}})
    # No controller counts here.
    counted = {"status": {"hard": count, "used": count}}
    cluster.request("PATCH", f"{path}/{name}/status", counted, content_type=MERGE_PATCH)
    try:
        wait_until(lambda: _is_refused(cluster, "POST", f"{_core(namespace)}/configmaps"), f"quota {name} is in force")
        yield name
    finally:
        cluster.request("DELETE", f"{path}/{name}")


@contextmanager
def _policy(
    cluster: Cluster, namespace: str, name: str, rule: dict[str, list[str]], validation: dict[str, str]
) -> Iterator[None]:
    versions = {"apiVersions": ["*"], **rule}
    policy: dict[str, Any] = {"matchConstraints": {"resourceRules": [versions]}, "validations": [validation]}
    here = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}
    binding = {"policyName": name, "validationActions": ["Deny"], "matchResources": here}
    for plural, spec in {"validatingadmissionpolicies": policy, "validatingadmissionpolicybindings": binding}.items():
        cluster.request("POST", f"{_ADMISSION}/{plural}", {"metadata": {"name": name}, "spec": spec})
    try:
        yield
    finally:
        for plural in ("validatingadmissionpolicybindings", "validatingadmissionpolicies"):
            cluster.request("DELETE", f"{_ADMISSION}/{plural}/{name}")


def _core(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}"


def _is_refused(cluster: Cluster, method: str, path: str) -> bool:
    """Whether a dry run of a request is refused: of the creation of an object, or of a deletion."""
    # A DELETE with a body takes its options from there alone.
    body = {"metadata": {"name": "refused-probe"}} if method == "POST" else {"dryRun": ["All"]}
    try:
        cluster.request(method, path, body, query={"dryRun": "All"})
    except ApiException:
        return True
    return False
