"""The operator's own credentials: IRSA, EKS Pod Identity, and what happens when they cannot be renewed."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from paramsync.aws.errors import SourceError
from paramsync.aws.identities.backoff import FIRST
from paramsync.aws.identities.clients import Clients
from paramsync.core.identity import Role
from paramsync.core.reasons import Reason
from paramsync.runtime import logs
from tests.aws.canned import CREDENTIALS_PATH, Canned, run_canned
from tests.aws.errors import ACCOUNT
from tests.edge.identities import (
    ARN,
    REGION,
    Clock,
    bare,
    clients_with,
    failure,
    identity,
    read,
    static_keys,
)
from tests.running.logging import own_logging

OWN_ARN = f"arn:aws:iam::{ACCOUNT}:role/paramsync"


@pytest.fixture(scope="module")
def server() -> Iterator[Canned]:
    with run_canned() as running:
        yield running


@pytest.fixture
def aws(server: Canned, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Canned:
    """STS and all, before the operator has anything."""
    bare(monkeypatch, tmp_path)
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", server.url)
    server.calls.clear()
    server.authorizations.clear()
    server.lifetime, server.status = 3600, 200
    return server


@pytest.fixture
def irsa(aws: Canned, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """What EKS puts into a pod whose service account names a role; returns the token's file."""
    token = tmp_path / "token"
    token.write_text("token-of-paramsync")
    monkeypatch.setenv("AWS_ROLE_ARN", OWN_ARN)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    return token


@pytest.fixture
def pod_identity(aws: Canned, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """What EKS Pod Identity puts into a pod; returns the token's file."""
    token = tmp_path / "eks-pod-identity-token"
    token.write_text("token-1")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", aws.url + CREDENTIALS_PATH)
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(token))
    return token


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def clients(clock: Clock) -> Iterator[Clients]:
    with clients_with(clock) as made:
        yield made


def keys(aws: Canned) -> list[str]:
    return [call.access_key for call in aws.calls if call.service == "ssm"]


class TestIrsa:
    def test_one_call_for_all_identities(self, irsa: Path, aws: Canned, clients: Clients) -> None:
        for region in ("eu-west-1", "eu-central-1"):
            who = identity(aws.url, region)
            assert clients.prepare(who) == ACCOUNT
            read(clients, who)
        assert [call.action for call in aws.calls if call.service == "sts"] == ["AssumeRoleWithWebIdentity"]
        assert clients.arn(identity(aws.url)) == os.environ["AWS_ROLE_ARN"], (
            "the session's name is another one each time"
        )
        assert aws.calls[0].body["WebIdentityToken"] == "token-of-paramsync"
        assert len(set(keys(aws))) == 1

    def test_a_renewal_reads_the_token_again(self, irsa: Path, aws: Canned, clients: Clients) -> None:
        aws.lifetime = 2
        clients.prepare(identity(aws.url))
        irsa.write_text("token-2")
        aws.lifetime = 3600
        clients.discard(identity(aws.url))
        clients.prepare(identity(aws.url, "eu-central-1"))
        assert [call.body["WebIdentityToken"] for call in aws.calls] == ["token-of-paramsync", "token-2"]

    def test_a_role_is_assumed_with_it(self, irsa: Path, aws: Canned, clients: Clients) -> None:
        for name in ("a", "b"):
            clients.prepare(identity(aws.url, role=Role(f"{ARN}-{name}")))
        assert [call.action for call in aws.calls] == ["AssumeRoleWithWebIdentity", "AssumeRole", "AssumeRole"]
        assert len({call.access_key for call in aws.calls[1:]}) == 1

    def test_without_its_token_the_error_says_so(self, irsa: Path, aws: Canned, clients: Clients) -> None:
        irsa.unlink()
        assert {str(failure(clients, identity(aws.url))) for _ in range(3)} == {
            "The operator's AWS credentials cannot be had: a file that the environment names cannot be read"
        }
        assert aws.calls == []


class TestPodIdentity:
    def test_the_token_is_shown_and_the_account_known(self, pod_identity: Path, aws: Canned, clients: Clients) -> None:
        assert clients.prepare(identity(aws.url)) == ACCOUNT
        assert set(aws.authorizations) == {"token-1"}
        assert aws.calls == [], "STS is not asked"
        assert clients.arn(identity(aws.url)) is None

    def test_a_renewal_reads_the_token_again(
        self, pod_identity: Path, aws: Canned, clients: Clients, clock: Clock
    ) -> None:
        who = identity(aws.url)
        read(clients, who)
        pod_identity.write_text("token-2")
        clients.discard(who)
        clock.now += FIRST
        read(clients, who)
        assert aws.authorizations[-1] == "token-2"
        assert len(set(keys(aws))) == 2

    def test_an_endpoint_that_gives_none(
        self, pod_identity: Path, aws: Canned, clients: Clients, caplog: pytest.LogCaptureFixture
    ) -> None:
        aws.status = 400
        who = identity(aws.url)
        error = failure(clients, who)
        asked = len(aws.authorizations)
        assert str(error) == str(failure(clients, who))
        assert error.reason is Reason.SOURCE_UNAVAILABLE
        assert str(error) == (
            "The operator's AWS credentials cannot be had: their endpoint gives none;"
            " check the Pod Identity association of its service account"
        )
        assert len(aws.authorizations) == asked, "the back-off asks nobody"
        assert "token-1" not in caplog.text


class TestFailure:
    @pytest.mark.parametrize("kind", ["irsa", "pod_identity"])
    def test_good_credentials_go_on_being_used(
        self, kind: str, request: pytest.FixtureRequest, aws: Canned, clients: Clients, clock: Clock
    ) -> None:
        request.getfixturevalue(kind)
        who = identity(aws.url)
        aws.lifetime = 600
        read(clients, who)
        clients.discard(who)
        clock.now += FIRST
        aws.status = 500
        before = len(aws.calls) + len(aws.authorizations)
        read(clients, who)
        asked = len(aws.calls) + len(aws.authorizations) - before
        for _ in range(10):
            read(clients, who)
        assert len(set(keys(aws))) == 1
        assert len(aws.calls) + len(aws.authorizations) - before - asked == 10, "the ten requests to SSM"

    def test_ended_and_not_renewed(self, irsa: Path, aws: Canned, clients: Clients) -> None:
        aws.status = 500
        found = set()
        for _ in range(10):
            with pytest.raises(SourceError) as raised:
                read(clients, identity(aws.url))
            found.add(str(raised.value))
        assert found == {"sts:AssumeRoleWithWebIdentity for the operator failed: ServiceUnavailable"}
        assert len(aws.calls) == 2, "one try of two attempts"

    def test_nothing_of_a_failed_renewal_is_logged_but_our_line(
        self, irsa: Path, aws: Canned, clients: Clients, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with own_logging():
            logs.configure("text", "debug")
            aws.status = 500
            failure(clients, identity(aws.url))
        lines = [line for line in capsys.readouterr().err.splitlines() if "INFO" not in line]
        assert len(lines) == 1
        assert "paramsync.aws.identities.credentials credentials cannot be renewed" in lines[0]

    def test_no_credentials_and_then_some(
        self, aws: Canned, clients: Clients, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        error = failure(clients, identity(aws.url))
        assert (error.reason, "give its service account a role" in str(error)) == (Reason.ACCESS_DENIED, True)
        static_keys(monkeypatch)
        clock.now += FIRST
        assert clients.prepare(identity(aws.url)) == ACCOUNT
