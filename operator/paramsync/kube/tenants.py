"""What the operator asks about a tenant: its namespace's labels, its service accounts, and tokens for these.

Each needs a right that the operator has no other use for; where one is missing, the error names it.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from pydantic import SecretStr, ValidationError

from .errors import NotFound, Refused, Unavailable
from .transport import METADATA_ONLY, Transport
from .wire import PartialObject, Wire

AUDIENCE: Final = "sts.amazonaws.com"
LIFETIME: Final = 3600
"""Seconds. STS needs a token once; it is asked for again with the next credentials."""


class _TokenAnswer(Wire):
    class Status(Wire):
        token: SecretStr

    status: Status


class Tenants:
    """Reads of namespaces and service accounts, always by name. Blocks; to be called in a thread."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def labels(self, namespace: str) -> Mapping[str, str]:
        """The labels of a namespace; none if it is gone.

        :raises ApiError: if it cannot be read.
        """
        path, what = f"/api/v1/namespaces/{quote(namespace, safe='')}", f"read the labels of namespace {namespace}"
        found = self._get(path, what, "get namespaces, because a store's rules ask for their labels")
        return {} if found is None else found.metadata.labels

    def annotations(self, namespace: str, account: str) -> Mapping[str, str] | None:
        """The annotations of a service account; None if there is no such account.

        :raises ApiError: if it cannot be read.
        """
        what = f"read service account {namespace}/{account}"
        found = self._get(_path(namespace, account), what, "get serviceaccounts, because a ParameterStore names one")
        return None if found is None else found.metadata.annotations

    def token(self, namespace: str, account: str) -> str:
        """A new token of a service account, which AWS takes for an hour and the API server does not take at all.

        :raises ApiError: if there is none; NotFound if there is no such account.
        """
        what = f"request a token of service account {namespace}/{account}"
        spec = {"audiences": [AUDIENCE], "expirationSeconds": LIFETIME}
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        answer = self._transport.request("POST", f"{_path(namespace, account)}/token", what=what, body=body)
        token = _token_in(answer)
        if token is None:
            raise Unavailable(f"{what}: the answer has none")
        return token.get_secret_value()

    def _get(self, path: str, what: str, right: str) -> PartialObject | None:
        try:
            return PartialObject.model_validate_json(
                self._transport.request("GET", path, what=what, accept=METADATA_ONLY)
            )
        except NotFound:
            return None
        except Refused as error:
            raise Refused(f"{error}; the operator needs the right to {right}") from None


def _path(namespace: str, account: str) -> str:
    return f"/api/v1/namespaces/{quote(namespace, safe='')}/serviceaccounts/{quote(account, safe='')}"


def _token_in(answer: bytes) -> SecretStr | None:
    """The token of an answer. An error of validation goes no further than here: it holds what it failed on."""
    try:
        return _TokenAnswer.model_validate_json(answer).status.token
    except ValidationError:
        return None
