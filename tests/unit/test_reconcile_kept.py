"""Keys that stay until their parameters' absence has settled, while somebody else edits them; in virtual time."""

from dataclasses import replace

import pytest

from tests.unit.builders import CONFIG_MAP, SECRET, parameter, secure, snapshot
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
        written, tries = len(world.customs.writes), world.targets.tries
        edit(world, is_seen=is_seen)
        world.answer = lambda path: snapshot(*(() if empty else WHOLE[:2]), path=path)
        world.customs.annotations["paramsync.dev/refresh"] = "1"
        await world.run(2)
        world.answer = lambda path: snapshot(*WHOLE, path=path)
        if is_seen:
            assert len(world.customs.writes) == written, "nobody may read that all is well"
        await world.run(5 * MINUTE)
        assert world.targets.objects[CONFIG_MAP].data == {"HOST": "db.internal", "PORT": "1"}
        assert world.condition("Ready") == "True Synced"
        assert world.targets.tries == tries + 1
        assert world.targets.objects[SECRET].resource_version == "10"

    check()
