"""What the operator asks about a tenant, from a real API server."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes.client.exceptions import ApiException, UnauthorizedException

from paramsync.kube import tenants as module
from paramsync.kube.errors import NotFound, Refused, Unavailable
from paramsync.kube.tenants import Tenants
from paramsync.kube.transport import Transport
from tests.cluster import access
from tests.cluster.cluster import Cluster

ROLE = {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/reader"}
MERGE = "application/merge-patch+json"


@pytest.fixture(scope="module")
def tenants(cluster: Cluster) -> Iterator[Tenants]:
    with cluster.api() as client:
        yield Tenants(Transport(client))


@pytest.fixture
def nobody(cluster: Cluster, namespace: str) -> Iterator[Tenants]:
    """As an account without any right."""
    with cluster.api(cluster.kubeconfig_for("default", namespace)) as client:
        yield Tenants(Transport(client))


@pytest.fixture
def reader(cluster: Cluster, namespace: str) -> str:
    """A service account with a role."""
    body = {"metadata": {"name": "reader", "annotations": ROLE}}
    cluster.request("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts", body)
    return "reader"


def claims(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found


def test_the_labels_of_a_namespace(cluster: Cluster, namespace: str, tenants: Tenants) -> None:
    labels = {"example.com/team": "red", "empty": ""}
    cluster.request("PATCH", f"/api/v1/namespaces/{namespace}", {"metadata": {"labels": labels}}, content_type=MERGE)
    assert tenants.labels(namespace) == {**labels, "kubernetes.io/metadata.name": namespace}
    assert tenants.labels("nowhere") == {}


@pytest.mark.parametrize("value", [".", "..", "a/b", "../x", "/", "a ", "{namespace}"])
def test_no_namespace_has_a_label_that_would_be_more_or_less_than_a_segment(
    cluster: Cluster, namespace: str, value: str
) -> None:
    with pytest.raises(ApiException) as refused:
        cluster.request(
            "PATCH", f"/api/v1/namespaces/{namespace}", {"metadata": {"labels": {"team": value}}}, content_type=MERGE
        )
    assert refused.value.status == 422


def test_the_annotations_of_a_service_account(namespace: str, tenants: Tenants, reader: str) -> None:
    assert tenants.annotations(namespace, reader) == ROLE
    assert tenants.annotations(namespace, "default") == {}
    assert tenants.annotations(namespace, "none") is None
    assert tenants.annotations("nowhere", reader) is None


class TestTokens:
    def test_a_token_is_for_sts_alone_and_for_an_hour(
        self, cluster: Cluster, namespace: str, tenants: Tenants, reader: str
    ) -> None:
        since = cluster.audit_mark()
        found = claims(tenants.token(namespace, reader))
        assert found["aud"] == ["sts.amazonaws.com"]
        assert found["sub"] == f"system:serviceaccount:{namespace}:reader"
        assert found["exp"] - found["iat"] == 3600
        (asked,) = [entry for entry in cluster.audit(since) if entry.user_agent == "paramsync"]
        assert (asked.verb, asked.resource, asked.target.name) == ("create", "serviceaccounts/token", "reader")

    def test_the_api_server_itself_does_not_take_it(
        self, cluster: Cluster, namespace: str, tenants: Tenants, reader: str
    ) -> None:
        token = tenants.token(namespace, reader)
        path = cluster.directory / f"{namespace}-sts.kubeconfig"
        access.write_kubeconfig(path, cluster.url, cluster.certificates.authority, token, namespace)
        with cluster.api(path) as client, pytest.raises(UnauthorizedException):
            access.request(client, "GET", "/api/v1/namespaces/default")

    def test_of_an_account_that_is_not_there(self, namespace: str, tenants: Tenants) -> None:
        with pytest.raises(NotFound, match=f"^request a token of service account {namespace}/none: not found$"):
            tenants.token(namespace, "none")

    def test_a_name_is_not_a_path(self, namespace: str, tenants: Tenants) -> None:
        assert tenants.annotations(namespace, "../../default/serviceaccounts/default") is None
        with pytest.raises(NotFound):
            tenants.token(f"x/../{namespace}", "default")

    @pytest.mark.parametrize("answer", [b"", b"hunter2", b"{}", b'{"status": {"token": 5}}', b'{"status": "hunter2"}'])
    def test_an_answer_without_one_is_told_and_not_quoted(
        self, tenants: Tenants, monkeypatch: pytest.MonkeyPatch, answer: bytes
    ) -> None:
        monkeypatch.setattr(tenants._transport, "request", lambda *_, **__: answer)
        with pytest.raises(Unavailable, match="the answer has none") as raised:
            tenants.token("payments", "reader")
        assert raised.value.__context__ is None, "an error of validation holds what it failed on"

    def test_it_has_no_readable_form_on_the_way(self) -> None:
        found = module._TokenAnswer.model_validate_json(b'{"status": {"token": "hunter2"}}')
        assert "hunter2" not in f"{found!r} {found} {found.model_dump()} {found.model_dump_json()}"


class TestMissingRights:
    def test_each_is_named(self, namespace: str, nobody: Tenants, reader: str) -> None:
        with pytest.raises(Refused, match=r"refuses \(Forbidden\); the operator needs the right to get namespaces"):
            nobody.labels(namespace)
        with pytest.raises(Refused, match=r"refuses \(Forbidden\); the operator needs the right to get serviceacc"):
            nobody.annotations(namespace, reader)
        with pytest.raises(Refused, match=r"^request a token of service account .*/reader: .* refuses \(Forbidden\)$"):
            nobody.token(namespace, reader)
