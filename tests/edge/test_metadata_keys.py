"""Which keys a label or an annotation may have: Python, the definitions and Kubernetes itself say the same."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kubernetes.client.exceptions import ApiException
from pydantic import ValidationError

from paramsync.api.metadata import TargetMetadata, is_key
from tests.cluster.cluster import Cluster

KIND = {"apiVersion": "paramsync.dev/v1alpha1", "kind": "ParameterSync"}
SYNCS = "/apis/paramsync.dev/v1alpha1/namespaces/default/parametersyncs"
SECRETS = "/api/v1/namespaces/default/secrets"
DOMAINS = ("paramsync.dev", "kubernetes.io", "k8s.io", "argoproj.io", "fluxcd.io", "helm.sh", "external-secrets.io")

NAMES = st.text("aZ0-._", max_size=4) | st.integers(60, 66).map(lambda size: "a" * size) | st.just("instance")
PREFIXES = (
    st.text("aZ0-./", max_size=6)
    | st.integers(250, 256).map(lambda size: "a" * size)
    | st.builds("{}{}".format, st.sampled_from(["", "a.", "app.", "a", "-", "."]), st.sampled_from(DOMAINS))
)
KEYS = (
    NAMES
    | st.builds("{}/{}".format, PREFIXES, NAMES)
    | st.text(max_size=3)
    | st.builds("app.kubernetes.io/{}".format, st.sampled_from(["name", "version", "component", "part-of", "names"]))
)


def takes(cluster: Cluster, path: str, body: dict[str, Any]) -> bool:
    """Whether the API server would make an object."""
    try:
        cluster.request("POST", path, body, query={"dryRun": "All"})
    except ApiException as error:
        if error.status not in (400, 422):
            raise
        return False
    return True


def python_takes(field: str, key: str) -> bool:
    try:
        TargetMetadata.model_validate({field: {key: "x"}})
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("field", ["labels", "annotations"])
def test_all_agree(cluster: Cluster, field: str) -> None:
    seen = set()

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(KEYS)
    def agree(key: str) -> None:
        target = {"kind": "Secret", "metadata": {field: {key: "x"}}}
        spec = {"sources": [{"path": "/a"}], "targets": [target]}
        taken = takes(cluster, SYNCS, {"metadata": {"name": "app"}, "spec": spec} | KIND)
        assert taken is python_takes(field, key), key
        # Of annotations Kubernetes takes capitals in the domain as well, which mean the same to nobody.
        stored = takes(cluster, SECRETS, {"metadata": {"name": "app", field: {key: "x"}}})
        assert is_key(key) is stored or (field == "annotations" and key.partition("/")[0].lower() != key), key
        seen.add((taken, stored))

    agree()
    assert seen == {(True, True), (False, True), (False, False)}
