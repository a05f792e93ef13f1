"""Which right a request needs."""

import json

import pytest

from paramsync.kube.errors import Forbidden, error_for
from paramsync.kube.rights import right_for

OURS = "/apis/paramsync.dev/v1alpha1"


@pytest.mark.parametrize(
    ("method", "path", "query", "right"),
    [
        ("GET", "/api/v1/namespaces/pay/secrets/app", {}, "get secrets in namespace pay"),
        ("PATCH", "/api/v1/namespaces/pay/secrets/app", {"force": "true"}, "patch secrets in namespace pay"),
        ("DELETE", "/api/v1/namespaces/pay/secrets/app", {}, "delete secrets in namespace pay"),
        ("GET", "/api/v1/namespaces/pay", {}, "get namespaces"),
        ("GET", f"{OURS}/parametersyncs", {"limit": "500"}, "list parametersyncs"),
        ("GET", f"{OURS}/namespaces/pay/parametersyncs", {"watch": "true"}, "watch parametersyncs in namespace pay"),
        ("GET", f"{OURS}/clusterparameterstores/default", {}, "get clusterparameterstores"),
        ("PATCH", f"{OURS}/clusterparameterstores/a/status", {}, "patch clusterparameterstores/status"),
        (
            "POST",
            "/api/v1/namespaces/pay/serviceaccounts/a/token",
            {},
            "create serviceaccounts/token in namespace pay",
        ),
        ("GET", "/version", {}, ""),
        ("GET", OURS, {}, ""),
        ("GET", "/api", {}, ""),
    ],
)
def test_the_right_of_a_request(method: str, path: str, query: dict[str, str], right: str) -> None:
    assert right_for(method, path, query) == right


def refused(message: str) -> Forbidden:
    body = json.dumps({"reason": "Forbidden", "message": message}).encode()
    error = error_for(403, body, None, "read Secret app", "get secrets in namespace pay")
    assert isinstance(error, Forbidden)
    return error


def test_a_missing_right_is_named_to_a_person_alone() -> None:
    error = refused('secrets "app" is forbidden: User "me" cannot get resource')
    assert str(error) == "read Secret app: the API server refuses (Forbidden)"
    assert error.with_right == f"{error}; it needs the right to get secrets in namespace pay"


def test_a_policy_is_not_told_as_a_missing_right() -> None:
    message = "secrets \"app\" is forbidden: ValidatingAdmissionPolicy 'mine' with binding 'b' denied request: no"
    error = refused(message)
    assert error.with_right == str(error) == "read Secret app: the API server refuses (Forbidden, mine)"
