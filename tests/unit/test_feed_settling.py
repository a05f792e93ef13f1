"""What a feed publishes has settled: deploys arrive whole, a re-creation is no removal."""

import asyncio

import pytest

from paramsync.aws.errors import SourceError
from paramsync.core.reasons import Reason
from paramsync.runtime.keys import SyncKey

from .builders import SECURE_STRING, STRING, parameter, secure
from .feed_world import ALL, ONE, PAY, TWO, World
from .parameter_store import now
from .virtual_time import in_virtual_time


async def settled() -> World:
    """A world in which a sync has seen a first listing and its confirmation, 65 seconds ago at most."""
    world = World(shortest_pause=1.0)
    world.needs(ONE, every=60)
    await world.until(61)
    return world


def confirm(world: World, sync: SyncKey) -> None:
    """Let a sync wait until what it sees now has been confirmed."""
    snapshot = world.needs(sync).snapshot
    assert snapshot is not None
    world.feeds.confirm(sync, [snapshot])


@in_virtual_time
async def test_a_first_listing_is_there_at_once_and_not_settled() -> None:
    world = World()
    world.needs(ONE, every=60)
    await world.until(1)
    snapshot = world.needs(ONE, every=60).snapshot
    assert snapshot is not None
    assert (snapshot.settled, snapshot.absence_settled) == (False, False)
    await world.until(61)
    snapshot = world.needs(ONE, every=60).snapshot
    assert snapshot is not None
    assert (snapshot.settled, snapshot.absence_settled) == (True, True)
    assert world.store.listings() == [0, 60], "the confirmation is the next regular poll"
    assert world.wakes(ONE) == [0]


@in_virtual_time
async def test_who_must_know_is_told_when_a_first_listing_has_settled() -> None:
    world = World()
    for sync in (ONE, TWO):
        world.needs(sync, every=300)
    await world.until(0)
    confirm(world, ONE)
    await world.until(10)
    assert world.store.listings() == [0, 3]
    assert (world.wakes(ONE), world.wakes(TWO)) == ([0, 3], [0])
    confirm(world, ONE)
    await world.until(200)
    assert world.store.listings() == [0, 3, 45]
    assert (world.wakes(ONE), world.wakes(TWO)) == ([0, 3, 45], [0])
    confirm(world, ONE)
    await world.until(300)
    assert world.store.listings() == [0, 3, 45], "there is nothing left to confirm"


@in_virtual_time
async def test_a_change_is_published_when_a_listing_3_seconds_later_agrees() -> None:
    world = await settled()
    world.store.write("/prod/pay/host", "new")
    world.store.write("/prod/pay/more", "too")
    await world.until(121)
    assert world.names(ONE) == ["host:1"]
    await world.until(124)
    assert world.names(ONE) == ["host:2", "more:1"]
    assert world.store.listings() == [0, 60, 120, 123]
    assert world.wakes(ONE)[1:] == [123]
    reading = world.needs(ONE)
    assert reading.snapshot is not None
    assert reading.changed_at == reading.snapshot.began


@in_virtual_time
async def test_a_deploy_of_thirty_parameters_in_eight_seconds_arrives_whole() -> None:
    world = await settled()
    await world.until(117)
    seen = set()
    for number in range(30):
        world.store.write(f"/prod/pay/new-{number:02}", "x")
        await asyncio.sleep(8 / 30)
        seen.add(len(world.names(ONE)))
    await world.until(140)
    seen.add(len(world.names(ONE)))
    assert seen == {1, 31}
    assert world.wakes(ONE)[1:] == [129]


@in_virtual_time
async def test_a_change_that_never_rests_is_published_after_a_minute() -> None:
    world = await settled()
    for _ in range(100):
        world.store.write("/prod/pay/host", "again")
        await asyncio.sleep(1.5)
    first = world.wakes(ONE)[1]
    assert 180 <= first <= 184


@in_virtual_time
async def test_deleted_and_created_again_within_30_seconds_is_no_removal() -> None:
    world = await settled()
    await world.until(119)
    world.store.delete("/prod/pay/host")
    await world.until(121)
    assert world.names(ONE) == ["host:1"]
    await world.until(149)
    world.store.put(parameter("/prod/pay/host", "anew", version=1, modified=now()))
    await world.until(300)
    snapshot = world.needs(ONE).snapshot
    assert snapshot is not None
    assert snapshot.parameters["/prod/pay/host"].value == "anew", "version 1 again, and yet another"
    assert all(world.names(ONE) for _ in world.woken)
    assert len(world.wakes(ONE)) == 2


@in_virtual_time
async def test_a_removal_needs_45_seconds_of_absence() -> None:
    world = await settled()
    world.store.put(parameter("/prod/pay/keep"))
    await world.until(130)
    world.store.delete("/prod/pay/host")
    await world.until(227)
    assert world.names(ONE) == ["host:1", "keep:1"], "first seen to be missing at 183"
    await world.until(229)
    assert world.names(ONE) == ["keep:1"]
    assert world.store.listings()[-2:] == [183, 228]


@in_virtual_time
async def test_absence_counts_for_each_name_however_much_else_changes() -> None:
    world = World(shortest_pause=1.0)
    world.needs(ONE, every=10)
    await world.until(51)
    world.store.delete("/prod/pay/host")
    for number in range(20):
        world.store.write(f"/prod/pay/other-{number}", "x")
        await asyncio.sleep(2)
    assert "host:1" in world.names(ONE)
    for number in range(10):
        world.store.write(f"/prod/pay/more-{number}", "x")
        await asyncio.sleep(2)
    assert "host:1" not in world.names(ONE)
    await world.until(130)
    assert len(world.names(ONE)) == 30


@in_virtual_time
async def test_a_name_that_is_missing_twice_for_a_short_time_is_not_removed() -> None:
    world = World(shortest_pause=1.0)
    world.needs(ONE, every=10)
    await world.until(61)
    gone = world.store.parameters["/prod/pay/host"]
    world.store.delete("/prod/pay/host")
    await world.until(91)
    world.store.put(gone)
    await world.until(101)
    world.store.delete("/prod/pay/host")
    await world.until(140)
    assert world.names(ONE) == ["host:1"]
    await world.until(160)
    assert world.names(ONE) == []


@pytest.mark.parametrize(("before", "after"), [(STRING, SECURE_STRING), (SECURE_STRING, STRING)])
@in_virtual_time
async def test_another_type_needs_45_seconds_too(before: str, after: str) -> None:
    world = World(shortest_pause=1.0)
    world.store.put(secure(value="old") if before is SECURE_STRING else parameter("/prod/pay/password", "old"))
    world.needs(ONE, every=60, selection=ALL)
    await world.until(61)
    world.store.put(
        secure(value="new", version=2) if after is SECURE_STRING else parameter("/prod/pay/password", "new", version=2)
    )
    await world.until(160)
    snapshot = world.needs(ONE, every=60, selection=ALL).snapshot
    assert snapshot is not None
    assert snapshot.parameters["/prod/pay/password"].stamp.type == before
    await world.until(170)
    snapshot = world.needs(ONE, every=60, selection=ALL).snapshot
    assert snapshot is not None
    assert snapshot.parameters["/prod/pay/password"].stamp.type == after


@in_virtual_time
async def test_a_failed_listing_neither_confirms_nor_forgets() -> None:
    world = await settled()
    world.store.write("/prod/pay/host", "new")
    world.store.delete("/prod/pay/host")
    await world.until(121)
    world.store.error = SourceError(Reason.SOURCE_UNAVAILABLE, "no answer in time")
    await world.until(200)
    assert world.names(ONE) == ["host:1"]
    world.store.error = None
    await world.until(260)
    assert world.names(ONE) == [], "missing at 120, and still missing afterwards"


@in_virtual_time
async def test_an_answer_that_is_suddenly_empty_removes_nothing_for_45_seconds() -> None:
    world = await settled()
    kept = dict(world.store.parameters)
    world.store.parameters.clear()
    await world.until(160)
    assert world.names(ONE) == ["host:1"]
    world.store.parameters |= kept
    await world.until(400)
    assert world.wakes(ONE) == [0], "nobody has heard of it"


@in_virtual_time
async def test_one_secure_parameter_of_many_costs_two_listings_and_one_decryption() -> None:
    world = World(shortest_pause=1.0)
    world.store.put(*(secure(f"/prod/pay/s{number}") for number in range(20)))
    world.needs(ONE, PAY, ALL, every=60)
    await world.until(61)
    world.store.write("/prod/pay/s7", "new", SECURE_STRING)
    await world.until(170)
    assert world.store.listings() == [0, 60, 120, 123]
    assert world.store.opened() == ["s7"]
