"""How an operator stands in AWS, as far as a policy depends on it."""

import re
from dataclasses import dataclass
from typing import Final

from paramsync.api.fields import matches_whole
from paramsync.core.identity import Identity

_ISSUER: Final = re.compile(r"(?:https://|arn:[a-z-]+:iam::[0-9]{12}:oidc-provider/)?(.*?)/?")
_HOST_AND_PATH: Final = r"[a-zA-Z0-9.-]+(:[0-9]{1,5})?(/[a-zA-Z0-9._~-]+)*"
_KEY: Final = r"arn:aws[a-z-]{0,12}:kms:[a-z0-9-]{1,32}:[0-9]{12}:key/[a-zA-Z0-9-]{1,64}"


@dataclass(frozen=True, slots=True)
class Installation:
    """An operator's place in AWS."""

    role: str = ""
    """The ARN of the role that it has of its own; empty if that is not known."""

    namespace: str = "paramsync"
    service_account: str = "paramsync"
    issuer: str = ""
    """The cluster's OIDC issuer, host and path; empty if that is not known."""

    has_pod_identity: bool = False
    """Whether its own role comes by EKS Pod Identity, whose sessions carry tags, and not by IRSA."""

    keys: tuple[str, ...] = ()
    """The ARNs of the KMS keys of SecureStrings; empty: any key of the account."""

    uses_own_keys: bool = True
    """Whether there are SecureStrings under other keys than ``aws/ssm``, for which AWS asks for no right."""

    def caller(self, identity: Identity) -> str:
        """The ARN of the role that reads as an identity: the last of its hops; empty for the operator's, unknown."""
        return identity.role.arn if identity.role is not None else self.first(identity)

    def first(self, identity: Identity) -> str:
        """The ARN of the role that an identity begins with."""
        return identity.service_account.role_arn if identity.service_account is not None else self.role


def issuer(text: str) -> str:
    """Host and path of an OIDC issuer, which may be given as a URL or as the ARN of its IAM provider.

    :raises ValueError: if it is none of these.
    """
    found = _ISSUER.fullmatch(text)
    if found is None or not matches_whole(_HOST_AND_PATH, found[1]):
        raise ValueError(
            "write the issuer's URL, such as https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE,"
            " or the ARN of its IAM OIDC provider"
        )
    return found[1]


def is_key(arn: str) -> bool:
    """Whether a text is the ARN of a KMS key; that of an alias names no resource of a policy."""
    return matches_whole(_KEY, arn)


def account_of(role: str) -> str:
    """The account of a role; ``*`` if it is not known, which is the same to AWS: by path a role reads its own only."""
    return role.split(":")[4] if role else "*"
