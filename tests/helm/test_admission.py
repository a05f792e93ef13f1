"""A real API server takes what the chart makes, whatever is switched on."""

import json

import pytest
from kubernetes.client.exceptions import ForbiddenException

from deploy.helm.generating import leaves, schema
from tests.cluster.cluster import Cluster
from tests.cluster.waiting import wait_until
from tests.helm.combinations import SWITCHES, render_all, switches, templates
from tests.helm.rendering import Helm, Json, one

RESTRICTED = "pod-security.kubernetes.io/enforce=restricted"


def test_every_switch_is_one_of_a_template_and_every_boolean_a_switch() -> None:
    assert {switch for template in templates() for switch in switches(template)} == SWITCHES.keys()
    whole = schema()
    booleans = {path for path, _ in leaves() if _leaf(whole["$defs"], whole, path.split("."))["type"] == "boolean"}
    assert booleans <= SWITCHES.keys()


def _leaf(defined: Json, within: Json, parts: list[str]) -> Json:
    described = within["properties"][parts[0]]
    if len(parts) == 1:
        return {"type": None, **described}
    return _leaf(defined, defined[described["$ref"].rpartition("/")[2]], parts[1:])


@pytest.mark.usefixtures("monitors")
@pytest.mark.parametrize("template", templates())
def test_every_combination_is_admitted(cluster: Cluster, helm: Helm, namespace: str, template: str) -> None:
    made = {json.dumps(each, sort_keys=True) for each in render_all(helm, template, namespace)}
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": [json.loads(each) for each in sorted(made)]})
    answer = cluster.kubectl("apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-", input=listed)
    assert len(answer.splitlines()) == len(made) > 0
    assert "Warning" not in answer


def test_pods_are_admitted_where_pod_security_is_restricted(cluster: Cluster, helm: Helm, namespace: str) -> None:
    cluster.kubectl("label", "namespace", namespace, RESTRICTED)
    pods = f"/api/v1/namespaces/{namespace}/pods"
    values = {"serviceAccount": {"create": False, "name": "default"}}
    spec = one(helm.render(values), "Deployment")["spec"]["template"]["spec"]
    pod = {"metadata": {"name": "probe"}, "spec": spec}

    cluster.request("POST", pods, pod, query={"dryRun": "All", "fieldValidation": "Strict"})

    spec["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True
    with pytest.raises(ForbiddenException, match="PodSecurity"):
        cluster.request("POST", pods, pod, query={"dryRun": "All"})


REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
CLUSTER_ROLES = "/apis/rbac.authorization.k8s.io/v1/clusterroles"


def test_editors_and_viewers_of_a_namespace_get_what_is_theirs(cluster: Cluster, helm: Helm, namespace: str) -> None:
    rendered = helm.render(namespace=namespace)
    roles = [each for each in rendered if each["metadata"]["name"].endswith(("-edit", "-view"))]
    for role in roles:
        cluster.request("POST", CLUSTER_ROLES, role)
    for user in ("edit", "view"):
        arguments = ["-n", namespace, f"--clusterrole={user}", f"--user={user}"]
        cluster.kubectl("create", "rolebinding", user, *arguments)

    def may(user: str, verb: str, resource: str) -> bool:
        asked = {"group": "paramsync.dev", "namespace": namespace, "verb": verb, "resource": resource}
        review = {"spec": {"user": user, "resourceAttributes": asked}}
        return bool(cluster.request("POST", REVIEWS, review)["status"]["allowed"])

    try:
        wait_until(lambda: may("edit", "create", "parametersyncs"), "the role of editors is aggregated")
        wait_until(lambda: may("view", "list", "parametersyncs"), "the role of viewers is aggregated")
        assert may("edit", "create", "parameterstores")
        assert not may("view", "get", "parameterstores")
        assert not may("view", "patch", "parametersyncs")
        assert not may("edit", "get", "clusterparameterstores")
    finally:
        for role in roles:
            cluster.request("DELETE", f"{CLUSTER_ROLES}/{role['metadata']['name']}")
