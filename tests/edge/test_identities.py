"""Whom a request is signed as: the operator, a role, a service account's role, and a role after that."""

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from paramsync.aws.errors import SourceError
from paramsync.aws.identities import clients as aws_clients
from paramsync.aws.identities.backoff import FIRST, LONGEST
from paramsync.aws.identities.clients import Clients
from paramsync.core.identity import Role, ServiceAccount
from paramsync.core.reasons import Reason
from tests.aws import errors, faults
from tests.aws.emulator import Emulator
from tests.aws.errors import ACCOUNT, AwsError
from tests.aws.proxy import Proxy
from tests.edge.identities import (
    ARN,
    FIRST_ARN,
    OTHER_ACCOUNT,
    ROLE,
    SERVICE_ACCOUNT,
    TOKEN,
    Clock,
    bare,
    clients_with,
    failure,
    identity,
    read,
    static_keys,
)

STS_DOWN = AwsError("ServiceUnavailable", "", 503)
HOPS = ("AssumeRole", "AssumeRoleWithWebIdentity", "GetCallerIdentity")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, proxy: Proxy) -> None:
    """The operator has keys, and STS is the stand-in."""
    bare(monkeypatch, tmp_path)
    static_keys(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", proxy.url)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def asked() -> list[ServiceAccount]:
    """The service accounts for which a token was asked."""
    return []


@pytest.fixture
def clients(clock: Clock, asked: list[ServiceAccount]) -> Iterator[Clients]:
    def token_for(account: ServiceAccount) -> str:
        asked.append(account)
        return TOKEN

    with clients_with(clock, token_for) as made:
        yield made


def keys(proxy: Proxy, action: str = "GetParametersByPath") -> list[str]:
    """The access keys that requests were signed with."""
    return [call.access_key for call in proxy.calls(action)]


def hops(proxy: Proxy) -> list[str]:
    return [call.action for call in proxy.calls() if call.action in HOPS]


class TestWho:
    def test_the_operator_itself(self, clients: Clients, proxy: Proxy) -> None:
        who = identity(proxy.url)
        assert clients.arn(who) is None
        assert clients.prepare(who) == ACCOUNT
        read(clients, who)
        assert keys(proxy) == [f"AKIA{ACCOUNT}"]
        assert clients.arn(who) == f"arn:aws:sts::{ACCOUNT}:user/moto"
        assert hops(proxy) == ["GetCallerIdentity"]

    def test_a_role(self, clients: Clients, proxy: Proxy, ssm: Emulator) -> None:
        ssm.put("/prod/pay/host", "theirs", account=OTHER_ACCOUNT)
        who = identity(proxy.url, role=ROLE)
        assert clients.prepare(who) == OTHER_ACCOUNT
        assert clients.arn(who) == f"arn:aws:sts::{OTHER_ACCOUNT}:assumed-role/params/payments-store"
        (found,) = clients.client(who).get_parameters_by_path(Path="/prod/pay")["Parameters"]
        assert (found["Value"], OTHER_ACCOUNT in found["ARN"]) == ("theirs", True)
        (call,) = proxy.calls("AssumeRole")
        assert call.access_key == f"AKIA{ACCOUNT}"
        assert {key: call.body[key] for key in call.body if key not in {"Action", "Version"}} == {
            "RoleArn": ARN,
            "RoleSessionName": "payments-store",
            "DurationSeconds": "3600",
            "ExternalId": "external-1",
            "Tags.member.1.Key": "team",
            "Tags.member.1.Value": "payments",
        }

    def test_a_role_without_condition_or_tags(self, clients: Clients, proxy: Proxy) -> None:
        clients.prepare(identity(proxy.url, role=Role(ARN)))
        (call,) = proxy.calls("AssumeRole")
        assert not [key for key in call.body if key.startswith(("Tags", "ExternalId"))]

    def test_a_service_account(
        self, clients: Clients, proxy: Proxy, asked: list[ServiceAccount], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        who = identity(proxy.url, service_account=SERVICE_ACCOUNT)
        assert clients.prepare(who) == OTHER_ACCOUNT
        read(clients, who)
        (call,) = proxy.calls("AssumeRoleWithWebIdentity")
        assert call.access_key == "", "nothing of the operator's goes there"
        assert {key: call.body[key] for key in call.body if key not in {"Action", "Version"}} == {
            "RoleArn": FIRST_ARN,
            "RoleSessionName": "payments-store",
            "DurationSeconds": "3600",
            "WebIdentityToken": TOKEN,
        }
        assert asked == [SERVICE_ACCOUNT]
        assert keys(proxy)[0].startswith("ASIA")

    def test_a_role_after_a_service_account(self, clients: Clients, proxy: Proxy) -> None:
        clients.prepare(identity(proxy.url, service_account=SERVICE_ACCOUNT, role=ROLE))
        assert hops(proxy) == ["AssumeRoleWithWebIdentity", "AssumeRole"]
        assert keys(proxy, "AssumeRole")[0].startswith("ASIA"), "the second hop is signed with the first one's"

    def test_a_request_alone_is_enough(self, clients: Clients, proxy: Proxy) -> None:
        read(clients, identity(proxy.url, role=ROLE))
        assert keys(proxy)[0].startswith("ASIA")

    def test_without_tokens_a_service_account_is_refused(self, proxy: Proxy) -> None:
        with clients_with() as clients:
            error = failure(clients, identity(proxy.url, service_account=SERVICE_ACCOUNT))
        assert error.reason is Reason.ACCESS_DENIED
        assert "payments/reader" in str(error)

    def test_an_error_of_the_token_is_passed_on(self, proxy: Proxy) -> None:
        calls = []

        def token_for(account: ServiceAccount) -> str:
            calls.append(account)
            raise SourceError(Reason.ACCESS_DENIED, "no such service account")

        with clients_with(token_for=token_for) as clients:
            who = identity(proxy.url, service_account=SERVICE_ACCOUNT)
            assert {str(failure(clients, who)) for _ in range(5)} == {"no such service account"}
        assert len(calls) == 1


class TestShared:
    def test_two_identities_share_nothing_but_the_operators_own(self, clients: Clients, proxy: Proxy) -> None:
        tenants = [
            identity(proxy.url, service_account=ServiceAccount(namespace, "reader", FIRST_ARN), role=ROLE)
            for namespace in ("a", "b")
        ]
        for who in tenants:
            read(clients, who)
        assert hops(proxy) == ["AssumeRoleWithWebIdentity", "AssumeRole"] * 2
        assert len(set(keys(proxy))) == 2
        assert len({id(clients.client(who)) for who in tenants}) == len(clients) == 2

    def test_the_external_id_makes_another_identity(self, clients: Clients, proxy: Proxy) -> None:
        for external in ("one", "two"):
            read(clients, identity(proxy.url, role=Role(ARN, external)))
        assert [call.body["ExternalId"] for call in proxy.calls("AssumeRole")] == ["one", "two"]
        assert len(set(keys(proxy))) == 2

    def test_the_same_identity_has_one_client(self, clients: Clients, proxy: Proxy) -> None:
        made = {id(clients.client(identity(proxy.url, role=Role(ARN)))) for _ in range(3)}
        assert (len(made), len(clients)) == (1, 1)


class TestTime:
    def test_two_calls_an_hour_for_each_hop(self, clients: Clients, proxy: Proxy, clock: Clock) -> None:
        who = identity(proxy.url, service_account=SERVICE_ACCOUNT, role=ROLE)
        for _ in range(6 * 60):
            read(clients, who)
            clock.now += 60
        assert len(hops(proxy)) <= 2 * 2 * 6
        assert hops(proxy).count("AssumeRole") == hops(proxy).count("AssumeRoleWithWebIdentity") == 8

    def test_readiness_asks_nobody(self, clients: Clients, proxy: Proxy, clock: Clock) -> None:
        who = identity(proxy.url, role=ROLE)
        seen = [clients.is_ready(who)]
        clients.client(who)
        seen.append(clients.is_ready(who))
        assert hops(proxy) == []
        clients.prepare(who)
        seen.append(clients.is_ready(who))
        clock.now += 2702
        seen.append(clients.is_ready(who))
        clients.prepare(who)
        seen.append(clients.is_ready(who))
        clients.release(who)
        seen.append(clients.is_ready(who))
        assert seen == [False, False, True, False, True, False]
        assert hops(proxy) == ["AssumeRole"] * 2

    def test_a_failing_sts_is_not_noticed_while_credentials_are_good(
        self, clients: Clients, proxy: Proxy, clock: Clock, caplog: pytest.LogCaptureFixture
    ) -> None:
        who = identity(proxy.url, role=ROLE)
        clients.prepare(who)
        proxy.forget()
        proxy.add(STS_DOWN, action="AssumeRole")
        clock.now += 2702
        for _ in range(80):
            read(clients, who)
            assert clients.prepare(who) == OTHER_ACCOUNT
            clock.now += 10
        assert len(hops(proxy)) == 7, "after 0, 10, 30, 70, 150, 310 and 610 s"
        assert [record for record in caplog.records if record.name.startswith("botocore")] == []
        assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1

    def test_nothing_left_is_one_error_and_few_calls(self, clients: Clients, proxy: Proxy, clock: Clock) -> None:
        who = identity(proxy.url, role=ROLE)
        clients.prepare(who)
        proxy.forget()
        rule = proxy.add(STS_DOWN, action="AssumeRole")
        clock.now += 3601
        found = set()
        for _ in range(60):
            with pytest.raises(SourceError) as raised:
                read(clients, who)
            found |= {
                (raised.value.reason, str(raised.value)),
                (failure(clients, who).reason, str(failure(clients, who))),
            }
            clock.now += 10
        assert found == {(Reason.SOURCE_UNAVAILABLE, f"sts:AssumeRole on {ARN} failed: ServiceUnavailable")}
        assert len(hops(proxy)) == 6, "after 0, 10, 30, 70, 150 and 310 s; the next after 610 s"
        assert proxy.calls("GetParametersByPath") == []
        rule.remove()
        clock.now += LONGEST
        read(clients, who)


class TestDiscard:
    def test_others_are_had_once_for_each_step_of_the_back_off(
        self, clients: Clients, proxy: Proxy, clock: Clock
    ) -> None:
        who = identity(proxy.url, role=ROLE)
        found = set()
        for _ in range(600):
            try:
                clients.prepare(who)
            except SourceError as error:
                found.add((error.reason, str(error)))
            else:
                clients.discard(who)
                clients.discard(who)
            assert len(clients) == 0
            clock.now += 1
        assert len(hops(proxy)) == 6, "after 0, 10, 30, 70, 150 and 310 s"
        assert found == {
            (
                Reason.ACCESS_DENIED,
                f"AWS does not accept the credentials of {ARN}; others are asked for more and more slowly",
            )
        }

    def test_the_error_is_the_one_that_was_given(self, clients: Clients, proxy: Proxy) -> None:
        who = identity(proxy.url, role=ROLE)
        clients.prepare(who)
        clients.discard(who, SourceError(Reason.ACCESS_DENIED, "it is so"))
        with pytest.raises(SourceError, match="it is so"):
            clients.client(who)
        assert str(failure(clients, who)) == "it is so"

    def test_the_others_are_others(self, clients: Clients, proxy: Proxy, clock: Clock) -> None:
        who = identity(proxy.url, role=ROLE)
        read(clients, who)
        clients.discard(who)
        clock.now += FIRST
        read(clients, who)
        assert len(set(keys(proxy))) == 2

    def test_after_a_while_it_begins_anew(self, clients: Clients, proxy: Proxy, clock: Clock) -> None:
        who = identity(proxy.url, role=ROLE)
        for pause in (FIRST, 20, 40, 80 + 601):
            clients.prepare(who)
            clients.discard(who)
            clock.now += pause
        clients.prepare(who)
        clients.discard(who)
        clock.now += FIRST
        clients.prepare(who)

    def test_one_whom_aws_refuses_takes_nothing_from_the_others(
        self, clients: Clients, proxy: Proxy, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        refused, good = identity(proxy.url, "ap-east-1"), identity(proxy.url)
        clients.prepare(refused)
        read(clients, good)
        clients.discard(refused)
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        failure(clients, refused)
        read(clients, good)
        clock.now += FIRST
        read(clients, good)

    def test_a_hop_whose_first_credentials_are_refused_begins_at_the_first(
        self, clients: Clients, proxy: Proxy, clock: Clock
    ) -> None:
        who = identity(proxy.url, service_account=SERVICE_ACCOUNT, role=ROLE)
        proxy.add(AwsError("ExpiredToken", "expired"), action="AssumeRole", times=1)
        assert f"credentials of {FIRST_ARN} (ExpiredToken)" in str(failure(clients, who))
        clock.now += FIRST
        clients.prepare(who)
        assert hops(proxy) == ["AssumeRoleWithWebIdentity", "AssumeRole"] * 2

    def test_what_was_released_is_forgotten(self, clients: Clients, proxy: Proxy) -> None:
        who = identity(proxy.url, role=ROLE)
        clients.prepare(who)
        clients.discard(who)
        clients.release(who)
        clients.prepare(who)
        assert hops(proxy) == ["AssumeRole"] * 2, "at once, for the back-off is forgotten too"

    def test_an_identity_that_nobody_has_is_none(self, clients: Clients, proxy: Proxy) -> None:
        clients.discard(identity(proxy.url))
        clients.release(identity(proxy.url))
        assert len(clients) == 0


class TestAccount:
    @pytest.mark.parametrize("where", ["environment", "file"])
    def test_the_environment_says_it(
        self, clients: Clients, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, where: str
    ) -> None:
        if where == "file":
            monkeypatch.delenv("AWS_ACCESS_KEY_ID")
            file = tmp_path / "credentials"
            file.write_text("[default]\naws_access_key_id = AKIA000000000000\naws_secret_access_key = dummy\n")
            monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
        monkeypatch.setenv("AWS_ACCOUNT_ID", "999988887777")
        assert clients.prepare(identity(proxy.url)) == "999988887777"
        assert hops(proxy) == []

    def test_sts_is_asked_once_for_all(self, clients: Clients, proxy: Proxy, clock: Clock) -> None:
        for region in ("eu-west-1", "eu-central-1", "eu-west-1"):
            assert clients.prepare(identity(proxy.url, region)) == ACCOUNT
            clock.now += 5000
        assert hops(proxy) == ["GetCallerIdentity"]

    @pytest.mark.parametrize("fault", [errors.denied(), STS_DOWN, faults.html(200), faults.drop()])
    def test_not_to_know_it_fails_nothing(
        self, clients: Clients, proxy: Proxy, clock: Clock, fault: AwsError, caplog: pytest.LogCaptureFixture
    ) -> None:
        rule = proxy.add(fault, action="GetCallerIdentity")
        who = identity(proxy.url)
        for _ in range(59):
            assert clients.prepare(who) is None
            read(clients, who)
            clock.now += 10
        assert len(hops(proxy)) == 1
        assert len(caplog.records) == 1
        rule.remove()
        clock.now += 10
        assert clients.prepare(who) == ACCOUNT

    @pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
    def test_a_roles_arn_says_it(self, clients: Clients, proxy: Proxy, partition: str) -> None:
        arn = f"arn:{partition}:iam::{OTHER_ACCOUNT}:role/params"
        assert clients.prepare(identity(proxy.url, role=Role(arn))) == OTHER_ACCOUNT
        assert hops(proxy) == ["AssumeRole"]


class TestErrors:
    @pytest.mark.parametrize(
        ("fault", "reason", "text"),
        [
            (errors.denied(), Reason.ACCESS_DENIED, f"AWS denies sts:AssumeRole on {ARN}; let the role's trust policy"),
            (AwsError("Throttling", "Rate exceeded"), Reason.THROTTLED, "AWS throttles sts:AssumeRole"),
            (AwsError("SignatureDoesNotMatch", "Signature not yet current: x", 403), Reason.ACCESS_DENIED, "clock"),
            (faults.drop(), Reason.SOURCE_UNAVAILABLE, "closed before the answer was complete"),
            (faults.html(200), Reason.SOURCE_UNAVAILABLE, "the answer is not one of AWS's"),
        ],
        ids=["denied", "throttled", "clock", "dropped", "html"],
    )
    def test_a_role_that_cannot_be_had(
        self, clients: Clients, proxy: Proxy, clock: Clock, fault: AwsError, reason: Reason, text: str
    ) -> None:
        proxy.add(fault, action="AssumeRole")
        who, found = identity(proxy.url, role=ROLE), set()
        for _ in range(3):
            error = failure(clients, who)
            found.add((error.reason, str(error)))
            clock.now += LONGEST
        ((told, said),) = found
        assert told is reason
        assert text in said
        assert len(hops(proxy)) == 3, "one attempt each"

    @pytest.mark.parametrize("own", [False, True], ids=["role", "own"])
    def test_no_answer_in_time(self, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, own: bool) -> None:
        monkeypatch.setattr(aws_clients, "READ_TIMEOUT", 0.3)
        (tmp_path / "token").write_text(TOKEN)
        if own:
            monkeypatch.delenv("AWS_ACCESS_KEY_ID")
            monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
            monkeypatch.setenv("AWS_ROLE_ARN", FIRST_ARN)
            monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
        proxy.add(faults.hang())
        with clients_with() as clients:
            error = failure(clients, identity(proxy.url, role=ROLE))
        assert error.reason is Reason.SOURCE_UNAVAILABLE
        assert str(error).endswith(": no answer in time")
        assert hops(proxy) == (["AssumeRoleWithWebIdentity"] * 2 if own else ["AssumeRole"])

    def test_what_boto3_does_not_even_send(self, clients: Clients, proxy: Proxy) -> None:
        error = failure(clients, identity(proxy.url, role=Role(ARN, "1")))
        assert error.reason is Reason.STORE_INVALID
        account = ServiceAccount("payments", "reader", "params")
        error = failure(clients, identity(proxy.url, service_account=account))
        assert (error.reason, "eks.amazonaws.com/role-arn" in str(error)) == (Reason.STORE_INVALID, True)
        assert hops(proxy) == []

    def test_a_region_or_an_endpoint_that_is_none(self, clients: Clients) -> None:
        assert failure(clients, identity("hunter2")).reason is Reason.STORE_INVALID
        assert failure(clients, identity(region="eu west")).reason is Reason.STORE_INVALID


class TestThreads:
    def test_a_slow_hop_holds_up_no_other_identity(self, clients: Clients, proxy: Proxy) -> None:
        gate = faults.hang()
        rule = proxy.add(gate, action="AssumeRole", times=1)
        slow = threading.Thread(target=clients.prepare, args=[identity(proxy.url, role=ROLE)])
        slow.start()
        gate.arrived()
        read(clients, identity(proxy.url))
        read(clients, identity(proxy.url, role=Role(ARN)))
        clients.prepare(identity(proxy.url, service_account=SERVICE_ACCOUNT))
        assert not clients.is_ready(identity(proxy.url, role=ROLE))
        assert slow.is_alive()
        rule.remove()
        slow.join()
        assert clients.is_ready(identity(proxy.url, role=ROLE))

    def test_many_threads_have_one_client_and_one_hop(self, clients: Clients, proxy: Proxy) -> None:
        who = identity(proxy.url, role=ROLE)

        def work() -> str | None:
            account = clients.prepare(who)
            read(clients, who)
            return account

        with ThreadPoolExecutor(16) as pool:
            accounts = [future.result() for future in [pool.submit(work) for _ in range(16)]]
        assert set(accounts) == {OTHER_ACCOUNT}
        assert (hops(proxy), len(set(keys(proxy))), len(clients)) == (["AssumeRole"], 1, 1)
