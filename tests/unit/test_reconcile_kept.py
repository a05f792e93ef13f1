"""Keys that stay until their parameters' absence has settled, while somebody else edits them; in virtual time."""

from dataclasses import replace

import pytest

from paramsync.aws.errors import SourceError
from paramsync.core.reasons import Reason
from tests.unit.builders import CONFIG_MAP, SECRET, given, parameter, secure, snapshot
from tests.unit.reconcile_world import World
from tests.unit.virtual_time import in_virtual_time

WHOLE = (parameter(), secure(), parameter("/prod/pay/port", "1"))
MINUTE = 60.0


def edit(world: World, *, is_seen: bool) -> None:
    """Give a key of the ConfigMap another value."""
    found = world.targets.objects[CONFIG_MAP]
    version = str(int(found.resource_version) + 1)
    data = {**(found.data or {}), "PORT": "theirs"}
    foreign = frozenset({"PORT"} if is_seen else ())
    world.targets.objects[CONFIG_MAP] = replace(found, resource_version=version, data=data, foreign_keys=foreign)


@pytest.mark.parametrize("is_seen", [True, False], ids=["by another manager", "in the name of ours"])
@pytest.mark.parametrize("empty", [True, False])
def test_what_somebody_gave_a_kept_key_is_put_back_when_its_parameter_shows_again(is_seen: bool, empty: bool) -> None:
    @in_virtual_time
    async def check() -> None:
        world = World(lambda path: snapshot(*WHOLE, path=path))
        await world.run(2 * MINUTE)
        tries = world.targets.tries
        edit(world, is_seen=is_seen)
        world.answer = lambda path: snapshot(*(() if empty else WHOLE[:2]), path=path)
        world.customs.annotations["paramsync.dev/refresh"] = "1"
        await world.run(2)
        world.answer = lambda path: snapshot(*WHOLE, path=path)
        if is_seen:
            assert world.condition("Ready") == "False Pending", "nobody may read that all is well"
        await world.run(5 * MINUTE)
        assert world.targets.objects[CONFIG_MAP].data == {"HOST": "db.internal", "PORT": "1"}
        assert world.condition("Ready") == "True Synced"
        assert world.targets.tries == tries + 1
        assert world.targets.objects[SECRET].resource_version == "10"

    check()


@in_virtual_time
async def test_a_kept_key_that_somebody_edited_stops_nothing_else_while_parameter_store_is_away() -> None:
    world = World(lambda path: snapshot(*WHOLE, path=path))
    await world.run(2 * MINUTE)
    world.answer = lambda path: snapshot(*WHOLE[:2], path=path)
    world.customs.annotations["paramsync.dev/refresh"] = "1"
    await world.run(2)
    world.answer = lambda path: SourceError(Reason.SOURCE_UNAVAILABLE, "no answer in time")
    edit(world, is_seen=True)
    del world.targets.objects[SECRET]
    await world.run(2 * MINUTE)
    assert SECRET in world.targets.objects, "it is made anew from what was read"
    assert world.targets.objects[CONFIG_MAP].data == {"HOST": "db.internal", "PORT": "theirs"}
    await world.run(60 * MINUTE)
    assert world.condition("Ready") == "False SourceUnavailable"


@in_virtual_time
async def test_a_sync_that_only_plans_goes_on_being_planned_while_something_settles() -> None:
    world = World(lambda path: snapshot(*WHOLE, path=path), mode="Plan", interval="1h")
    world.targets.objects[CONFIG_MAP] = given(CONFIG_MAP, {"HOST": "theirs", "PORT": "1"})
    await world.run(10 * MINUTE)
    assert world.condition("Ready") == "True Planned"
    world.answer = lambda path: snapshot(*WHOLE[:2], path=path)
    world.customs.annotations["paramsync.dev/refresh"] = "1"
    seen = set()
    for _ in range(60):
        await world.run(2)
        seen.add(world.condition("Ready"))
    assert seen == {"True Planned"}
