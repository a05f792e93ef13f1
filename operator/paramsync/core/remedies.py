"""What to do about each reason, in one sentence, and where the documentation says more."""

from collections.abc import Mapping
from typing import Final

from .reasons import Reason

PAGE: Final = "docs/reference/reasons.md"
"""The page with a section for each reason."""

REMEDIES: Final[Mapping[Reason, str]] = {
    Reason.SYNCED: "Nothing is to be done.",
    Reason.PLANNED: "Look at status.plan, and set spec.mode to Sync to carry it out.",
    Reason.SERVING: "Nothing is to be done; if status.lastError tells of a path, mend that.",
    Reason.UNUSED: "Nothing is to be done; let a sync name the store in spec.storeRef to use it.",
    Reason.SUSPENDED: "Set spec.suspend to false, or remove it, to go on.",
    Reason.PENDING: "Wait; if it lasts for more than some minutes, check that the operator runs and leads.",
    Reason.NO_PARAMETERS: (
        "Correct the path, spec.sources[].recursive or the store's Region, create the parameters,"
        " or make the source optional."
    ),
    Reason.ACCESS_DENIED: "Allow the action that the message names to the AWS role that the store reads as.",
    Reason.NOT_ALLOWED: (
        "Correct the path, or have an admin add a rule to the store's access or label the namespace for one."
    ),
    Reason.STORE_NOT_FOUND: "Create the store, or name another in spec.storeRef.",
    Reason.STORE_INVALID: "Mend the field of the store, or the service account, that the message names.",
    Reason.DECRYPTION_FAILED: (
        "Enable the parameter's KMS key or allow kms:Decrypt on it, or put the parameter into the source's exclude."
    ),
    Reason.THROTTLED: (
        "Wait; if it lasts, choose longer intervals or fewer paths, or raise the API budget and AWS's own quota."
    ),
    Reason.INTERVAL_STRETCHED: "Choose longer intervals or fewer paths, or raise the API budget.",
    Reason.SOURCE_UNAVAILABLE: (
        "Wait; if it lasts, check the way to SSM and STS, the store's endpoint and the cluster's OIDC provider."
    ),
    Reason.SOURCE_MOVED: (
        "Set the store's role and Region back, name another store in spec.storeRef, or approve what is held."
    ),
    Reason.CLUSTER_UNAVAILABLE: "Wait; if it lasts, mend the API server or the webhook that does not answer.",
    Reason.CLUSTER_REFUSED: "Grant the right, or correct the policy, the quota or the webhook that the message names.",
    Reason.KEY_COLLISION: "Rename one of the parameters, or its key in spec.keys.rename, or leave one out by exclude.",
    Reason.INVALID_KEY: "Rename the parameter, or its key in spec.keys.rename, or leave it out by exclude.",
    Reason.INVALID_VALUE: "Write the parameter again, with a value of the form that the message asks for.",
    Reason.KEY_MISSING: (
        "Create the parameter that the message names, add its type to the target's types, or correct secretType."
    ),
    Reason.PARAMETER_MISSING: "Create the parameter, correct the reference in compose, or let a source include it.",
    Reason.SECURE_REFUSED: (
        "Move the key to a target of kind Secret, or leave the parameter out of the file's include or of compose."
    ),
    Reason.CONTRACT_VIOLATED: "Correct the parameter that the message names, or the rule in spec.contract.",
    Reason.CONTRACT_UNCHECKED: "Write a pattern in spec.contract.match that covers plain parameters only.",
    Reason.LOOKS_SECRET: "Store the parameter as a SecureString with a new value, or list it in spec.contract.plain.",
    Reason.TOO_LARGE: "Read a narrower path, or split it over several targets or syncs.",
    Reason.NEARLY_FULL: "Read a narrower path, or split it over several targets or syncs, before it is too large.",
    Reason.TARGET_CONFLICT: (
        "Name another object in spec.targets, delete or rename the one that is there,"
        " or have its owner give it to the sync by the annotation paramsync.dev/adopt."
    ),
    Reason.METADATA_KEPT: (
        "Remove the label or annotation from the object, or from metadata of the target in spec.targets."
    ),
    Reason.CONTENDED: (
        "Stop the writer that the message names, exempt the target from it, or name another target in spec.targets."
    ),
    Reason.DRIFT_REPAIRED: "Change the parameter instead of the target, or set spec.suspend to edit it by hand.",
    Reason.REMOVAL_BLOCKED: "Restore the parameters, or approve what is held with the digest in status.plan.",
    Reason.DOWNGRADE_BLOCKED: (
        "Make the parameter a SecureString again, or approve what is held with the digest in status.plan."
    ),
    Reason.DELETION_POLICY_CHANGED: "Nothing is to be done.",
    Reason.INVALID_SPEC: "Correct the field of the spec that the message names.",
    Reason.INTERNAL_ERROR: "Report it with the line of the operator's log; it is tried again.",
}
"""For whoever reads the reason first: what mends it, or that nothing has to be done."""


def anchor(reason: Reason) -> str:
    """The part of the documentation about a reason, from the root of the repository."""
    return f"{PAGE}#{reason.lower()}"
