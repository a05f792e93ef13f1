"""A sync as it was read, validated by the models."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from paramsync.api.status import ConditionType, SyncStatus
from paramsync.api.sync import DeletionPolicy, ParameterSyncSpec
from paramsync.core import report
from paramsync.core.clock import when
from paramsync.core.deletion import policy_of, writes
from paramsync.core.objects import Owner
from paramsync.core.routing import validated
from paramsync.kube.wire import CustomObject

from .keys import SyncKey

REFRESH_ANNOTATION = "paramsync.dev/refresh"


@dataclass(frozen=True, slots=True)
class Sync:
    """A sync as it was read."""

    key: SyncKey
    owner: Owner
    generation: int
    created: datetime
    refresh: str | None
    """The value of the annotation that asks to sync now."""

    approve: str | None
    """The value of the annotation that approves what is held."""

    status: SyncStatus
    spec: ParameterSyncSpec | None
    """None if it is not valid; then ``invalid`` says why."""

    invalid: str = ""
    follows_policy: bool = True
    """Whether it says what is to become of its targets when it is deleted, and writes at all."""

    @property
    def is_well(self) -> bool:
        """Whether status says of just this spec that all is well, and nothing is asked for."""
        ready = self.status.condition(ConditionType.READY)
        return (
            ready is not None
            and ready.status == "True"
            and self.status.observed_generation == self.generation
            and (self.refresh is None or report.handled(self.refresh) == self.status.last_handled_refresh)
        )

    @classmethod
    def of(cls, key: SyncKey, found: CustomObject) -> "Sync":
        """Validate a sync; what is wrong with its spec is part of the answer."""
        spec, invalid = validated(found.spec, key.name)
        metadata, policy = found.metadata, policy_of(found.spec)
        return cls(
            key,
            Owner(key.name, metadata.uid, key.namespace, retains=policy is DeletionPolicy.RETAIN),
            metadata.generation,
            when(metadata.creation_timestamp),
            metadata.annotations.get(REFRESH_ANNOTATION),
            metadata.annotations.get(report.APPROVE),
            _status(found),
            spec,
            invalid,
            follows_policy=policy is not None and writes(found.spec),
        )


def _status(found: CustomObject) -> SyncStatus:
    """The status; one that this version does not understand counts as none, and is written anew."""
    try:
        return SyncStatus.model_validate(found.status or {})
    except ValidationError:
        return SyncStatus()
