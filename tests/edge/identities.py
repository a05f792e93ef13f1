"""What the tests of identities share: an environment without credentials of its own, and clients in it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from paramsync.aws.errors import SourceError
from paramsync.aws.identities.clients import Clients
from paramsync.core.identity import Identity, Role, ServiceAccount
from tests.aws.errors import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

REGION = "eu-west-1"
OTHER_ACCOUNT = "444455556666"
ARN = f"arn:aws:iam::{OTHER_ACCOUNT}:role/params"
FIRST_ARN = f"arn:aws:iam::{OTHER_ACCOUNT}:role/reader"
ROLE = Role(ARN, "external-1", (("team", "payments"),))
SERVICE_ACCOUNT = ServiceAccount("payments", "reader", FIRST_ARN)
TOKEN = "eyJhbGciOiJSUzI1NiJ9.payments-reader"

VARIABLES = (
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ACCOUNT_ID",
    "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CA_BUNDLE", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_STS_REGIONAL_ENDPOINTS",
    "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SSM", "AWS_ENDPOINT_URL_STS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "ALL_PROXY", "all_proxy",
)  # fmt: skip


class Clock:
    """Seconds that pass when a test says so."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def bare(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Take everything away that AWS's SDKs look at."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(home))
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "BOTO_CONFIG"):
        monkeypatch.setenv(name, str(home / "none"))


def static_keys(monkeypatch: pytest.MonkeyPatch, region: str | None = REGION) -> None:
    """Give the operator keys of its own."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", f"AKIA{ACCOUNT}")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "dummy")
    if region is not None:
        monkeypatch.setenv("AWS_REGION", region)


@contextmanager
def clients_with(
    clock: Clock | None = None, token_for: Callable[[ServiceAccount], str] | None = None
) -> Iterator[Clients]:
    """Clients that are closed at the end."""
    made = Clients(2, token_for, clock or Clock())
    try:
        yield made
    finally:
        made.close()


def identity(url: str | None = None, region: str = REGION, **more: object) -> Identity:
    return Identity(region, url, session="payments-store", **more)  # type: ignore[arg-type]


def read(clients: Clients, who: Identity) -> None:
    """One request to SSM."""
    clients.client(who).get_parameters_by_path(Path="/prod/pay")


def failure(clients: Clients, who: Identity) -> SourceError:
    """Why an identity cannot be prepared."""
    with pytest.raises(SourceError) as raised:
        clients.prepare(who)
    assert raised.value.__cause__ is None
    return raised.value
