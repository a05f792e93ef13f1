"""The roles that take part in reading, each with its policies."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from .installation import Installation
from .permissions import Reads, permissions
from .statements import Statement, policy
from .trust import Unknown, trust

LONGEST: Final = 6144
"""Characters of a managed policy, without white space (IAM user guide, quotas). In a role itself 10,240 fit."""


@dataclass(frozen=True, slots=True)
class Role:
    """A role, what it must be allowed, and who must be let into it."""

    arn: str
    """Empty for the operator's own, if that is not known."""

    permissions: tuple[Statement, ...]
    trust: tuple[Statement, ...]
    unknown: str = ""
    """What must be known for the trust policy; empty if it is there."""

    @property
    def name(self) -> str:
        """The role in words."""
        return self.arn or "the operator's role"

    @property
    def policy(self) -> dict[str, JsonValue]:
        """The document of its permissions."""
        return policy(self.permissions)

    @property
    def trust_policy(self) -> dict[str, JsonValue] | None:
        """The document of its trust; None if something must be known for that."""
        return policy(self.trust) if self.trust else None

    @property
    def is_too_long(self) -> bool:
        """Whether a managed policy cannot hold its permissions."""
        return sum(not character.isspace() for character in str(self.policy)) > LONGEST


def roles(reads: Collection[Reads], installation: Installation, partition_of: Callable[[str], str]) -> tuple[Role, ...]:
    """The roles that read, and those by way of which they are assumed; the operator's own first.

    :param partition_of: the partition of a Region, for the operator's role if that is not known.
    """
    identities = [each.subtree.identity for each in reads]
    arns = {installation.first(each) for each in identities} | {installation.caller(each) for each in identities}

    def made(arn: str) -> Role:
        allowed = permissions(arn, reads, installation, partition_of)
        try:
            return Role(arn, allowed, trust(arn, reads, installation))
        except Unknown as error:
            return Role(arn, allowed, (), str(error))

    return tuple(map(made, sorted(arns, key=lambda arn: (arn != installation.role, arn))))
