"""What bad thing happened to users of other tools: the row that a test with a real cluster cannot play.

The other rows, and where they are, are in ``tests/e2e/test_bad_things.py``.
"""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from paramsync.aws.errors import SourceError
from paramsync.core.clock import when
from paramsync.core.parameters import Parameter, Snapshot
from paramsync.core.reasons import Reason

from .builders import CONFIG_MAP, SECRET, parameter, secure, snapshot, subtree
from .reconcile_world import KEY, World
from .virtual_time import in_virtual_time

if TYPE_CHECKING:
    from pydantic import JsonValue

MINUTE, HOUR = 60.0, 3600.0
JUMPS = (-26, -3, 3, 26)
SOURCES: "JsonValue" = [{"path": "/shared"}, {"path": "/prod/pay"}]

jumps = pytest.mark.parametrize("hours", JUMPS)


class Paths:
    """What is below each path; or None for a path that cannot be read."""

    def __init__(self) -> None:
        self.below: dict[str, list[Parameter] | None] = {
            "/shared": [parameter("/shared/region")],
            "/prod/pay": [secure(), parameter(), *(parameter(f"/prod/pay/p{number}") for number in range(8))],
        }

    def __call__(self, path: str) -> Snapshot | Exception:
        found = self.below[path]
        if found is None:
            return SourceError(Reason.SOURCE_UNAVAILABLE, f"Reading {path} from AWS failed: no answer in time")
        return snapshot(*found, path=path)


def jump(world: World, hours: float) -> None:
    """Somebody sets the clock of the node."""
    world.jumped += timedelta(hours=hours)


def versions(world: World) -> list[str]:
    return [world.targets.objects[ref].resource_version for ref in (SECRET, CONFIG_MAP)]


def value(world: World, key: str) -> str:
    return str((world.targets.objects[CONFIG_MAP].data or {}).get(key))


@jumps
def test_clock_jump_costs_no_poll_no_write_and_nobodys_peace(hours: float) -> None:
    @in_virtual_time
    async def check() -> None:
        world = World(Paths(), sources=SOURCES)
        await world.run(10 * MINUTE)
        before, status, polls = versions(world), world.customs.status, len(world.polls)
        jump(world, hours)
        await world.run(HOUR)
        assert len(world.polls) - polls <= 2 * 68, "each source once a minute"
        assert versions(world) == before
        assert world.customs.status == status
        assert len(world.customs.writes) == len(world.notes.notes) == 1, "not even for a moment"

    check()


@jumps
def test_clock_jump_leaves_no_deadline_stuck(hours: float) -> None:
    @in_virtual_time
    async def check() -> None:
        paths = Paths()
        world = World(paths, sources=SOURCES)
        await world.run(10 * MINUTE)
        jump(world, hours)
        paths.below["/shared"] = [parameter("/shared/region", "new", version=2)]
        await world.run(2 * MINUTE)
        assert value(world, "REGION") == "new"
        del world.targets.objects[SECRET]
        await world.run(2 * MINUTE)
        assert SECRET in world.targets.objects
        assert world.condition("Ready") == "True Synced"

    check()


@jumps
def test_clock_jump_while_a_refresh_waits_is_no_storm(hours: float) -> None:
    @in_virtual_time
    async def check() -> None:
        world = World(Paths(), interval="300s")
        await world.run(MINUTE)
        world.feeds.poll(subtree("/prod/pay"))
        await asyncio.sleep(0.01)
        world.customs.annotations["paramsync.dev/refresh"] = "1"
        await world.run(0.01)
        polls = len(world.polls)
        assert polls == 2, "a poll is under way, which began before the refresh"
        jump(world, hours)
        await world.run(HOUR)
        assert len(world.polls) - polls <= 1 + 14, "the refresh, and once in five minutes"
        assert isinstance(world.customs.status, dict)
        assert world.customs.status["lastHandledRefresh"] == "1"

    check()


@jumps
def test_clock_jump_while_one_source_waits_for_another_prolongs_no_wait(hours: float) -> None:
    @in_virtual_time
    async def check() -> None:
        paths = Paths()
        world = World(paths, interval="10s", sources=SOURCES)
        await world.run(MINUTE)
        paths.below["/shared"] = [parameter("/shared/region", "new", version=2)]
        for number in range(2, 102):
            if number == 40:
                assert value(world, "REGION") == "db.internal", "it waits for the other source"
                jump(world, hours)
            # The other source changes all the time: it can never be confirmed.
            paths.below["/prod/pay"] = [secure(), parameter(value=str(number), version=number)]
            await world.run(1)
        assert value(world, "REGION") == "new"

    check()


@jumps
def test_clock_jump_in_an_outage_of_ssm_changes_nothing_of_when_it_is_told(hours: float) -> None:
    @in_virtual_time
    async def check() -> None:
        paths = Paths()
        world = World(paths, sources=SOURCES)
        await world.run(10 * MINUTE)
        before, polls = versions(world), len(world.polls)
        paths.below["/prod/pay"] = None
        await world.run(30)
        jump(world, hours)
        await world.run(20)
        assert world.condition("Ready") == "True Synced"
        await world.run(60)
        assert world.condition("Ready") == "False SourceUnavailable"
        jump(world, -2 * hours)
        await world.run(HOUR)
        assert world.condition("Ready") == "False SourceUnavailable"
        assert len(world.polls) - polls <= 3 * 68, "each source once a minute, and tries"
        paths.below.update(Paths().below)
        await world.run(2 * MINUTE)
        assert world.condition("Ready") == "True Synced"
        assert versions(world) == before

    check()


@jumps
def test_clock_jump_makes_no_removal_believed_sooner_and_ends_no_hold(hours: float) -> None:
    @in_virtual_time
    async def check() -> None:
        paths = Paths()
        world = World(paths, interval="10s")
        await world.run(10 * MINUTE)
        paths.below["/prod/pay"] = [secure(), parameter()]
        await world.run(20)
        jump(world, hours)
        await world.run(20)
        assert world.condition("Ready") == "True Synced", "40 seconds of absence are not enough"
        await world.run(30)
        assert world.condition("Ready") == "False RemovalBlocked"
        jump(world, -2 * hours)
        await world.run(3 * HOUR)
        assert world.condition("Ready") == "False RemovalBlocked"
        assert value(world, "P0") == "db.internal"

    check()


@jumps
def test_clock_jump_is_followed_by_what_others_compare_with_their_clocks(hours: float) -> None:
    @in_virtual_time
    async def check() -> None:
        paths = Paths()
        world = World(paths)
        await world.run(10 * MINUTE)
        jump(world, hours)
        paths.below["/prod/pay"] = [secure(), parameter(version=2)]
        await world.run(2 * MINUTE)
        status = world.customs.status
        assert isinstance(status, dict)
        assert abs(when(str(status["lastAppliedTime"])) - world.now()) <= timedelta(minutes=2)
        listed = world.metrics.registry.get_sample_value(
            "paramsync_sync_last_listing_timestamp_seconds", {"namespace": KEY.namespace, "name": KEY.name}
        )
        assert listed is not None
        assert abs(listed - world.now().timestamp()) <= 2 * MINUTE

    check()
