"""The status of a ClusterParameterStore and of a ParameterStore. Written by the operator alone."""

from typing import Annotated

from pydantic import Field

from .base import ObjectName
from .status import LONGEST_MESSAGE, Condition, ConditionType, Count, StatusModel, Timestamp

MOST_NAMESPACES = 10


class StoreError(StatusModel):
    """Why something could not be read with a store; never a value, nor an id of a request."""

    reason: Annotated[str, Field(max_length=64)]
    """Why, in one word of the same closed list as the conditions' reasons."""

    message: Annotated[str, Field(max_length=LONGEST_MESSAGE)]
    """What happened, to which path or role, and what to do."""

    since: Timestamp
    """When it began."""

    until: Timestamp | None = None
    """When it was over. There is none while it lasts."""


class BudgetStatus(StatusModel):
    """What is wrong with the API budget that a store shares with all of its account and Region."""

    throttled_since: Timestamp | None = None
    """Since when AWS throttles again and again. None while it does not."""

    stretched_since: Timestamp | None = None
    """Since when intervals are longer than asked for, because the budget cannot serve all. None while it can."""


class StoreStatus(StatusModel):
    """What is true of a store, and why."""

    observed_generation: Annotated[int, Field(json_schema_extra={"format": "int64"})] = -1
    """The generation of the store that this status speaks of."""

    conditions: Annotated[
        tuple[Condition, ...],
        Field(
            max_length=8,
            json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
        ),
    ] = ()
    """Ready; and, only while true, Stalled (a person must mend something) and Reconciling."""

    identity: Annotated[str, Field(max_length=2048)] | None = None
    """The ARN that AWS knows the reader by. None while nobody reads, and where AWS has not told it."""

    account: Annotated[str, Field(max_length=12)] | None = None
    """The AWS account that is read."""

    region: Annotated[str, Field(max_length=32)] | None = None
    """The AWS Region that is read."""

    syncs: Count | None = None
    """The number of syncs that read with the store: not those that it refuses, nor suspended ones."""

    namespace_count: Count | None = None
    """The number of namespaces of these syncs."""

    namespaces: Annotated[tuple[ObjectName, ...], Field(max_length=MOST_NAMESPACES)] = ()
    """The first ten of these namespaces, by name."""

    budget: BudgetStatus | None = None
    """What is wrong with the API budget of the account and Region. None if nothing is."""

    last_error: StoreError | None = None
    """What last stood in the way of reading with this spec, and when."""

    def condition(self, kind: ConditionType) -> Condition | None:
        """The condition of that type, if there is one."""
        return next((found for found in self.conditions if found.type == kind), None)
