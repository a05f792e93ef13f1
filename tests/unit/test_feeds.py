"""Feeds: a subtree is listed once for all who need it, at the shortest interval, for as long as somebody does."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from paramsync.aws.errors import SourceError
from paramsync.core.identity import Identity
from paramsync.core.parameters import Subtree
from paramsync.core.reasons import Reason
from paramsync.core.store_status import Answer
from paramsync.runtime.feeds.needs import Asked, Need
from paramsync.runtime.feeds.registry import Feeds
from paramsync.runtime.keys import SyncKey

from .builders import secure, subtree
from .feed_world import ALL, ONE, PAY, PLAIN, SHARED, TWO, World
from .parameter_store import now
from .virtual_time import in_virtual_time


class TestPolling:
    @in_virtual_time
    async def test_fifty_syncs_cost_one_listing(self) -> None:
        world = World()
        syncs = [SyncKey(f"team-{number}", "app") for number in range(50)]
        for sync in syncs:
            assert world.needs(sync, SHARED).snapshot is None
        await world.until(0)

        assert world.store.listings() == [0]
        assert len(world.feeds) == 1
        assert sorted(key for _, key, _ in world.woken) == sorted(syncs)
        readings = [world.needs(sync, SHARED) for sync in syncs]
        assert all(reading.snapshot == readings[0].snapshot is not None for reading in readings)
        await world.until(299)
        assert len(world.store.asked) == 1

    @in_virtual_time
    async def test_the_shortest_interval_wins(self) -> None:
        world = World()
        world.needs(ONE, every=300)
        await world.until(50)
        world.needs(TWO, every=60)
        await world.until(250)
        assert world.store.listings() == [0, 110, 170, 230]

    @in_virtual_time
    async def test_the_longer_interval_counts_again_when_the_shorter_is_gone(self) -> None:
        world = World()
        world.needs(ONE, every=300)
        world.needs(TWO, every=60)
        await world.until(60)
        world.feeds.release(TWO)
        await world.until(119)
        assert world.store.listings() == [0, 60]
        await world.until(700)
        assert world.store.listings()[-2:] == [120, 420]

    @in_virtual_time
    async def test_the_interval_counts_from_the_beginning_of_a_listing(self) -> None:
        world = World()
        world.store.takes = 20
        world.needs(ONE, every=60)
        await world.until(150)
        assert world.store.listings() == [0, 60, 120]

    @in_virtual_time
    async def test_an_interval_that_the_budget_cannot_serve_is_stretched(self) -> None:
        world = World()
        world.needs(ONE, every=60)
        await world.until(0)
        world.load.stretch = 1.5
        await world.until(250)
        assert world.store.listings() == [0, 60, 150, 240]
        assert world.load.plans == {PAY: (1, 60)}
        assert world.needs(ONE, every=60).stretch == 1.5
        world.feeds.release(ONE)
        assert world.load.plans == {}

    @in_virtual_time
    async def test_whatever_makes_another_listing_has_its_own(self) -> None:
        world = World()
        other = Subtree(Identity("eu-west-1", session="store"), "/prod/pay")
        needs = [PAY, SHARED, subtree("/prod/pay", recursive=False), subtree("/prod/pay", label="live"), other]
        world.feeds.subscribe(ONE, [Need(each, PLAIN) for each in needs], Asked(300))
        world.needs(TWO, subtree("/prod/pay", region="us-east-1"))
        await world.until(0)
        assert len(world.feeds) == len(world.store.asked) == 6

    @in_virtual_time
    async def test_one_path_that_stands_in_two_sources_is_listed_once(self) -> None:
        world = World()
        world.store.put(secure())
        needs = [Need(PAY, PLAIN), Need(PAY, ALL)]
        world.feeds.subscribe(ONE, needs, Asked(300))
        await world.until(0)
        readings = world.feeds.subscribe(ONE, needs, Asked(300))
        assert [reading.snapshot is not None for reading in readings] == [True, True]
        assert len(world.store.asked) == 1

    @in_virtual_time
    async def test_a_poll_can_be_asked_for(self) -> None:
        world = World()
        world.needs(ONE)
        await world.until(100)
        world.feeds.poll(PAY)
        world.feeds.poll(SHARED)
        await world.until(200)
        assert world.store.listings() == [0, 100]

    @in_virtual_time
    async def test_the_pace_of_a_sync_can_be_changed(self) -> None:
        world = World()
        world.needs(ONE)
        await world.until(10)
        world.feeds.pace(ONE, 20)
        await world.until(75)
        assert world.store.listings() == [0, 30, 50, 70]
        world.feeds.pace(ONE, 300)
        await world.until(500)
        assert world.store.listings() == [0, 30, 50, 70, 90, 390]

    @in_virtual_time
    async def test_who_comes_while_a_poll_runs_needs_no_other(self) -> None:
        world = World()
        world.store.takes = 5
        world.needs(ONE)
        await world.until(2)
        world.needs(TWO)
        await world.until(20)
        assert world.store.listings() == [0]
        assert (world.wakes(ONE), world.wakes(TWO)) == ([5], [5])

    @in_virtual_time
    async def test_who_waits_urgently_makes_the_requests_urgent(self) -> None:
        world = World()
        world.needs(ONE, every=60, urgent=True)
        await world.until(0)
        world.needs(ONE, every=60, urgent=True)
        await world.until(60)
        assert [each.urgent for each in world.store.asked] == [True, False], "what is there is not waited for"
        assert [urgent for _, _, urgent in world.woken] == [True]


class TestLeaving:
    @in_virtual_time
    async def test_a_feed_that_nobody_needs_is_dropped_with_its_values(self) -> None:
        world = World()
        world.store.put(secure())
        world.needs(ONE, selection=ALL)
        world.needs(TWO, selection=ALL)
        await world.until(0)
        feed = world.feeds._feeds[PAY]
        world.feeds.release(ONE)
        assert (len(world.feeds), feed._state.known is None, world.plaintext.total) == (1, False, 7)
        world.feeds.release(TWO)
        assert (len(world.feeds), feed._state.known is None, world.plaintext.total) == (0, True, 0)
        await world.until(1000)
        assert len(world.store.asked) == 1
        assert [task for task in asyncio.all_tasks() if task.get_name().startswith("feed")] == []

    @pytest.mark.parametrize(
        "leave", [lambda feeds: feeds.release(ONE), lambda feeds: feeds.subscribe(ONE, [], Asked(300))]
    )
    @in_virtual_time
    async def test_one_that_leaves_in_the_middle_of_a_poll(self, leave: Callable[[Feeds], object]) -> None:
        world = World()
        world.store.takes = 5
        world.needs(ONE)
        await world.until(2)
        leave(world.feeds)
        await world.until(20)
        assert (len(world.feeds), world.woken) == (0, [])

    @in_virtual_time
    async def test_what_is_no_longer_named_is_released(self) -> None:
        world = World()
        world.feeds.subscribe(ONE, [Need(PAY, PLAIN), Need(SHARED, PLAIN)], Asked(300))
        world.feeds.subscribe(ONE, [Need(SHARED, PLAIN)], Asked(300))
        assert list(world.feeds._feeds) == [SHARED]

    @in_virtual_time
    async def test_an_identity_is_given_up_with_its_last_feed(self) -> None:
        world = World()
        unused: list[Identity] = []
        feeds = Feeds(world.feeds._tools, unused.append)
        other = subtree("/prod/pay", region="us-east-1")
        feeds.subscribe(ONE, [Need(PAY, PLAIN), Need(SHARED, PLAIN), Need(other, PLAIN)], Asked(300))
        feeds.subscribe(TWO, [Need(PAY, PLAIN)], Asked(300))
        feeds.subscribe(ONE, [Need(SHARED, PLAIN)], Asked(300))
        assert unused == [other.identity]
        feeds.subscribe(TWO, [Need(subtree("/else"), PLAIN)], Asked(300))
        feeds.release(ONE)
        assert unused == [other.identity]
        feeds.release(TWO)
        assert unused == [other.identity, PAY.identity]

    @in_virtual_time
    async def test_whoever_needs_nothing_may_be_released(self) -> None:
        World().feeds.release(ONE)

    @in_virtual_time
    async def test_one_that_comes_back_is_read_anew(self) -> None:
        world = World()
        world.needs(ONE)
        await world.until(0)
        world.feeds.release(ONE)
        assert world.needs(ONE).snapshot is None
        await world.until(1)
        assert len(world.store.asked) == 2

    @in_virtual_time
    async def test_closing_ends_everything(self) -> None:
        world = World()
        world.store.takes = 5
        world.feeds.subscribe(ONE, [Need(PAY, PLAIN), Need(SHARED, PLAIN)], Asked(300))
        await world.until(2)
        await world.feeds.close()
        await world.until(1000)
        assert (len(world.feeds), world.woken, len(world.store.asked)) == (0, [], 2)


class TestRefresh:
    @in_virtual_time
    async def test_whoever_asks_there_is_a_pause_between_two_looks(self) -> None:
        world = World(shortest_pause=1.0)
        for _ in range(5):
            world.needs(ONE, every=60, not_before=now().replace(year=2030))
            await world.until(0)
        await world.until(0.9)
        assert len(world.store.asked) == 1
        await world.until(1)
        assert len(world.store.asked) == 2

    @in_virtual_time
    async def test_an_older_listing_does_not_do(self) -> None:
        world = World()
        world.needs(ONE)
        await world.until(10)
        asked = now()
        assert world.needs(ONE, not_before=asked).snapshot is None
        await world.until(20)
        assert len(world.store.asked) == 2
        reading = world.needs(ONE, not_before=asked)
        assert reading.snapshot is not None
        assert reading.snapshot.began >= asked
        await world.until(30)
        assert len(world.store.asked) == 2

    @in_virtual_time
    async def test_a_listing_that_has_begun_does_not_do_either(self) -> None:
        world = World()
        world.store.takes = 5
        world.needs(ONE)
        await world.until(2)
        asked = now()
        world.needs(ONE, not_before=asked)
        await world.until(20)
        assert world.store.listings() == [0, 5]
        assert world.needs(ONE, not_before=asked).snapshot is not None

    @in_virtual_time
    async def test_it_is_answered_when_the_changes_that_it_found_are_published(self) -> None:
        world = World()
        world.needs(ONE)
        await world.until(100)
        world.store.write("/prod/pay/host", "new")
        asked = now()
        world.needs(ONE, not_before=asked)
        await world.until(101)
        assert world.needs(ONE, not_before=asked).snapshot is None, "it saw a change that may be half a deploy"
        await world.until(104)
        assert world.names(ONE) == ["host:2"]
        assert world.needs(ONE, not_before=asked).snapshot is not None


@in_virtual_time
async def test_how_the_last_look_ended_is_told_with_the_time_that_it_has_been_so() -> None:
    world = World()
    assert world.feeds.answer(PAY) is None
    world.needs(ONE, every=10)
    assert world.feeds.answer(PAY) is None, "not looked at yet"
    await world.until(1)
    assert world.feeds.answer(PAY) == Answer("/prod/pay", "111122223333")
    world.store.error = SourceError(Reason.ACCESS_DENIED, "AWS denies it")
    await world.until(95)
    answer = world.feeds.answer(PAY)
    assert answer is not None
    assert answer.account == "111122223333"
    assert answer.failure is not None
    assert (answer.failure.reason, answer.failure.message) == (Reason.ACCESS_DENIED, "AWS denies it")
    assert timedelta(seconds=80) < answer.failure.lasts < timedelta(seconds=95)
    world.store.error = None
    await world.until(115)
    assert world.feeds.answer(PAY) == Answer("/prod/pay", "111122223333")
    world.feeds.release(ONE)
    assert world.feeds.answer(PAY) is None
