"""What AWS's errors mean: a reason of the closed list, and a message that says what to allow and never changes."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from paramsync.aws.errors import SourceError
from paramsync.aws.identities.clients import Clients
from paramsync.aws.listing import list_page
from paramsync.core.identity import Identity
from paramsync.core.pacing import Ticket
from paramsync.core.parameters import Subtree
from paramsync.core.reasons import Nature, Reason
from tests.aws import errors
from tests.aws.errors import ACCOUNT, KEY, AwsError
from tests.aws.proxy import Proxy
from tests.aws.wire import Fault

PATH = "/prod/pay"
OTHER_SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/paramsync/1700000000000000000"
REQUEST_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

CREDENTIALS = (
    "AWS does not accept the credentials of the operator's role ({}); check that the role exists"
    " and that nobody revokes its sessions"
)
BAD_KEY = (
    f"AWS says {{}} on arn:aws:kms:eu-west-1:{ACCOUNT}:{KEY}; check that the key exists, is enabled"
    " and lets the operator's role use kms:Decrypt"
)
THROTTLED = "AWS throttles requests for /prod/pay; they are retried more slowly"
ACCESS_DENIED = (
    "AWS denies ssm:GetParametersByPath on /prod/pay; allow it for the operator's role"
    " on parameter/prod/pay and parameter/prod/pay/*"
)
KMS_DENIED = f"AWS denies kms:Decrypt on arn:aws:kms:eu-west-1:{ACCOUNT}:{KEY}; allow it for the operator's role"


@pytest.fixture(scope="module")
def clients() -> Iterator[Clients]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", f"AKIA{ACCOUNT}")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "dummy")
        environment.setenv("NO_PROXY", "127.0.0.1")
        made = Clients(1)
        yield made
        made.close()


def failure(clients: Clients, endpoint: str, path: str = PATH) -> SourceError:
    subtree = Subtree(Identity("eu-west-1", endpoint), path)
    with pytest.raises(SourceError) as raised:
        list_page(clients, subtree, None, Ticket(), decrypt=True)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__ or raised.value.__context__ is None, "a traceback would show the answer"
    return raised.value


@pytest.mark.parametrize(
    ("fault", "reason", "message"),
    [
        (errors.denied(), Reason.ACCESS_DENIED, ACCESS_DENIED),
        (errors.denied(OTHER_SESSION), Reason.ACCESS_DENIED, ACCESS_DENIED),
        (AwsError("AccessDeniedException", ""), Reason.ACCESS_DENIED, ACCESS_DENIED),
        (errors.kms_denied(), Reason.DECRYPTION_FAILED, KMS_DENIED),
        (errors.kms_denied(OTHER_SESSION), Reason.DECRYPTION_FAILED, KMS_DENIED),
        (
            errors.kms_no_key(),
            Reason.DECRYPTION_FAILED,
            "AWS denies kms:Decrypt; allow it for the operator's role",
        ),
        (errors.invalid_key_id(), Reason.DECRYPTION_FAILED, BAD_KEY.format("InvalidKeyId")),
        (errors.throttled(), Reason.THROTTLED, THROTTLED),
        (AwsError("TooManyRequestsException", "slow down", 429), Reason.THROTTLED, THROTTLED),
        (AwsError("RequestLimitExceeded", "", 503), Reason.THROTTLED, THROTTLED),
        (errors.expired_token(), Reason.ACCESS_DENIED, CREDENTIALS.format("ExpiredTokenException")),
        (errors.unrecognized_client(), Reason.ACCESS_DENIED, CREDENTIALS.format("UnrecognizedClientException")),
        (
            AwsError("InvalidSignatureException", "Signature expired: 20260301T120000Z is now earlier than …"),
            Reason.ACCESS_DENIED,
            "AWS refuses requests for their time; correct the clock of the operator's node",
        ),
        (errors.internal(), Reason.SOURCE_UNAVAILABLE, "Reading /prod/pay from AWS failed: InternalServerError"),
        (
            AwsError("ServiceUnavailable", "", 503),
            Reason.SOURCE_UNAVAILABLE,
            "Reading /prod/pay from AWS failed: ServiceUnavailable",
        ),
        (
            errors.validation("The parameter doesn't meet the parameter name requirements."),
            Reason.INVALID_SPEC,
            "AWS does not accept the path /prod/pay; check its spelling",
        ),
        (
            AwsError("<script>alert(1)</script>", "hunter2"),
            Reason.SOURCE_UNAVAILABLE,
            "Reading /prod/pay from AWS failed: an error that AWS does not document for this",
        ),
    ],
    ids=[
        "denied",
        "denied, another session",
        "denied without a text",
        "denied by KMS",
        "denied by KMS, another session",
        "no key, or none for us",
        "a disabled key",
        "throttled",
        "too many requests",
        "limit exceeded",
        "expired",
        "unrecognized",
        "a clock that is wrong",
        "internal",
        "unavailable",
        "validation",
        "not AWS",
    ],
)
def test_an_error_has_a_reason_and_a_message_that_stays(
    proxy: Proxy, clients: Clients, fault: Fault, reason: Reason, message: str
) -> None:
    proxy.add(fault)
    for _ in range(2):
        error = failure(clients, proxy.url)
        assert (error.reason, str(error)) == (reason, message)
        assert not REQUEST_ID.search(str(error).replace(KEY, ""))
        assert "assumed-role" not in str(error)
    is_rejected = message.startswith("AWS does not accept the credentials")
    assert len(proxy.calls()) == (1 if is_rejected else 2), "boto3 tries once, and new credentials take their time"


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/", "on /; allow it for the operator's role on parameter/ and parameter/*"),
        ("/a", "on /a; allow it for the operator's role on parameter/a and parameter/a/*"),
        ("/a/b.c", "on /a/b.c; allow it for the operator's role on parameter/a/b.c and parameter/a/b.c/*"),
    ],
)
def test_a_denial_says_on_what_to_allow_it(proxy: Proxy, clients: Clients, path: str, allow: str) -> None:
    proxy.add(errors.denied())
    assert str(failure(clients, proxy.url, path)) == f"AWS denies ssm:GetParametersByPath {allow}"


@pytest.mark.parametrize(
    ("fault", "nature"),
    [
        (errors.throttled(), Nature.WAITING),
        (errors.internal(), Nature.WAITING),
        (errors.denied(), Nature.LAGGING),
        (errors.kms_denied(), Nature.PERSON),
        (errors.validation(""), Nature.PERSON),
    ],
    ids=["throttled", "internal", "denied", "denied by KMS", "validation"],
)
def test_who_can_mend_it(proxy: Proxy, clients: Clients, fault: Fault, nature: Nature) -> None:
    proxy.add(fault)
    assert failure(clients, proxy.url).reason.nature is nature


def test_no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, proxy: Proxy) -> None:
    nothing = tmp_path / "none"
    for name in (
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE",
        "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "BOTO_CONFIG"):
        monkeypatch.setenv(name, str(nothing))
    clients = Clients(1)
    try:
        error = failure(clients, proxy.url)
    finally:
        clients.close()

    assert error.reason is Reason.ACCESS_DENIED
    assert str(error) == ("The operator has no AWS credentials; give its service account a role (IRSA or Pod Identity)")
    assert proxy.calls() == []
