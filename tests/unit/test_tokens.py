"""What it means for a sync that there is no token of a service account."""

import pytest

from paramsync.aws.errors import SourceError
from paramsync.core.identity import ServiceAccount
from paramsync.core.reasons import Nature, Reason
from paramsync.kube.errors import ApiError, NotFound, Refused, Stale, Unavailable
from paramsync.kube.tenants import Tenants
from paramsync.runtime.tokens import token_for

ACCOUNT = ServiceAccount("payments", "reader", "arn:aws:iam::111122223333:role/reader")


class FakeTenants(Tenants):
    def __init__(self, answer: str | ApiError) -> None:
        self.answer = answer

    def token(self, namespace: str, account: str) -> str:
        assert (namespace, account) == ("payments", "reader")
        if isinstance(self.answer, ApiError):
            raise self.answer
        return self.answer


def failure(error: ApiError) -> SourceError:
    with pytest.raises(SourceError) as raised:
        token_for(FakeTenants(error), ACCOUNT)
    assert raised.value.__cause__ is None
    return raised.value


def test_a_token_is_given_to_the_caller() -> None:
    assert token_for(FakeTenants("token"), ACCOUNT) == "token"


def test_a_missing_account_is_to_be_created() -> None:
    found = failure(NotFound("request a token of service account payments/reader: not found"))
    assert found.reason is Reason.STORE_INVALID
    assert "Service account reader of namespace payments" in str(found)
    assert "does not exist; create it" in str(found)


def test_a_missing_right_is_named() -> None:
    found = failure(Refused("request a token of service account payments/reader: the API server refuses (Forbidden)"))
    assert found.reason is Reason.CLUSTER_REFUSED
    assert "refuses (Forbidden)" in str(found)
    assert "right to create serviceaccounts/token" in str(found)
    assert "ParameterStore is enabled where" in str(found)


@pytest.mark.parametrize("error", [Unavailable("no answer", 5.0), Stale("changed"), ApiError("other")])
def test_anything_else_passes(error: ApiError) -> None:
    found = failure(error)
    assert found.reason is Reason.SOURCE_UNAVAILABLE
    assert found.reason.nature is Nature.WAITING
    assert str(error) in str(found)
