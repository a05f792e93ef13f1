"""Why an identity cannot be had: a reason, and what to allow on which side, never in AWS's own words."""

from collections.abc import Callable

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    InvalidRegionError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
    SSLError,
)

from paramsync.aws.errors import SourceError, meaning
from paramsync.aws.identities import errors as identity_errors
from paramsync.core.identity import Role, ServiceAccount
from paramsync.core.reasons import Reason
from tests.unit import builders

WORD = "CorrectHorseBatteryStaple"
ARN = "arn:aws:iam::111122223333:role/params"
ROLE = Role(ARN)
ACCOUNT = ServiceAccount("payments", "reader", ARN)
URL = "https://sts.eu-west-1.amazonaws.com"


def answer(code: str, message: str = WORD) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "AssumeRole")


def of_role(error: Exception, role: Role = ROLE, source: str = "the operator's role") -> tuple[Reason, str]:
    return told(identity_errors.of_role(error, role, source))


def of_account(error: Exception) -> tuple[Reason, str]:
    return told(identity_errors.of_service_account(error, ACCOUNT))


def of_operator(error: Exception) -> tuple[Reason, str]:
    return told(identity_errors.of_operator(error))


def told(error: SourceError) -> tuple[Reason, str]:
    assert WORD not in str(error)
    return error.reason, str(error)


DENIED = (
    f"AWS denies sts:AssumeRole on {ARN}; let the role's trust policy allow the operator's role{{}},"
    " and the policy of the operator's role allow sts:AssumeRole on it"
)


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException"])
@pytest.mark.parametrize(
    ("role", "condition"), [(ROLE, ""), (Role(ARN, WORD), ", with the store's external id")], ids=["plain", "external"]
)
def test_a_role_that_is_denied(code: str, role: Role, condition: str) -> None:
    text = f"User: {WORD} is not authorized to perform: sts:AssumeRole on resource: {ARN}"
    assert of_role(answer(code, text), role) == (Reason.ACCESS_DENIED, DENIED.format(condition))


def test_a_hop_from_a_service_accounts_role_names_that_role() -> None:
    source = "arn:aws:iam::444455556666:role/reader"
    assert (
        f"trust policy allow {source}, and the policy of {source} allow"
        in of_role(answer("AccessDenied"), source=source)[1]
    )


def test_session_tags_that_are_denied() -> None:
    reason, text = of_role(answer("AccessDenied", "is not authorized to perform: sts:TagSession on resource: x"))
    assert reason is Reason.ACCESS_DENIED
    assert text.startswith(f"AWS denies sts:TagSession on {ARN}; let the role's trust policy")


@pytest.mark.parametrize(
    ("error", "reason", "text"),
    [
        (
            answer("Throttling"),
            Reason.THROTTLED,
            f"AWS throttles sts:AssumeRole on {ARN}; it is tried again more slowly",
        ),
        (answer("PackedPolicyTooLarge"), Reason.STORE_INVALID, "spec.sessionTags"),
        (answer("ValidationError"), Reason.STORE_INVALID, "roleArn, externalId or sessionTags"),
        (answer("RegionDisabledException"), Reason.ACCESS_DENIED, "STS is not enabled in this Region"),
        (answer("RequestTimeTooSkewed"), Reason.ACCESS_DENIED, "correct the clock of the operator's node"),
        (answer("SignatureDoesNotMatch", f"Signature not yet current: {WORD}"), Reason.ACCESS_DENIED, "the clock"),
        (answer("SignatureDoesNotMatch", f"Signature expired: {WORD}"), Reason.ACCESS_DENIED, "the clock"),
        (
            answer("SignatureDoesNotMatch"),
            Reason.ACCESS_DENIED,
            "does not accept the credentials of the operator's role (SignatureDoesNotMatch)",
        ),
        (answer("ExpiredToken"), Reason.ACCESS_DENIED, "credentials of the operator's role (ExpiredToken)"),
        (
            answer("ServiceUnavailable"),
            Reason.SOURCE_UNAVAILABLE,
            f"sts:AssumeRole on {ARN} failed: ServiceUnavailable",
        ),
        (answer(WORD), Reason.SOURCE_UNAVAILABLE, "an error that AWS does not document for this"),
        (EndpointConnectionError(endpoint_url=URL), Reason.SOURCE_UNAVAILABLE, "the endpoint cannot be reached"),
        (ConnectTimeoutError(endpoint_url=URL), Reason.SOURCE_UNAVAILABLE, "no answer in time"),
        (ReadTimeoutError(endpoint_url=URL), Reason.SOURCE_UNAVAILABLE, "no answer in time"),
        (
            SSLError(endpoint_url=URL, error=ValueError(WORD)),
            Reason.SOURCE_UNAVAILABLE,
            "the TLS connection is not trusted",
        ),
        (KeyError(WORD), Reason.SOURCE_UNAVAILABLE, "the answer is not one of AWS's"),
    ],
    ids=lambda value: value.response["Error"]["Code"] if isinstance(value, ClientError) else None,
)
def test_a_role_that_cannot_be_assumed(error: Exception, reason: Reason, text: str) -> None:
    found, said = of_role(error)
    assert found is reason
    assert text in said


@pytest.mark.parametrize(
    ("code", "reason", "texts"),
    [
        ("AccessDenied", Reason.ACCESS_DENIED, ("AssumeRoleWithWebIdentity", ARN, "trust policy", "audience")),
        ("InvalidIdentityToken", Reason.ACCESS_DENIED, ("IAM OIDC provider", ARN, "audience sts.amazonaws.com")),
        ("IDPRejectedClaim", Reason.ACCESS_DENIED, ("IAM OIDC provider", ARN)),
        ("IDPCommunicationError", Reason.SOURCE_UNAVAILABLE, ("OIDC issuer",)),
        ("ExpiredTokenException", Reason.ACCESS_DENIED, ("clocks",)),
        ("ValidationError", Reason.STORE_INVALID, ("eks.amazonaws.com/role-arn",)),
    ],
)
def test_a_service_account_whose_token_is_refused(code: str, reason: Reason, texts: tuple[str, ...]) -> None:
    found, said = of_account(answer(code))
    assert found is reason
    assert [text for text in ("payments/reader", *texts) if text not in said] == []


@pytest.mark.parametrize(
    ("error", "reason", "text"),
    [
        (
            answer("AccessDenied"),
            Reason.ACCESS_DENIED,
            "AWS denies sts:AssumeRoleWithWebIdentity; check the trust policy of the operator's role",
        ),
        (
            answer("InvalidIdentityToken"),
            Reason.ACCESS_DENIED,
            (
                "AWS does not accept the operator's credentials (InvalidIdentityToken);"
                " check the role of its service account"
            ),
        ),
        (answer("ExpiredTokenException", "Token expired: x"), Reason.ACCESS_DENIED, "correct the clock"),
        (
            answer("Throttling"),
            Reason.THROTTLED,
            "AWS throttles sts:AssumeRoleWithWebIdentity for the operator; it is",
        ),
        (
            CredentialRetrievalError(provider=WORD, error_msg=WORD),
            Reason.SOURCE_UNAVAILABLE,
            "Pod Identity association",
        ),
        (PartialCredentialsError(provider=WORD, cred_var=WORD), Reason.ACCESS_DENIED, "has no AWS credentials"),
        (ProfileNotFound(profile=WORD), Reason.SOURCE_UNAVAILABLE, "the profile that AWS_PROFILE names"),
        (FileNotFoundError(WORD), Reason.SOURCE_UNAVAILABLE, "a file that the environment names cannot be read"),
        (ReadTimeoutError(endpoint_url=URL), Reason.SOURCE_UNAVAILABLE, "cannot be had: no answer in time"),
        (KeyError(WORD), Reason.SOURCE_UNAVAILABLE, "cannot be had: the answer is not one of AWS's"),
    ],
)
def test_the_operators_own(error: Exception, reason: Reason, text: str) -> None:
    found, said = of_operator(error)
    assert found is reason
    assert text in said


@pytest.mark.parametrize(
    ("error", "field"),
    [
        (NoRegionError(), "spec.region"),
        (InvalidRegionError(region_name=WORD), "spec.region"),
        (InvalidRegionError(region_name=WORD), "AWS_REGION"),
        (ValueError(f"Invalid endpoint: {WORD}"), "spec.endpoint"),
        (ValueError(f"Invalid endpoint: {WORD}"), "AWS_ENDPOINT_URL_SSM"),
    ],
)
def test_a_client_that_cannot_be_made(error: NoRegionError | ValueError, field: str) -> None:
    reason, text = told(identity_errors.of_client(error))
    assert reason is Reason.STORE_INVALID
    assert field in text


@pytest.mark.parametrize("why", [identity_errors.of_client, identity_errors.of_account, identity_errors.of_operator])
def test_a_profile_that_is_none_is_told_as_that(why: Callable[[ProfileNotFound], SourceError]) -> None:
    assert "the profile that AWS_PROFILE names does not exist" in told(why(ProfileNotFound(profile=WORD)))[1]


def test_a_request_that_finds_no_credentials_says_why() -> None:
    why = identity_errors.no_credentials()
    assert meaning(why, builders.subtree()) is why
