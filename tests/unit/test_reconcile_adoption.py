"""Objects that are given to a sync, and targets that one sync leaves to another, in virtual time."""

from typing import TYPE_CHECKING

from paramsync.core.objects import Live, Owner
from paramsync.core.parameters import Snapshot
from paramsync.core.values import SecureValue
from paramsync.kube.errors import Unavailable
from paramsync.runtime.keys import SyncKey
from tests.unit.builders import CONFIG_MAP, SECRET, given, live, parameter, secure, snapshot
from tests.unit.reconcile_world import World
from tests.unit.virtual_time import in_virtual_time

if TYPE_CHECKING:
    from pydantic import JsonValue

THEIRS = SecureValue(b"theirs")
OTHER = SyncKey("payments", "other")
BOTH: "JsonValue" = [{"kind": "Secret"}, {"kind": "ConfigMap"}]


def filled(path: str) -> Snapshot:
    return snapshot(parameter(f"{path}/host"), secure(f"{path}/password"), path=path)


def keys(world: World) -> set[str]:
    return set(world.targets.objects[SECRET].data or ())


def world_with(found: Live) -> World:
    world = World(filled)
    world.targets.objects[SECRET] = found
    return world


@in_virtual_time
async def test_keys_that_stay_are_replaced_when_a_second_listing_agrees() -> None:
    world = world_with(given(SECRET, {"PASSWORD": THEIRS}))
    await world.run(2)
    assert world.targets.objects == {SECRET: given(SECRET, {"PASSWORD": THEIRS})}
    await world.run(5)
    assert world.condition("Ready") == "True Synced"
    assert "Secret app: taken over, 1 replace" in world.notes.notes[-1].text


@in_virtual_time
async def test_keys_that_go_wait_as_long_as_any_removal() -> None:
    world = world_with(given(SECRET, {"PASSWORD": THEIRS, "OLD": THEIRS}))
    await world.run(40)
    assert keys(world) == {"PASSWORD", "OLD"}
    assert CONFIG_MAP not in world.targets.objects
    assert (world.condition("Ready"), world.condition("Reconciling")) == ("False Pending", "True Pending")
    assert len(world.customs.writes) == 1
    await world.run(10)
    assert keys(world) == {"PASSWORD"}
    assert world.condition("Ready") == "True Synced"


@in_virtual_time
async def test_what_is_given_later_is_taken_within_a_minute() -> None:
    world = world_with(live(SECRET, {"PASSWORD": THEIRS}))
    await world.run(120)
    assert world.condition("Stalled") == "True TargetConflict"
    world.targets.objects[SECRET] = given(SECRET, {"PASSWORD": THEIRS})
    await world.run(60)
    assert world.condition("Ready") == "True Synced"


@in_virtual_time
async def test_what_is_dropped_wakes_who_waits_for_it_also_when_the_rest_fails() -> None:
    world = World(filled, targets=BOTH)
    await world.run(60)
    world.reconciler._conflicted.add(OTHER)
    world.customs.spec = {"sources": [{"path": "/prod/pay"}], "targets": [{"kind": "Secret", "name": "new"}]}
    world.customs.generation += 1
    delete = world.targets.delete

    def deleted(found: Live, owner: Owner) -> None:
        if found.ref == CONFIG_MAP:
            delete(found, owner)
        else:
            raise Unavailable("delete Secret app: no answer")

    world.targets.delete = deleted  # type: ignore[method-assign, assignment]
    world.woken.clear()
    await world.run(1)
    assert world.targets.deleted == [CONFIG_MAP]
    assert OTHER in world.woken
