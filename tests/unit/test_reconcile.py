"""The reconcile of a sync over hours, in virtual time."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from paramsync.aws.errors import SourceError
from paramsync.core.parameters import Snapshot
from paramsync.core.reasons import Reason
from paramsync.core.routing import TargetRef
from paramsync.kube.errors import ApiError, Refused, Stale, Unavailable
from tests.unit.builders import CONFIG_MAP, SECRET, parameter, secure, snapshot
from tests.unit.reconcile_world import World
from tests.unit.virtual_time import in_virtual_time

if TYPE_CHECKING:
    from pydantic import JsonValue

HOUR = 3600.0


def filled(path: str) -> Snapshot:
    return snapshot(parameter(f"{path}/host"), secure(f"{path}/password"), path=path)


def emptied(path: str) -> Snapshot:
    return snapshot(path=path)


def unavailable(path: str) -> SourceError:
    return SourceError(Reason.SOURCE_UNAVAILABLE, f"Reading {path} from AWS failed: no answer in time")


@in_virtual_time
async def test_an_unchanged_path_costs_its_polls_and_nothing_else() -> None:
    world = World(filled)
    await world.run(HOUR)
    assert world.condition("Ready") == "True Synced"
    assert len(world.customs.writes) == len(world.notes.notes) == 1
    assert 60 <= len(world.polls) <= 68, "one poll a minute, each a little early"


@pytest.mark.parametrize("refresh", ["", "now", "x" * 300])
def test_a_refresh_is_one_listing(refresh: str) -> None:
    @in_virtual_time
    async def check() -> None:
        world = World(filled, interval="1h")
        await world.run(5)
        world.customs.annotations["paramsync.dev/refresh"] = refresh
        await world.run(60)
        assert len(world.polls) == 2
        assert world.customs.status is not None

    check()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Unavailable("apply Secret app: the API server cannot do it now (InternalError)"), "ClusterUnavailable"),
        (Refused("apply Secret app: the API server refuses (Forbidden)"), "ClusterRefused"),
        (Stale("apply Secret app: the object has changed since it was read"), "Contended"),
    ],
    ids=["unavailable", "refused", "changed again and again"],
)
def test_what_cannot_be_written_is_not_ready_for_long(error: ApiError, reason: str) -> None:
    @in_virtual_time
    async def check() -> None:
        world = World(filled)
        await world.run(5)
        world.targets.write_error = error
        world.answer = lambda path: snapshot(parameter(f"{path}/host", version=2), path=path)
        await world.run(300)
        assert world.condition("Ready") == f"False {reason}"
        world.targets.write_error = None
        await world.run(120)
        assert world.condition("Ready") == "False RemovalBlocked", "the Secret would be emptied"

    check()


@in_virtual_time
async def test_targets_that_cannot_be_read_are_said_to_be() -> None:
    world = World(filled)
    world.targets.read_error = Refused("read Secret app: the API server refuses (Forbidden)")
    await world.run(5)
    assert world.condition("Ready") == "False ClusterRefused"


@in_virtual_time
async def test_one_conflict_after_many_failures_of_aws_is_no_problem() -> None:
    world = World(unavailable)
    await world.run(HOUR)
    world.answer = filled
    world.targets.write_error = Stale("apply Secret app: the object has changed since it was read")
    await world.run(0.1)
    world.targets.write_error = None
    await world.run(HOUR)
    assert world.condition("Ready") == "True Synced"
    assert not any("Contended" in str(status) for status in world.customs.writes)


@in_virtual_time
async def test_a_deleted_target_is_made_anew_while_aws_is_away() -> None:
    world = World(filled, interval="24h")
    await world.run(5)
    world.answer = unavailable
    world.customs.annotations["paramsync.dev/refresh"] = "1"
    await world.run(60)
    del world.targets.objects[SECRET]
    await world.run(HOUR)
    assert SECRET in world.targets.objects
    assert world.condition("Ready") == "True Synced"


@in_virtual_time
async def test_data_that_is_two_intervals_old_is_stale() -> None:
    world = World(filled)
    await world.run(5)
    world.answer = unavailable
    await world.run(100)
    assert world.condition("Ready") == "True Synced"
    await world.run(60)
    assert world.condition("Ready") == "False SourceUnavailable"
    assert world.condition("Reconciling") == "True SourceUnavailable"
    world.answer = filled
    await world.run(120)
    assert world.condition("Ready") == "True Synced"


@in_virtual_time
async def test_a_target_that_stays_in_deletion_is_not_ready_for_long() -> None:
    world = World(filled)
    await world.run(5)
    world.targets.objects[SECRET] = replace(world.targets.objects[SECRET], deleting=True, resource_version="99")
    await world.run(600)
    assert world.condition("Ready") == "False Pending"


@in_virtual_time
async def test_a_renamed_target_whose_parameters_are_gone_is_kept() -> None:
    sources: JsonValue = [{"path": "/prod/pay", "optional": True}]
    world = World(filled, sources=sources, targets=[{"kind": "Secret", "name": "old"}])
    await world.run(5)
    world.answer = emptied
    await world.run(120)
    assert world.condition("Ready") == "False RemovalBlocked"
    world.customs.spec = {"sources": sources, "interval": "60s", "targets": [{"kind": "Secret", "name": "new"}]}
    world.customs.generation = 2
    await world.run(300)
    assert world.targets.deleted == []
    assert TargetRef(SECRET.kind, "new") not in world.targets.objects
    assert world.condition("Ready") == "False RemovalBlocked"


@in_virtual_time
async def test_a_denial_that_was_mended_is_seen_within_ten_minutes() -> None:
    world = World(lambda _: SourceError(Reason.ACCESS_DENIED, "AWS denies ssm:GetParametersByPath"), interval="24h")
    await world.run(2 * HOUR)
    assert world.condition("Stalled") == "True AccessDenied"
    world.answer = filled
    await world.run(601)
    assert world.condition("Ready") == "True Synced"


@in_virtual_time
async def test_a_removal_is_remembered_although_a_later_write_failed() -> None:
    def three(path: str) -> Snapshot:
        return snapshot(
            *(secure(f"{path}/s{n}") for n in range(3)), *(parameter(f"{path}/p{n}") for n in range(3)), path=path
        )

    def two(path: str) -> Snapshot:
        return snapshot(
            *(secure(f"{path}/s{n}") for n in range(2)), *(parameter(f"{path}/p{n}") for n in range(3)), path=path
        )

    world = World(three)
    await world.run(5)
    world.answer = two
    await world.run(120)
    status = world.customs.status
    assert isinstance(status, dict)
    assert status["guard"] == {"since": "2026-03-01T12:00:00Z", "peak": 6, "removed": 1}
    assert set(world.targets.objects) == {SECRET, CONFIG_MAP}
