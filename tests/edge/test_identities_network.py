"""Where requests go: endpoints of each partition, FIPS and dual stack, proxies, and who is trusted."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from paramsync.aws.errors import SourceError
from paramsync.aws.identities.clients import Clients
from paramsync.aws.listing import list_page
from paramsync.core.identity import Identity, Role
from paramsync.core.pacing import Ticket
from paramsync.core.parameters import Subtree
from paramsync.core.reasons import Reason
from tests.aws.canned import Canned, run_canned
from tests.aws.tunnel import Tunnel, run_tunnel
from tests.cluster.certificates import Certificates, make_certificates
from tests.edge.identities import OTHER_ACCOUNT, bare, clients_with, failure, identity, read, static_keys

ROLES = {
    partition: Role(f"arn:{partition}:iam::{OTHER_ACCOUNT}:role/params")
    for partition in ("aws", "aws-cn", "aws-us-gov")
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bare(monkeypatch, tmp_path)
    static_keys(monkeypatch)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls") / "pki")


@pytest.fixture(scope="module")
def secure(certificates: Certificates) -> Iterator[Canned]:
    """A server whose authority nobody knows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server.certificate, certificates.server.key)
    with run_canned(context) as running:
        yield running


@pytest.fixture(scope="module")
def plain() -> Iterator[Canned]:
    with run_canned() as running:
        yield running


@pytest.fixture
def tunnel() -> Iterator[Tunnel]:
    with run_tunnel() as running:
        yield running


@pytest.fixture
def clients() -> Iterator[Clients]:
    with clients_with() as made:
        yield made


def endpoint(clients: Clients, region: str, url: str | None = None) -> str:
    return clients.client(identity(url, region)).meta.endpoint_url


class TestEndpoints:
    @pytest.mark.parametrize(
        ("region", "plain", "fips", "dual", "both"),
        [
            (
                "eu-west-1",
                "ssm.eu-west-1.amazonaws.com",
                "ssm-fips.eu-west-1.amazonaws.com",
                "ssm.eu-west-1.api.aws",
                "ssm-fips.eu-west-1.api.aws",
            ),
            (
                "cn-north-1",
                "ssm.cn-north-1.amazonaws.com.cn",
                "ssm-fips.cn-north-1.amazonaws.com.cn",
                "ssm.cn-north-1.api.amazonwebservices.com.cn",
                "ssm-fips.cn-north-1.api.amazonwebservices.com.cn",
            ),
            (
                "us-gov-west-1",
                "ssm.us-gov-west-1.amazonaws.com",
                "ssm.us-gov-west-1.amazonaws.com",
                "ssm.us-gov-west-1.api.aws",
                "ssm-fips.us-gov-west-1.api.aws",
            ),
        ],
    )
    def test_of_ssm(
        self, region: str, plain: str, fips: str, dual: str, both: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        found = []
        for use_fips in ("false", "true"):
            for use_dual in ("false", "true"):
                monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", use_fips)
                monkeypatch.setenv("AWS_USE_DUALSTACK_ENDPOINT", use_dual)
                with clients_with() as clients:
                    found.append(endpoint(clients, region))
        assert found == [f"https://{each}" for each in (plain, dual, fips, both)]

    def test_of_a_store_is_used_as_it_is_written(self, plain: Canned, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
        monkeypatch.setenv("AWS_USE_DUALSTACK_ENDPOINT", "true")
        plain.calls.clear()
        with clients_with() as clients:
            read(clients, identity(plain.url))
            assert endpoint(clients, "eu-west-1", plain.url) == plain.url
        assert [call.action for call in plain.calls] == ["GetParametersByPath"]

    @pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SSM"])
    def test_of_the_environment(
        self, clients: Clients, name: str, plain: Canned, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(name, plain.url)
        monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
        assert endpoint(clients, "eu-west-1") == plain.url
        assert endpoint(clients, "eu-west-1", "https://vpce-1.example.com") == "https://vpce-1.example.com"


class TestSts:
    @pytest.mark.parametrize(
        ("own", "store", "partition", "host"),
        [
            ("eu-west-1", "us-east-1", "aws", "sts.eu-west-1.amazonaws.com"),
            (None, "us-east-1", "aws", "sts.us-east-1.amazonaws.com"),
            ("eu-west-1", "cn-north-1", "aws-cn", "sts.cn-north-1.amazonaws.com.cn"),
            ("cn-northwest-1", "cn-north-1", "aws-cn", "sts.cn-northwest-1.amazonaws.com.cn"),
            ("us-gov-east-1", "us-gov-west-1", "aws-us-gov", "sts.us-gov-east-1.amazonaws.com"),
            ("eu-west-1", "us-gov-west-1", "aws-us-gov", "sts.us-gov-west-1.amazonaws.com"),
        ],
    )
    def test_its_region_is_the_operators_in_the_partition_of_the_role(
        self,
        tunnel: Tunnel,
        own: str | None,
        store: str,
        partition: str,
        host: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.delenv("AWS_REGION")
        if own is not None:
            monkeypatch.setenv("AWS_REGION", own)
        monkeypatch.setenv("HTTPS_PROXY", tunnel.url)
        with clients_with() as clients:
            failure(clients, identity("https://vpce-1.example.com", store, role=ROLES[partition]))
        assert tunnel.asked == [f"CONNECT {host}:443"], "nor does the store's endpoint reach it"

    def test_fips_and_dual_stack(self, tunnel: Tunnel, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTPS_PROXY", tunnel.url)
        monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
        with clients_with() as clients:
            failure(clients, identity(role=ROLES["aws"]))
        assert tunnel.asked == ["CONNECT sts-fips.eu-west-1.amazonaws.com:443"]


class TestProxies:
    def test_https(
        self,
        clients: Clients,
        tunnel: Tunnel,
        secure: Canned,
        certificates: Certificates,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("HTTPS_PROXY", tunnel.url)
        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificates.authority))
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", secure.url)
        who = identity(secure.url, role=ROLES["aws"])
        clients.prepare(who)
        read(clients, who)
        assert tunnel.asked == [f"CONNECT {secure.url.removeprefix('https://')}"] * 2

    def test_http(self, clients: Clients, tunnel: Tunnel, plain: Canned, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTP_PROXY", tunnel.url)
        read(clients, identity(plain.url))
        assert tunnel.asked == [f"POST {plain.url.removeprefix('http://')}"]

    def test_not_for_some(
        self, clients: Clients, tunnel: Tunnel, plain: Canned, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTP_PROXY", tunnel.url)
        monkeypatch.setenv("HTTPS_PROXY", tunnel.url)
        monkeypatch.setenv("NO_PROXY", "localhost")
        read(clients, identity(plain.url))
        assert tunnel.asked == []

    def test_aws_itself(self, clients: Clients, tunnel: Tunnel, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTPS_PROXY", tunnel.url)
        with pytest.raises(SourceError) as raised:
            list_page(clients, Subtree(Identity("eu-west-1"), "/prod/pay"), None, Ticket(), decrypt=True)
        assert raised.value.reason is Reason.SOURCE_UNAVAILABLE
        assert tunnel.asked == ["CONNECT ssm.eu-west-1.amazonaws.com:443"]


class TestTrust:
    def test_an_authority_of_ones_own(
        self, clients: Clients, secure: Canned, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificates.authority))
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", secure.url)
        who = identity(secure.url, role=ROLES["aws"])
        clients.prepare(who)
        read(clients, who)

    def test_another_is_not_trusted(self, clients: Clients, secure: Canned, monkeypatch: pytest.MonkeyPatch) -> None:
        secure.calls.clear()
        with pytest.raises(SourceError, match="the TLS connection is not trusted"):
            list_page(clients, Subtree(identity(secure.url), "/prod/pay"), None, Ticket(), decrypt=True)
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", secure.url)
        error = failure(clients, identity(role=ROLES["aws"]))
        assert (error.reason, "the TLS connection is not trusted" in str(error)) == (Reason.SOURCE_UNAVAILABLE, True)
        assert secure.calls == []
