"""Every reason, brought about: a sync for each, in virtual time, and what has to happen until its reason is told."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from botocore.exceptions import ClientError
from pydantic import JsonValue

from paramsync.api.base import API_VERSION
from paramsync.api.sources import StoreKind
from paramsync.api.status import SyncStatus
from paramsync.api.stores import ClusterParameterStoreSpec
from paramsync.aws.errors import meaning
from paramsync.core.access import refusals
from paramsync.core.parameters import Parameter, Snapshot
from paramsync.core.reasons import Problem, Reason
from paramsync.core.stores import Store, StoreKey, cluster_store
from paramsync.core.values import SecureValue
from paramsync.kube.errors import ApiError, Refused, Stale, Unavailable
from tests.unit.builders import SECRET, live, namespace, parameter, rule, secure, snapshot, store_ref, subtree
from tests.unit.reconcile_world import World
from tests.unit.virtual_time import in_virtual_time

MINUTE, HOUR = 60.0, 3600.0
FAR: Final = HOUR
"""Seconds: nothing of what is told here is still on its way."""

DEFAULT: Final = StoreKey(StoreKind.CLUSTER_PARAMETER_STORE, "default")
Answer = Callable[[str], Snapshot | Exception]


@dataclass(frozen=True, slots=True)
class Situation:
    """How a reason comes about."""

    spec: Mapping[str, JsonValue]
    answer: Answer
    happens: Callable[[World], Awaitable[None]]

    async def brought_about(self) -> World:
        """A sync that the reason has been told of, and that has been left alone since."""
        world = World(self.answer, **self.spec)
        await self.happens(world)
        await world.run(FAR)
        return world


def holding(*made: Parameter) -> Answer:
    """A listing of these parameters, beside a host and a password."""
    return lambda path: snapshot(parameter(), secure(), *made, path=path)


def failing(code: str, message: str = "") -> Answer:
    """What AWS answers instead."""
    return lambda path: meaning(
        ClientError({"Error": {"Code": code, "Message": message}}, "GetParametersByPath"), subtree(path)
    )


async def nothing(_: World) -> None:
    """It is so from the beginning."""


def then(*changes: Callable[[World], object]) -> Callable[[World], Awaitable[None]]:
    """It was in order for two minutes; then it changed; and so on."""

    async def happens(world: World) -> None:
        for change in changes:
            await world.run(2 * MINUTE)
            change(world)

    return happens


def edited(**fields: JsonValue) -> Callable[[World], None]:
    """Somebody edits the spec."""

    def edit(world: World) -> None:
        assert isinstance(world.customs.spec, dict)
        world.customs.spec = {**world.customs.spec, **fields}
        world.customs.generation += 1

    return edit


def answered(answer: Answer) -> Callable[[World], None]:
    """Parameter Store answers something else."""

    def change(world: World) -> None:
        world.answer = answer

    return change


def stored(problem: Problem | Store) -> Callable[[World], None]:
    """The store is found to be unusable."""
    assert isinstance(problem, Problem)

    def change(world: World) -> None:
        world.stores.missing = problem

    return change


def stretched(world: World) -> None:
    world.load.stretch = 1.5


def refusing(error: ApiError) -> Callable[[World], None]:
    """The API server writes no target any more, and there is something to write."""

    def change(world: World) -> None:
        world.targets.write_error = error
        world.answer = lambda path: snapshot(parameter(version=2), secure(), path=path)

    return change


def deleting(world: World) -> None:
    """Somebody deletes a target, and a finalizer keeps it."""
    world.targets.objects[SECRET] = replace(world.targets.objects[SECRET], deleting=True, resource_version="99")


def deleted(world: World) -> None:
    del world.targets.objects[SECRET]


def labelled(world: World) -> None:
    """Somebody labels a target."""
    found = world.targets.objects[SECRET]
    world.targets.objects[SECRET] = replace(found, labels={**found.labels, "team": "theirs"}, resource_version="99")


def taken(world: World) -> None:
    """Somebody else has an object of a target's name."""
    world.targets.objects[SECRET] = live(SECRET, {"PASSWORD": SecureValue(b"theirs")})


def first(change: Callable[[World], None]) -> Callable[[World], Awaitable[None]]:
    """It is so before the operator looks."""

    async def happens(world: World) -> None:
        change(world)

    return happens


def situation(
    answer: Answer | None = None, happens: Callable[[World], Awaitable[None]] = nothing, **spec: JsonValue
) -> Situation:
    return Situation(spec, answer or holding(), happens)


DENIAL: Final = "User: x is not authorized to perform: ssm:GetParametersByPath on resource: y"
EMPTY: Final[Answer] = lambda path: snapshot(path=path)  # noqa: E731
MOVED: Final[Answer] = lambda path: snapshot(parameter(), secure(), path=path, account="444455556666")  # noqa: E731
PLAIN: Final[Answer] = lambda path: snapshot(parameter(), path=path)  # noqa: E731
DOWNGRADED: Final[Answer] = lambda path: snapshot(  # noqa: E731
    parameter(), parameter("/prod/pay/password", "x", version=2), path=path
)
DEFECT: Final[Answer] = lambda _: RuntimeError("hunter2")  # noqa: E731
WRITE: Final = "apply Secret app: the API server"

SITUATIONS: Final[Mapping[Reason, Situation]] = {
    Reason.SYNCED: situation(),
    Reason.PLANNED: situation(mode="Plan"),
    Reason.SUSPENDED: situation(happens=then(edited(suspend=True))),
    Reason.PENDING: situation(happens=then(deleting)),
    Reason.NO_PARAMETERS: situation(EMPTY),
    Reason.ACCESS_DENIED: situation(failing("AccessDeniedException", DENIAL)),
    Reason.NOT_ALLOWED: situation(
        happens=first(stored(refusals([rule(paths=["/other"])], namespace(), store_ref(), ["/prod/pay"])[0]))
    ),
    Reason.STORE_NOT_FOUND: situation(happens=first(stored(DEFAULT.not_found))),
    Reason.STORE_INVALID: situation(happens=first(stored(cluster_store(DEFAULT, ClusterParameterStoreSpec(), None)))),
    Reason.DECRYPTION_FAILED: situation(holding(secure("/prod/pay/key", None))),
    Reason.THROTTLED: situation(happens=then(answered(failing("ThrottlingException")))),
    Reason.INTERVAL_STRETCHED: situation(happens=then(stretched)),
    Reason.SOURCE_UNAVAILABLE: situation(happens=then(answered(failing("InternalServerError")))),
    Reason.SOURCE_MOVED: situation(happens=then(answered(MOVED))),
    Reason.CLUSTER_UNAVAILABLE: situation(happens=then(refusing(Unavailable(f"{WRITE} cannot do it now (Timeout)")))),
    Reason.CLUSTER_REFUSED: situation(happens=then(refusing(Refused(f"{WRITE} refuses (Forbidden)")))),
    Reason.KEY_COLLISION: situation(holding(parameter("/prod/pay/db/name"), parameter("/prod/pay/db-name"))),
    Reason.INVALID_KEY: situation(holding(parameter("/prod/pay/1st"))),
    Reason.INVALID_VALUE: situation(expand={"host": "JSON"}),
    Reason.KEY_MISSING: situation(targets=[{"kind": "Secret", "secretType": "kubernetes.io/tls"}]),
    Reason.PARAMETER_MISSING: situation(targets=[{"kind": "Secret", "compose": {"URL": "https://${nowhere}/"}}]),
    Reason.SECURE_REFUSED: situation(targets=[{"kind": "ConfigMap", "compose": {"URL": "https://${password}/"}}]),
    Reason.CONTRACT_VIOLATED: situation(contract={"required": ["db/*"]}),
    Reason.CONTRACT_UNCHECKED: situation(contract={"match": {"*": "."}}),
    Reason.LOOKS_SECRET: situation(holding(parameter("/prod/pay/api/password", "x"))),
    Reason.TOO_LARGE: situation(holding(parameter("/prod/pay/big", "v" * 1_100_000))),
    Reason.NEARLY_FULL: situation(holding(parameter("/prod/pay/big", "v" * 900_000))),
    Reason.TARGET_CONFLICT: situation(happens=first(taken)),
    Reason.METADATA_KEPT: situation(
        happens=then(labelled, edited(targets=[{"kind": "Secret", "metadata": {"labels": {"team": "pay"}}}]))
    ),
    Reason.CONTENDED: situation(happens=then(refusing(Stale("apply Secret app: it has changed since it was read")))),
    Reason.DRIFT_REPAIRED: situation(happens=then(deleted)),
    Reason.REMOVAL_BLOCKED: situation(happens=then(answered(PLAIN))),
    Reason.DOWNGRADE_BLOCKED: situation(happens=then(answered(DOWNGRADED))),
    Reason.DELETION_POLICY_CHANGED: situation(happens=then(edited(deletionPolicy="Retain"))),
    Reason.INVALID_SPEC: situation(happens=then(edited(interval="soon"))),
    Reason.INTERNAL_ERROR: situation(DEFECT),
}
"""A sync for each reason, which tells it."""


def status(world: World) -> SyncStatus:
    """The status of the sync, as it is written."""
    return SyncStatus.model_validate(world.customs.status)


def told(world: World) -> set[str]:
    """The reasons that stand in the status, or in an Event."""
    said = status(world)
    beside = {each.reason for each in said.problems} | {each.reason for each in world.notes.notes}
    return {each.reason for each in said.conditions} | beside


@cache
def left(reason: Reason) -> World:
    """The world of a situation after its time; only to be looked at."""
    found: list[World] = []

    @in_virtual_time
    async def bring_about() -> None:
        found.append(await SITUATIONS[reason].brought_about())

    bring_about()
    return found[0]


def recorded(reason: Reason, **changes: JsonValue) -> dict[str, JsonValue]:
    """The sync of a situation as the API server would have it.

    :param changes: what is changed in its spec after that, and not seen yet.
    """
    customs = left(reason).customs
    assert isinstance(customs.spec, dict)
    return {
        "apiVersion": API_VERSION,
        "kind": "ParameterSync",
        "metadata": {
            "name": "app",
            "namespace": "payments",
            "uid": customs.uid,
            "resourceVersion": "7",
            "generation": customs.generation + bool(changes),
            "annotations": dict(customs.annotations),
        },
        "spec": customs.spec | changes,
        "status": customs.status,
    }
