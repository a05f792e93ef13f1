"""The closed list of reasons, what each asks of whom, and the problems and outcomes that carry them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Nature(StrEnum):
    """Who or what a reason waits for."""

    GOOD = "good"
    """Nothing is to be done."""

    WAITING = "waiting"
    """Time or another try mends it."""

    PERSON = "person"
    """A person must mend something."""

    LAGGING = "lagging"
    """A person must mend something, unless a tool that runs beside us (Terraform, IAM) is about to."""


class Reason(StrEnum):
    """Why a sync or a store is in its state; used in conditions, Events, problems, metrics and the documentation."""

    SYNCED = "Synced"
    PLANNED = "Planned"
    SERVING = "Serving"
    UNUSED = "Unused"
    SUSPENDED = "Suspended"
    PENDING = "Pending"
    NO_PARAMETERS = "NoParameters"
    ACCESS_DENIED = "AccessDenied"
    NOT_ALLOWED = "NotAllowed"
    STORE_NOT_FOUND = "StoreNotFound"
    STORE_INVALID = "StoreInvalid"
    DECRYPTION_FAILED = "DecryptionFailed"
    THROTTLED = "Throttled"
    INTERVAL_STRETCHED = "IntervalStretched"
    SOURCE_UNAVAILABLE = "SourceUnavailable"
    SOURCE_MOVED = "SourceMoved"
    CLUSTER_UNAVAILABLE = "ClusterUnavailable"
    CLUSTER_REFUSED = "ClusterRefused"
    KEY_COLLISION = "KeyCollision"
    INVALID_KEY = "InvalidKey"
    INVALID_VALUE = "InvalidValue"
    KEY_MISSING = "KeyMissing"
    PARAMETER_MISSING = "ParameterMissing"
    SECURE_REFUSED = "SecureRefused"
    CONTRACT_VIOLATED = "ContractViolated"
    CONTRACT_UNCHECKED = "ContractUnchecked"
    LOOKS_SECRET = "LooksSecret"  # noqa: S105
    TOO_LARGE = "TooLarge"
    NEARLY_FULL = "NearlyFull"
    TARGET_CONFLICT = "TargetConflict"
    METADATA_KEPT = "MetadataKept"
    CONTENDED = "Contended"
    DRIFT_REPAIRED = "DriftRepaired"
    REMOVAL_BLOCKED = "RemovalBlocked"
    DOWNGRADE_BLOCKED = "DowngradeBlocked"
    DELETION_POLICY_CHANGED = "DeletionPolicyChanged"
    INVALID_SPEC = "InvalidSpec"
    INTERNAL_ERROR = "InternalError"

    @property
    def nature(self) -> Nature:
        """Who or what this reason waits for."""
        return _NATURES.get(self, Nature.PERSON)


_NATURES = {
    Reason.SYNCED: Nature.GOOD,
    Reason.PLANNED: Nature.GOOD,
    Reason.SERVING: Nature.GOOD,
    Reason.UNUSED: Nature.GOOD,
    Reason.SUSPENDED: Nature.GOOD,
    Reason.PENDING: Nature.WAITING,
    Reason.THROTTLED: Nature.WAITING,
    Reason.INTERVAL_STRETCHED: Nature.GOOD,
    Reason.DELETION_POLICY_CHANGED: Nature.GOOD,
    Reason.DRIFT_REPAIRED: Nature.GOOD,
    Reason.NEARLY_FULL: Nature.GOOD,
    Reason.METADATA_KEPT: Nature.GOOD,
    Reason.CONTRACT_UNCHECKED: Nature.GOOD,
    Reason.LOOKS_SECRET: Nature.GOOD,
    Reason.SOURCE_UNAVAILABLE: Nature.WAITING,
    Reason.CLUSTER_UNAVAILABLE: Nature.WAITING,
    Reason.INTERNAL_ERROR: Nature.WAITING,
    Reason.NO_PARAMETERS: Nature.LAGGING,
    Reason.STORE_NOT_FOUND: Nature.LAGGING,
    Reason.NOT_ALLOWED: Nature.LAGGING,
    Reason.ACCESS_DENIED: Nature.LAGGING,
}


ONLY_OF_STORES: Final = frozenset({Reason.SERVING, Reason.UNUSED})
"""What is said of stores, and never of a sync."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it should be: what, to which parameter or object, and what to do."""

    reason: Reason
    subject: str
    message: str


def summary(problems: tuple[Problem, ...]) -> str:
    """One message for all problems: the first in full, the others counted."""
    rest = len(problems) - 1
    return problems[0].message + (f" (and {rest} more; see status.problems)" if rest else "")
