"""What it means that an identity cannot be had: what to allow, and on which side.

As in ``errors``: never AWS's own words, and the same text from try to try.
"""

from typing import Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    InvalidRegionError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
)

from paramsync.aws.errors import BAD_CREDENTIALS, DENIED, SHOWN, THROTTLED, SourceError, broken, is_skewed
from paramsync.core.identity import Role, ServiceAccount
from paramsync.core.reasons import Reason

_EXPIRED: Final = frozenset({"ExpiredToken", "ExpiredTokenException"})
_NOT_VALID: Final = frozenset({"ValidationError", "ValidationException", "InvalidParameterValue"})


def of_role(error: Exception, role: Role, source: str) -> SourceError:
    """Why a role cannot be assumed.

    :param source: whose credentials it would be assumed with.
    """
    code, text = _told(error)
    if code in DENIED and "sts:TagSession" in text:
        return SourceError(
            Reason.ACCESS_DENIED,
            f"AWS denies sts:TagSession on {role.arn}; let the role's trust policy, and the policy of {source},"
            " allow it besides sts:AssumeRole",
        )
    if code in DENIED:
        condition = ", with the store's external id" if role.external_id is not None else ""
        return SourceError(
            Reason.ACCESS_DENIED,
            f"AWS denies sts:AssumeRole on {role.arn}; let the role's trust policy allow {source}{condition},"
            f" and the policy of {source} allow sts:AssumeRole on it",
        )
    if code == "PackedPolicyTooLarge":
        return SourceError(
            Reason.STORE_INVALID, "AWS does not take as many session tags; shorten the store's spec.sessionTags"
        )
    if code in _NOT_VALID or isinstance(error, ParamValidationError):
        return SourceError(
            Reason.STORE_INVALID,
            "AWS does not take the store's roleArn, externalId or sessionTags; check their spelling",
        )
    return _of_sts(error, f"sts:AssumeRole on {role.arn}") or _refused(code, source)


def of_service_account(error: Exception, account: ServiceAccount) -> SourceError:
    """Why AWS does not exchange the token of a service account."""
    code, _ = _told(error)
    who = f"service account {account.namespace}/{account.name}"
    if code in DENIED:
        return SourceError(
            Reason.ACCESS_DENIED,
            f"AWS denies sts:AssumeRoleWithWebIdentity on {account.role_arn}; let the role's trust policy allow"
            f" {who}, with audience sts.amazonaws.com",
        )
    if code in {"InvalidIdentityToken", "IDPRejectedClaim"}:
        return SourceError(
            Reason.ACCESS_DENIED,
            f"AWS does not accept the token of {who} for {account.role_arn} ({code}); check that the role's account"
            " has an IAM OIDC provider for this cluster, with audience sts.amazonaws.com",
        )
    if code == "IDPCommunicationError":
        return SourceError(
            Reason.SOURCE_UNAVAILABLE,
            f"AWS cannot fetch the keys of this cluster's OIDC issuer to check the token of {who}",
        )
    if code in _EXPIRED:
        return SourceError(
            Reason.ACCESS_DENIED,
            f"AWS takes the token of {who} for expired; check the clocks of the cluster's nodes",
        )
    if code in _NOT_VALID or isinstance(error, ParamValidationError):
        return SourceError(
            Reason.STORE_INVALID,
            f"AWS does not take the role in the annotation eks.amazonaws.com/role-arn of {who}; check its spelling",
        )
    return _of_sts(error, f"sts:AssumeRoleWithWebIdentity on {account.role_arn}") or _refused(code, who)


def no_credentials() -> SourceError:
    """The operator has none of its own."""
    return SourceError(
        Reason.ACCESS_DENIED,
        "The operator has no AWS credentials; give its service account a role (IRSA or Pod Identity)",
    )


def of_operator(error: Exception) -> SourceError:
    """Why the operator's own credentials cannot be had."""
    code, _ = _told(error)
    if code in DENIED:
        return SourceError(
            Reason.ACCESS_DENIED,
            "AWS denies sts:AssumeRoleWithWebIdentity; check the trust policy of the operator's role",
        )
    known = _of_sts(error, "sts:AssumeRoleWithWebIdentity for the operator") if isinstance(error, ClientError) else None
    if known is not None:
        return known
    match error:
        case ClientError():
            return SourceError(
                Reason.ACCESS_DENIED,
                f"AWS does not accept the operator's credentials ({code}); check the role of its service account",
            )
        case PartialCredentialsError():
            return no_credentials()
        case CredentialRetrievalError():
            what = "their endpoint gives none; check the Pod Identity association of its service account"
        case ProfileNotFound():
            what = "the profile that AWS_PROFILE names does not exist"
        case OSError() if not isinstance(error, BotoCoreError):
            what = "a file that the environment names cannot be read"
        case _:
            what = broken(error)
    return SourceError(Reason.SOURCE_UNAVAILABLE, f"The operator's AWS credentials cannot be had: {what}")


def of_account(error: Exception) -> SourceError:
    """Why STS does not say which account the operator belongs to."""
    if isinstance(error, SourceError):
        return error
    if isinstance(error, ProfileNotFound):
        return of_operator(error)
    code, _ = _told(error)
    if code in DENIED:
        return SourceError(Reason.ACCESS_DENIED, "AWS denies sts:GetCallerIdentity")
    return _of_sts(error, "sts:GetCallerIdentity") or _refused(code, "the operator's role")


def of_client(error: BotoCoreError | ValueError) -> SourceError:
    """Why no client can be made."""
    match error:
        case NoRegionError():
            what = "The store names no Region and the operator has none of its own; set spec.region"
        case InvalidRegionError():
            what = "The Region is no name of one; correct spec.region of the store, or AWS_REGION in the environment"
        case ValueError():
            what = "The endpoint of SSM is no URL; correct spec.endpoint of the store, or AWS_ENDPOINT_URL_SSM or"
            what += " AWS_ENDPOINT_URL in the environment"
        case ProfileNotFound():
            return of_operator(error)
        case _:
            return SourceError(Reason.SOURCE_UNAVAILABLE, f"A client of AWS cannot be made: {broken(error)}")
    return SourceError(Reason.STORE_INVALID, what)


def discarded(whose: str) -> SourceError:
    """AWS did not accept the credentials of a role, and others are on their way."""
    return SourceError(
        Reason.ACCESS_DENIED,
        f"AWS does not accept the credentials of {whose}; others are asked for more and more slowly",
    )


def reason_of(error: Exception) -> Reason:
    """What became of a request to STS that did not succeed, in one word."""
    code, _ = _told(error)
    if code in DENIED | {"InvalidIdentityToken", "IDPRejectedClaim"} | _EXPIRED:
        return Reason.ACCESS_DENIED
    if code in _NOT_VALID or code == "PackedPolicyTooLarge":
        return Reason.STORE_INVALID
    known = _of_sts(error, "")
    return Reason.ACCESS_DENIED if known is None else known.reason


def _of_sts(error: Exception, what: str) -> SourceError | None:
    """What holds for every call to STS; None for an answer that names bad credentials."""
    code, text = _told(error)
    if code in THROTTLED:
        return SourceError(Reason.THROTTLED, f"AWS throttles {what}; it is tried again more slowly")
    if is_skewed(code, text):
        return SourceError(
            Reason.ACCESS_DENIED, f"AWS refuses {what} for its time; correct the clock of the operator's node"
        )
    if code == "RegionDisabledException":
        return SourceError(
            Reason.ACCESS_DENIED, f"AWS refuses {what}: STS is not enabled in this Region for the role's account"
        )
    if code in BAD_CREDENTIALS:
        return None
    if isinstance(error, ClientError):
        shown = code if code in SHOWN else "an error that AWS does not document for this"
    else:
        shown = broken(error)
    return SourceError(Reason.SOURCE_UNAVAILABLE, f"{what} failed: {shown}")


def _refused(code: str, whose: str) -> SourceError:
    return SourceError(Reason.ACCESS_DENIED, f"AWS does not accept the credentials of {whose} ({code}); check its role")


def _told(error: Exception) -> tuple[str, str]:
    answer = error.response.get("Error", {}) if isinstance(error, ClientError) else {}
    return str(answer.get("Code", "")), str(answer.get("Message", ""))
