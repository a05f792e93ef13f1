"""A write that policies or quotas refuse: who refused is told, and nothing of what they say."""

import base64

import pytest
from kubernetes.client.exceptions import ApiException

from paramsync.core.routing import TargetRef
from paramsync.core.values import SecureValue
from paramsync.kube.errors import Refused
from paramsync.kube.fence import SoleReplica
from paramsync.kube.targets import Targets
from paramsync.kube.transport import Transport
from tests.cluster.cluster import Cluster
from tests.edge.refusals import quoting_policy, used_up_quota
from tests.unit.builders import config_map_content, owner, secret_content

VALUE = "correct-horse-battery-staple"
ENCODED = base64.b64encode(VALUE.encode()).decode()

SECRET = TargetRef(secret_content().ref.kind, "refused")
CONFIG_MAP = TargetRef(config_map_content().ref.kind, "refused")


def refusal_of(cluster: Cluster, namespace: str, ref: TargetRef) -> str:
    """What the operator would say of a refused write. Beside it, the API server quotes the value."""
    is_secret = ref == SECRET
    content = (
        secret_content({"KEY": SecureValue.of(VALUE)}, ref=ref)
        if is_secret
        else config_map_content({"KEY": VALUE}, ref=ref)
    )
    with cluster.api() as client:
        targets = Targets(Transport(client), SoleReplica())
        live = targets.get(ref, namespace, values=True)
        with pytest.raises(Refused) as raised:
            targets.apply(content, live, owner(namespace=namespace))
    return repr(raised.value)


def quoted(cluster: Cluster, namespace: str, ref: TargetRef) -> str:
    """What the API server says of the same."""
    value = ENCODED if ref == SECRET else VALUE
    body = {"metadata": {"name": ref.name}, "data": {"KEY": value}}
    plural = "secrets" if ref == SECRET else "configmaps"
    with pytest.raises(ApiException) as raised:
        cluster.request("POST", f"/api/v1/namespaces/{namespace}/{plural}", body, query={"dryRun": "All"})
    return str(raised.value.body)


REASONS = {
    "none given": ({}, "Invalid"),
    "Forbidden": ({"reason": "Forbidden"}, "Forbidden"),
    "Invalid": ({"reason": "Invalid"}, "Invalid"),
    "too large": ({"reason": "RequestEntityTooLarge"}, "RequestEntityTooLarge"),
}


@pytest.mark.parametrize(("fields", "reason"), REASONS.values(), ids=REASONS.keys())
def test_a_policy_is_named_and_not_what_it_quotes(
    cluster: Cluster, namespace: str, fields: dict[str, str], reason: str
) -> None:
    with quoting_policy(cluster, namespace, **fields) as policy:
        for ref in (SECRET, CONFIG_MAP):
            said = quoted(cluster, namespace, ref)
            assert (ENCODED if ref == SECRET else VALUE) in said, "so that something could leak"
            text = refusal_of(cluster, namespace, ref)
            assert f"apply {ref}: the API server refuses ({reason}, {policy})" in text
            for part in (VALUE, VALUE[:8], ENCODED, ENCODED[:8], "KEY"):
                assert part not in text


def test_a_policy_that_refuses_a_change_is_named_too(cluster: Cluster, namespace: str) -> None:
    cluster.request("POST", f"/api/v1/namespaces/{namespace}/secrets", {"metadata": {"name": "refused"}})
    with quoting_policy(cluster, namespace) as policy:
        assert f"(Invalid, {policy})" in refusal_of(cluster, namespace, SECRET)


def test_a_quota_is_named(cluster: Cluster, namespace: str) -> None:
    with used_up_quota(cluster, namespace) as quota:
        text = refusal_of(cluster, namespace, CONFIG_MAP)
    assert f"apply ConfigMap refused: the API server refuses (Forbidden, quota {quota})" in text
