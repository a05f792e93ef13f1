"""Each request to STS is counted by its operation, its outcome and the store that it was for."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from paramsync.aws.errors import SourceError
from paramsync.aws.identities.clients import Clients
from paramsync.core.identity import ServiceAccount
from tests.aws.canned import Canned, run_canned
from tests.aws.errors import AwsError
from tests.aws.proxy import Proxy
from tests.edge.identities import ROLE, SERVICE_ACCOUNT, TOKEN, Clock, bare, failure, identity, read, static_keys

STORE = "payments-store"
"""The name of the sessions of these tests' identities."""

Counted = Counter[tuple[str, str, str | None]]


@pytest.fixture
def counted() -> Counted:
    return Counter()


@pytest.fixture
def clients(counted: Counted) -> Iterator[Clients]:
    def token_for(_: ServiceAccount) -> str:
        return TOKEN

    def sent(operation: str, store: str, outcome: str | None) -> None:
        counted[operation, store, outcome] += 1

    made = Clients(2, token_for, Clock(), sent)
    yield made
    made.close()


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, proxy: Proxy) -> Proxy:
    """The operator has keys, and STS is the stand-in."""
    bare(monkeypatch, tmp_path)
    static_keys(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", proxy.url)
    return proxy


@pytest.fixture
def irsa(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Canned]:
    """The operator has a token of its own, which botocore exchanges."""
    bare(monkeypatch, tmp_path)
    (tmp_path / "token").write_text("token-of-paramsync")
    with run_canned() as server:
        for name, value in (
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ENDPOINT_URL_STS", server.url),
            ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/paramsync"),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token")),
        ):
            monkeypatch.setenv(name, value)
        yield server


def test_both_hops_of_a_store_are_its_own(stand_in: Proxy, clients: Clients, counted: Counted) -> None:
    who = identity(stand_in.url, service_account=SERVICE_ACCOUNT, role=ROLE)
    clients.prepare(who)
    read(clients, who)

    assert counted == {("AssumeRoleWithWebIdentity", STORE, None): 1, ("AssumeRole", STORE, None): 1}


def test_what_is_asked_for_the_operator_is_no_store_s(stand_in: Proxy, clients: Clients, counted: Counted) -> None:
    clients.prepare(identity(stand_in.url))

    assert counted == {("GetCallerIdentity", "operator", None): 1}


def test_what_botocore_asks_by_itself_is_counted_too(irsa: Canned, clients: Clients, counted: Counted) -> None:
    clients.prepare(identity(irsa.url, role=ROLE))

    assert counted == {("AssumeRoleWithWebIdentity", "operator", None): 1, ("AssumeRole", STORE, None): 1}


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (AwsError("AccessDenied", "no", 403), "AccessDenied"),
        (AwsError("ExpiredTokenException", "no", 400), "AccessDenied"),
        (AwsError("ValidationError", "no", 400), "StoreInvalid"),
        (AwsError("Throttling", "no", 400), "Throttled"),
        (AwsError("ServiceUnavailable", "no", 503), "SourceUnavailable"),
    ],
    ids=lambda each: each.code if isinstance(each, AwsError) else each,
)
def test_a_failure_is_counted_by_what_it_means(
    stand_in: Proxy, clients: Clients, counted: Counted, error: AwsError, outcome: str
) -> None:
    stand_in.add(error, action="AssumeRole")
    told = failure(clients, identity(stand_in.url, role=ROLE))

    assert counted == {("AssumeRole", STORE, outcome): 1}
    assert told.reason == outcome, "as the sync says it"


def test_no_answer_is_counted(
    stand_in: Proxy, clients: Clients, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")
    failure(clients, identity(stand_in.url, role=ROLE))

    assert counted == {("AssumeRole", STORE, "SourceUnavailable"): 1}


def test_what_was_not_sent_is_not_counted(
    irsa: Canned, clients: Clients, counted: Counted, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "token").unlink()
    with pytest.raises(SourceError):
        clients.prepare(identity(irsa.url, role=ROLE))

    assert counted == {}
