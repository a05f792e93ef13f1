"""What AWS's errors and broken connections mean, in one place.

Messages are the same from try to try: no request ids, no times, no principal's session.
"""

import re
from typing import Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ReadTimeoutError,
    SSLError,
)

from paramsync.core.parameters import Subtree
from paramsync.core.reasons import Reason


class SourceError(Exception):
    """A subtree could not be read. The reason is of the closed list; the text is fit for status and logs."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Undecryptable(SourceError):  # noqa: N818
    """SecureStrings cannot be decrypted; everything else of the subtree can be read."""


class TokenRejected(SourceError):  # noqa: N818
    """A page's token is not, or no longer, good: the listing starts over."""


class IdentityRejected(SourceError):  # noqa: N818
    """AWS does not accept the credentials: they are to be had anew."""


THROTTLED: Final = frozenset({"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"})
DENIED: Final = frozenset({"AccessDeniedException", "AccessDenied", "UnauthorizedOperation"})
BAD_CREDENTIALS: Final = frozenset(
    {
        "ExpiredToken", "ExpiredTokenException", "IDPRejectedClaim", "InvalidClientTokenId",
        "InvalidIdentityToken", "InvalidSignatureException",
        "MissingAuthenticationToken", "MissingAuthenticationTokenException", "OptInRequired",
        "RequestExpired", "SignatureDoesNotMatch", "UnrecognizedClientException",
    }
)  # fmt: skip
BAD_KEY: Final = frozenset({"InvalidKeyId", "KMSAccessDeniedException", "KMSDisabledException", "KMSNotFoundException"})

SHOWN: Final = frozenset(
    {"InternalFailure", "InternalServerError", "ServiceUnavailable", "ServiceUnavailableException"}
)
"""Other codes that are told by name. Whatever else an answer calls its error may be anything, even a value."""

ACTIONS: Final = (
    "kms:Decrypt", "ssm:GetParameters", "ssm:GetParametersByPath", "sts:AssumeRole", "sts:AssumeRoleForPodIdentity",
    "sts:AssumeRoleWithWebIdentity", "eks-auth:AssumeRoleForPodIdentity",
)  # fmt: skip

_ACTION = re.compile(rf"perform:? ({'|'.join(ACTIONS)})(?![A-Za-z])")
_KEY = re.compile(r"(arn:aws[a-z-]{0,12}:kms:[a-z0-9-]{1,32}:[0-9]{12}:key/(?:mrk-)?[0-9a-f-]{32,36})\b")
_SKEWED: Final = frozenset({"RequestTimeTooSkewed", "RequestInTheFuture"})
_CLOCK: Final = re.compile(r"signature (?:not yet current|expired)|token expired", re.IGNORECASE)
_KMS = re.compile(r"ciphertext refers to|customer master key|\bkms\b", re.IGNORECASE)


def meaning(error: Exception, subtree: Subtree) -> SourceError:
    """What an exception of boto3 means for a subtree."""
    if isinstance(error, SourceError):  # of the credentials that a request is signed with
        return error
    if isinstance(error, ClientError):
        return _of_answer(error, subtree)
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return SourceError(
            Reason.ACCESS_DENIED,
            "The operator has no AWS credentials; give its service account a role (IRSA or Pod Identity)",
        )
    if isinstance(error, NoRegionError):
        return SourceError(
            Reason.STORE_INVALID, "The store names no Region and the operator has none of its own; set spec.region"
        )
    return SourceError(Reason.SOURCE_UNAVAILABLE, f"Reading {subtree.path} from AWS failed: {broken(error)}")


def _of_answer(error: ClientError, subtree: Subtree) -> SourceError:
    answer = error.response.get("Error", {})
    code, text = str(answer.get("Code", "")), str(answer.get("Message", ""))
    path = subtree.path
    if code in THROTTLED:
        return SourceError(Reason.THROTTLED, f"AWS throttles requests for {path}; they are retried more slowly")
    if code == "InvalidNextToken":
        return TokenRejected(
            Reason.SOURCE_UNAVAILABLE, f"Reading {path} from AWS failed: a page's token is not accepted again and again"
        )
    if is_skewed(code, text):
        return SourceError(
            Reason.ACCESS_DENIED, "AWS refuses requests for their time; correct the clock of the operator's node"
        )
    if code in BAD_CREDENTIALS:
        return IdentityRejected(
            Reason.ACCESS_DENIED,
            f"AWS does not accept the credentials of {subtree.identity.principal} ({code}); check that the role exists"
            " and that nobody revokes its sessions",
        )
    if code in DENIED:
        return _denied(text, subtree)
    if code in BAD_KEY:
        return Undecryptable(
            Reason.DECRYPTION_FAILED,
            f"AWS says {code}{_where(text)}; check that the key exists, is enabled and lets"
            f" {subtree.identity.principal} use kms:Decrypt",
        )
    if code == "ValidationException":
        return SourceError(Reason.INVALID_SPEC, f"AWS does not accept the path {path}; check its spelling")
    shown = code if code in SHOWN else "an error that AWS does not document for this"
    return SourceError(Reason.SOURCE_UNAVAILABLE, f"Reading {path} from AWS failed: {shown}")


def is_skewed(code: str, text: str) -> bool:
    """Whether an answer refuses a request for the time in its signature or token."""
    return code in _SKEWED or (code in BAD_CREDENTIALS and _CLOCK.search(text) is not None)


def _denied(text: str, subtree: Subtree) -> SourceError:
    action = _ACTION.search(text)
    missing = action[1] if action else "kms:Decrypt" if _KMS.search(text) else "ssm:GetParametersByPath"
    below = "" if subtree.path == "/" else subtree.path
    who = subtree.identity.principal
    match missing:
        case "kms:Decrypt":
            text = f"AWS denies {missing}{_where(text)}; allow it for {who}"
            return Undecryptable(Reason.DECRYPTION_FAILED, text)
        case "ssm:GetParameters":
            text = f"AWS denies {missing}; allow it for {who} on parameter{below}/*"
            return Undecryptable(Reason.ACCESS_DENIED, text)
        case "ssm:GetParametersByPath":
            text = (
                f"AWS denies {missing} on {subtree.path}; allow it for {who}"
                f" on parameter{subtree.path} and parameter{below}/*"
            )
        case _:
            text = f"AWS denies {missing}; check the trust policy of {who}"
    return SourceError(Reason.ACCESS_DENIED, text)


def _where(text: str) -> str:
    key = _KEY.search(text)
    return f" on {key[1]}" if key else ""


def broken(error: Exception) -> str:
    """What became of a request that AWS did not answer, or not as it does."""
    match error:
        case ConnectTimeoutError() | ReadTimeoutError():
            return "no answer in time"
        case SSLError():
            return "the TLS connection is not trusted"
        case EndpointConnectionError():
            return "the endpoint cannot be reached"
        case ConnectionClosedError():
            return "the connection was closed before the answer was complete"
        case BotoCoreError():
            return type(error).__name__
        case _:
            return "the answer is not one of AWS's"
