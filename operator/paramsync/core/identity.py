"""Who a store reads as, and where. Nothing is shared across identities: no client, no feed, no value."""

import re
from dataclasses import dataclass
from typing import Final

OPERATOR: Final = "operator"

_ROLE_ACCOUNT: Final = re.compile(r"arn:[a-z0-9-]+:iam::([0-9]{12}):role/")


@dataclass(frozen=True, slots=True)
class Role:
    """A role to assume from credentials that are there already: one hop."""

    arn: str
    external_id: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    """Session tags, sorted by key."""


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A tenant's service account, whose token AWS exchanges for the role that its annotation names (IRSA)."""

    namespace: str
    name: str
    role_arn: str


@dataclass(frozen=True, slots=True)
class Identity:
    """The AWS principal that a store reads as, and where."""

    region: str
    endpoint: str | None = None
    """The URL of SSM, and of SSM only. None for AWS's own."""

    service_account: ServiceAccount | None = None
    """Where the first credentials come from. None for the operator's own."""

    role: Role | None = None
    """The hop after that, if any."""

    session: str = ""
    """The name of the role's session, which CloudTrail shows. Empty for the operator's own credentials."""

    @property
    def principal(self) -> str:
        """Whose rights decide, in words: the last role."""
        if self.role is not None:
            return self.role.arn
        return self.service_account.role_arn if self.service_account is not None else "the operator's role"

    @property
    def store(self) -> str:
        """Which store reads as it, by the name of its sessions; all those that read as the operator are one."""
        return self.session or OPERATOR

    @property
    def account(self) -> str | None:
        """The account of the last role. None for the operator's own credentials: only AWS knows it."""
        match = _ROLE_ACCOUNT.match(self.principal)
        return match[1] if match else None
