"""The status of a ParameterSync. Written by the operator alone; it never holds a value of a parameter."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from .base import Model

MOST_PROBLEMS = 50
MOST_ACTIONS = 2000
LONGEST_MESSAGE = 4096
LONGEST_REASON = 256

Timestamp = Annotated[str, Field(max_length=32, json_schema_extra={"format": "date-time"})]
"""RFC 3339 in UTC with whole seconds, as Kubernetes writes times."""

ShortText = Annotated[str, Field(max_length=256)]
Count = Annotated[int, Field(ge=0, json_schema_extra={"format": "int64"})]


class ConditionType(StrEnum):
    """The conditions of a sync or a store, as kstatus reads them."""

    READY = "Ready"
    STALLED = "Stalled"
    RECONCILING = "Reconciling"


class StatusModel(Model):
    """A part of a status: what a newer version of the operator has written beside it is ignored."""

    model_config = ConfigDict(extra="ignore", validate_by_name=True, validate_by_alias=True)


class Condition(StatusModel):
    """One condition. Stalled and Reconciling are present only while they are true."""

    type: Annotated[str, Field(max_length=64)]
    """Ready, Stalled or Reconciling."""

    status: Literal["True", "False", "Unknown"]
    """Whether the condition holds."""

    reason: Annotated[str, Field(max_length=64)]
    """Why, in one word of a closed list; the documentation says for each what to do about it."""

    message: Annotated[str, Field(max_length=LONGEST_MESSAGE)]
    """What happened, to which parameter or object, and what to do."""

    last_transition_time: Timestamp
    """When the status of the condition last changed."""

    observed_generation: Annotated[int, Field(json_schema_extra={"format": "int64"})] | None = None
    """The generation of the object that the condition speaks of."""


class GuardWindow(StatusModel):
    """What the guard remembers, so that a restart forgets nothing."""

    since: Timestamp
    """When the window began."""

    peak: Count
    """The most parameters that the sync had within the window."""

    removed: Count
    """The parameters that were removed within the window."""


class TargetStatus(StatusModel):
    """A target as it was last written or found intact."""

    kind: Annotated[str, Field(max_length=63)]
    """Secret or ConfigMap."""

    name: Annotated[str, Field(max_length=253)]
    """The name of the object."""

    uid: Annotated[str, Field(max_length=63)]
    """The uid of the object."""

    key_count: Count
    """The number of keys in the object."""

    revision: Annotated[str, Field(max_length=64)]
    """A digest over the names, types, versions and dates of the parameters in the object; never over values."""


class Problem(StatusModel):
    """Something that is not as it should be, and what to do about it."""

    reason: Annotated[str, Field(max_length=64)]
    """The kind of problem, in one word of the same closed list as the conditions' reasons."""

    subject: Annotated[str, Field(max_length=1280)]
    """The parameter, path or object it is about."""

    message: Annotated[str, Field(max_length=LONGEST_MESSAGE)]
    """What happened, and what to do."""


class PlannedAction(StatusModel):
    """What would happen to one key of a target; never a value, nor whether two values are equal."""

    action: Annotated[str, Field(max_length=16)]
    """add, change, remove, move (into a target of the other kind), replace (a key of somebody else) or keep."""

    kind: Annotated[str, Field(max_length=63)]
    """Secret or ConfigMap."""

    name: Annotated[str, Field(max_length=253)]
    """The name of the object."""

    key: Annotated[str, Field(max_length=340)]
    """The key in the object; or labels/KEY or annotations/KEY."""

    parameter: Annotated[str, Field(max_length=2048)] | None = None
    """The parameter that the key was or will be made from, if it is known."""

    version: Annotated[int, Field(json_schema_extra={"format": "int64"})] | None = None
    """The parameter's version."""

    modified: Timestamp | None = None
    """When that version was made."""

    reason: Annotated[str, Field(max_length=LONGEST_REASON)]
    """Why."""

    held: bool | None = None
    """Whether it is held until it is approved."""


class PlanStatus(StatusModel):
    """What a reconcile would do: in ``mode: Plan`` all of it; otherwise what is held, and what waits with it, if
    nothing is written meanwhile."""

    digest: Annotated[str, Field(max_length=64)] | None = None
    """Approves what is held, and nothing else, as the value of the annotation paramsync.dev/approve on the sync.
    There is none if nothing is held."""

    actions: Annotated[tuple[PlannedAction, ...], Field(max_length=MOST_ACTIONS)] = ()
    """What would happen, key by key. What is held comes first."""

    omitted: Count = 0
    """The number of actions that do not fit in here."""

    @property
    def held(self) -> tuple[PlannedAction, ...]:
        """What is held, as far as it is shown."""
        return tuple(action for action in self.actions if action.held)

    @property
    def others(self) -> tuple[PlannedAction, ...]:
        """What is not held itself, as far as it is shown."""
        return tuple(action for action in self.actions if not action.held)

    @property
    def omitted_held(self) -> int:
        """How many of those that do not fit in here are held, at most: what is held comes first, so that none is if
        anything else is shown."""
        return 0 if self.others else self.omitted


class SyncStatus(StatusModel):
    """What is true of a sync, and why."""

    observed_generation: Annotated[int, Field(json_schema_extra={"format": "int64"})] = -1
    """The generation of the sync that this status speaks of."""

    conditions: Annotated[
        tuple[Condition, ...],
        Field(
            max_length=8,
            json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
        ),
    ] = ()
    """Ready; and, only while true, Stalled (a person must mend something) and Reconciling."""

    last_applied_time: Timestamp | None = None
    """When a target was last changed. How old the data is, is a metric."""

    last_handled_refresh: ShortText | None = None
    """The last value of the annotation paramsync.dev/refresh that was acted on."""

    last_handled_approval: Annotated[str, Field(max_length=64)] | None = None
    """The last value of the annotation paramsync.dev/approve that was acted on."""

    revision: Annotated[str, Field(max_length=64)] | None = None
    """A digest over what was last applied: names, types, versions and dates; never values."""

    parameters: Count | None = None
    """The number of parameters that the targets hold."""

    secure: Count | None = None
    """The number of SecureStrings among them."""

    skipped: Count | None = None
    """The number of parameters that no target takes."""

    overlaid: Count | None = None
    """The number of parameters that a later source hides."""

    guard: GuardWindow | None = None
    """What the guard remembers between reconciles."""

    sources: ShortText | None = None
    """The paths, shortened for a column."""

    store: ShortText | None = None
    """The store, for a column."""

    targets: Annotated[tuple[TargetStatus, ...], Field(max_length=64)] = ()
    """The targets that exist and are this sync's."""

    plan: PlanStatus | None = None
    """What would be done, in mode Plan; what is held and waits, otherwise. None if nothing is."""

    problems: Annotated[tuple[Problem, ...], Field(max_length=MOST_PROBLEMS)] = ()
    """What is not as it should be; at most 50 entries."""

    def condition(self, kind: ConditionType) -> Condition | None:
        """The condition of that type, if there is one."""
        return next((found for found in self.conditions if found.type == kind), None)

    @property
    def held(self) -> int:
        """The number of actions that are held until they are approved; of a hold that is about none of them, 1."""
        if not self.is_held or self.plan is None:
            return 0
        return max(len(self.plan.held) + self.plan.omitted_held, 1)

    @property
    def is_held(self) -> bool:
        """Whether anything is held until it is approved."""
        return self.plan is not None and self.plan.digest is not None
