"""``paramsync`` as a person runs it who has some rights and no others."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from click.testing import CliRunner, Result

from paramsync.cli.main import main
from tests.cluster.cluster import AccountKubeconfig, Cluster
from tests.cluster.waiting import wait_until

RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces/{}"
REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"

Rule = tuple[str, str, str]
"""The group, the resource and the verbs, with commas between them."""

READ: Rule = ("paramsync.dev", "parametersyncs", "get")
CHANGE: Rule = ("paramsync.dev", "parametersyncs", "get,patch")
CONFIG_MAPS: Rule = ("", "configmaps", "get")
SECRETS: Rule = ("", "secrets", "get")


def run(kubeconfig: Path, *arguments: str, says: str | None = None) -> Result:
    """Run a command with a kubeconfig.

    :param says: what the person types.
    """
    command, *rest = arguments
    result = CliRunner().invoke(main, [command, "--kubeconfig", str(kubeconfig), *rest], input=says)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@contextmanager
def person(cluster: Cluster, namespace: str, *rules: Rule) -> Iterator[AccountKubeconfig]:
    """The kubeconfig of somebody who has these rights in a namespace, which is that of the context."""
    name = f"person-{abs(hash(rules))}"
    base = RBAC.format(namespace)
    cluster.request("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": name}})
    role = {
        "metadata": {"name": name},
        "rules": [
            {"apiGroups": [group], "resources": [resource], "verbs": verbs.split(",")}
            for group, resource, verbs in rules
        ],
    }
    cluster.request("POST", f"{base}/roles", role)
    binding = {
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
    }
    cluster.request("POST", f"{base}/rolebindings", binding)
    user = f"system:serviceaccount:{namespace}:{name}"
    for group, resource, verbs in rules:
        asked = {"group": group, "resource": resource, "verb": verbs.split(",")[0], "namespace": namespace}
        review = {"spec": {"user": user, "resourceAttributes": asked}}
        wait_until(
            lambda: cluster.request("POST", REVIEWS, review)["status"]["allowed"],  # noqa: B023
            f"{user} may {verbs} {resource}",
        )
    yield cluster.kubeconfig_for(name, namespace)
