"""Feeds: a subtree is listed once for all who need it, and they hear of it only when there is news."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from paramsync.aws.errors import SourceError
from paramsync.core.parameters import Parameter, Snapshot, Subtree
from paramsync.core.reasons import Reason
from paramsync.runtime.feed import Need, Reading, Tools
from paramsync.runtime.feeds import Feeds
from paramsync.runtime.keys import SyncKey

from .builders import NOW, parameter, secure, snapshot, subtree
from .virtual_time import in_virtual_time

PAY = subtree("/prod/pay")
SHARED = subtree("/shared")
ONE, TWO = SyncKey("payments", "one"), SyncKey("payments", "two")

THROTTLED = SourceError(Reason.THROTTLED, "AWS throttles requests for /prod/pay")
UNAVAILABLE = SourceError(Reason.SOURCE_UNAVAILABLE, "Reading /prod/pay failed")
DENIED = SourceError(Reason.ACCESS_DENIED, "AWS denies ssm:GetParametersByPath on /prod/pay")

Answer = tuple[Parameter, ...] | Exception


@dataclass
class World:
    """Parameter Store and the syncs, as the feeds see them."""

    answer: Answer = (parameter("/prod/pay/host"),)
    takes: float = 0.0
    """Seconds that a listing takes."""

    shortest_pause: float = 0.0

    polls: list[tuple[float, str, bool]] = field(default_factory=list)
    """When which path was listed, and whether it was decrypted."""

    woken: list[tuple[float, SyncKey]] = field(default_factory=list)
    feeds: Feeds = field(init=False)

    def __post_init__(self) -> None:
        self.feeds = Feeds(Tools(self.read, self.wake, self.now, lambda: 0.0, self.shortest_pause))

    async def read(self, subtree: Subtree, *, decrypt: bool) -> Snapshot:
        self.polls.append((self.clock(), subtree.path, decrypt))
        began = self.now()
        await asyncio.sleep(self.takes)
        if isinstance(self.answer, Exception):
            raise self.answer
        made = snapshot(*self.answer, path=subtree.path, began=began)
        return replace(made, subtree=subtree)

    def wake(self, key: SyncKey, *, urgent: bool) -> None:
        self.woken.append((self.clock(), key))

    def clock(self) -> float:
        return asyncio.get_running_loop().time()

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.clock())

    def needs(
        self,
        sync: SyncKey,
        path: Subtree = PAY,
        *,
        every: float = 300,
        secure: bool = False,
        not_before: datetime | None = None,
    ) -> Reading:
        (reading,) = self.feeds.subscribe(sync, [Need(path, secure)], every, not_before=not_before)
        return reading

    async def until(self, moment: float) -> None:
        """Let time pass to just after a moment."""
        await asyncio.sleep(moment - self.clock() + 0.01)

    def times(self) -> list[float]:
        return [round(moment, 1) for moment, _, _ in self.polls]

    def wakes(self, sync: SyncKey) -> list[float]:
        return [round(moment, 1) for moment, key in self.woken if key == sync]


class TestPolling:
    @in_virtual_time
    async def test_fifty_syncs_cost_one_listing(self) -> None:
        world = World()
        syncs = [SyncKey(f"team-{number}", "app") for number in range(50)]
        for sync in syncs:
            assert world.needs(sync, SHARED).snapshot is None
        await world.until(0)

        assert world.polls == [(0, "/shared", False)]
        assert len(world.feeds) == 1
        assert sorted(key for _, key in world.woken) == sorted(syncs)
        readings = [world.needs(sync, SHARED) for sync in syncs]
        assert all(reading.snapshot is readings[0].snapshot is not None for reading in readings)
        await world.until(299)
        assert len(world.polls) == 1

    @in_virtual_time
    async def test_the_shortest_interval_wins(self) -> None:
        world = World()
        world.needs(ONE, every=300)
        await world.until(50)
        world.needs(TWO, every=60)
        await world.until(250)
        assert world.times() == [0, 110, 170, 230]

    @in_virtual_time
    async def test_the_longer_interval_counts_again_when_the_shorter_is_gone(self) -> None:
        world = World()
        world.needs(ONE, every=300)
        world.needs(TWO, every=60)
        await world.until(60)
        world.feeds.release(TWO)
        await world.until(119)
        assert world.times() == [0, 60]
        await world.until(700)
        assert world.times()[-2:] == [120, 420]

    @in_virtual_time
    async def test_each_subtree_has_its_own(self) -> None:
        world = World()
        world.feeds.subscribe(ONE, [Need(PAY, False), Need(SHARED, True)], 300)
        world.needs(TWO, subtree("/prod/pay", recursive=False))
        world.needs(SyncKey("other", "app"), subtree("/prod/pay", region="us-east-1"))
        await world.until(0)
        assert len(world.feeds) == 4
        assert sorted(world.polls) == [
            (0, "/prod/pay", False),
            (0, "/prod/pay", False),
            (0, "/prod/pay", False),
            (0, "/shared", True),
        ]

    @in_virtual_time
    async def test_a_poll_can_be_asked_for(self) -> None:
        world = World()
        world.needs(ONE)
        await world.until(100)
        world.feeds.poll(PAY)
        world.feeds.poll(SHARED)
        await world.until(200)
        assert world.times() == [0, 100]

    @in_virtual_time
    async def test_the_pace_of_a_sync_can_be_changed(self) -> None:
        world = World()
        world.needs(ONE)
        await world.until(10)
        world.feeds.pace(ONE, 20)
        await world.until(75)
        assert world.times() == [0, 30, 50, 70]
        world.feeds.pace(ONE, 300)
        await world.until(500)
        assert world.times() == [0, 30, 50, 70, 90, 390]

    @in_virtual_time
    async def test_who_comes_while_a_poll_runs_needs_no_other(self) -> None:
        world = World(takes=5)
        world.needs(ONE)
        await world.until(2)
        world.needs(TWO)
        await world.until(20)
        assert world.times() == [0]
        assert (world.wakes(ONE), world.wakes(TWO)) == ([5], [5])


class TestNews:
    @pytest.mark.parametrize(
        ("first", "second", "is_news"),
        [
            ((parameter(),), (parameter(),), False),
            ((parameter(), secure()), (secure(), parameter()), False),
            ((), (), False),
            (THROTTLED, THROTTLED, False),
            (THROTTLED, SourceError(THROTTLED.reason, str(THROTTLED)), False),
            ((parameter(),), (parameter(version=2),), True),
            ((parameter(),), (parameter(modified=NOW + timedelta(seconds=1)),), True),
            ((parameter(),), (parameter("/prod/pay/host", "a", kind=secure().stamp.type),), True),
            ((parameter(),), (), True),
            ((), (parameter(),), True),
            ((secure(),), (secure(value=None),), True),
            ((secure(value=None),), (secure(),), True),
            ((parameter(),), THROTTLED, True),
            (THROTTLED, (parameter(),), True),
            (THROTTLED, UNAVAILABLE, True),
            (UNAVAILABLE, DENIED, True),
        ],
        ids=[
            "the same",
            "another order",
            "still empty",
            "still throttled",
            "the same error",
            "a version",
            "a date",
            "a type",
            "removed",
            "added",
            "sealed",
            "unsealed",
            "failed",
            "recovered",
            "another error",
            "a worse error",
        ],
    )
    @in_virtual_time
    async def test_a_sync_is_woken_for_news_only(self, first: Answer, second: Answer, is_news: bool) -> None:
        world = World(first)
        world.needs(ONE)
        await world.until(0)
        assert len(world.wakes(ONE)) == 1
        world.needs(ONE)
        world.answer = second
        world.feeds.poll(PAY)
        await asyncio.sleep(0.5)
        assert len(world.polls) == 2
        assert (len(world.wakes(ONE)) == 2) is is_news

    @in_virtual_time
    async def test_who_waits_is_woken_even_without_news(self) -> None:
        world = World()
        world.needs(ONE)
        await world.until(0)
        world.needs(ONE)
        assert world.needs(TWO, not_before=world.now()).snapshot is None
        await world.until(10)
        assert len(world.polls) == 2
        assert (len(world.wakes(ONE)), len(world.wakes(TWO))) == (1, 1)

    @in_virtual_time
    async def test_who_comes_later_gets_what_there_is(self) -> None:
        world = World()
        world.needs(ONE)
        await world.until(10)
        reading = world.needs(TWO)
        assert reading.snapshot is not None
        assert reading.good_at == NOW
        await world.until(20)
        assert len(world.polls) == 1
        assert world.wakes(TWO) == []


class TestRefresh:
    @in_virtual_time
    async def test_whoever_asks_there_is_a_pause_between_two_listings(self) -> None:
        world = World(shortest_pause=1.0)
        for _ in range(5):
            world.needs(ONE, every=60, not_before=NOW + timedelta(days=1))
            await world.until(0)
        await world.until(0.9)
        assert len(world.polls) == 1
        await world.until(1)
        assert len(world.polls) == 2

    @in_virtual_time
    async def test_an_older_listing_does_not_do(self) -> None:
        world = World()
        world.needs(ONE)
        await world.until(10)
        asked = world.now()
        assert world.needs(ONE, not_before=asked).snapshot is None
        await world.until(20)
        assert len(world.polls) == 2
        reading = world.needs(ONE, not_before=asked)
        assert reading.snapshot is not None
        assert reading.snapshot.began >= asked
        await world.until(30)
        assert len(world.polls) == 2

    @in_virtual_time
    async def test_a_listing_that_has_begun_does_not_do_either(self) -> None:
        world = World(takes=5)
        world.needs(ONE)
        await world.until(2)
        asked = world.now()
        world.needs(ONE, not_before=asked)
        await world.until(20)
        assert world.times() == [0, 5]
        assert world.needs(ONE, not_before=asked).snapshot is not None

    @in_virtual_time
    async def test_a_failure_is_an_answer(self) -> None:
        world = World(DENIED)
        asked = NOW
        world.needs(ONE, not_before=asked)
        await world.until(0)
        assert world.needs(ONE, not_before=asked).error is DENIED


class TestSecureValues:
    @in_virtual_time
    async def test_who_needs_none_asks_for_none(self) -> None:
        world = World()
        world.needs(ONE, every=60)
        await world.until(130)
        assert {decrypt for _, _, decrypt in world.polls} == {False}

    @in_virtual_time
    async def test_a_need_for_them_polls_at_once(self) -> None:
        world = World()
        world.needs(ONE)
        await world.until(10)
        assert world.needs(TWO, secure=True).snapshot is None, "what is there was not decrypted"
        await world.until(20)
        assert world.polls == [(0, "/prod/pay", False), (pytest.approx(10.01), "/prod/pay", True)]
        assert len(world.wakes(TWO)) == 1
        assert world.needs(TWO, secure=True).snapshot is not None

    @in_virtual_time
    async def test_with_the_last_who_needs_them_decrypting_ends(self) -> None:
        world = World()
        world.needs(ONE, every=60)
        world.needs(TWO, every=60, secure=True)
        await world.until(70)
        world.feeds.release(TWO)
        await world.until(130)
        assert [decrypt for _, _, decrypt in world.polls] == [True, True, False]

    @in_virtual_time
    async def test_a_need_may_become_plain(self) -> None:
        world = World()
        world.needs(ONE, every=60, secure=True)
        await world.until(10)
        world.needs(ONE, every=60)
        await world.until(70)
        assert [decrypt for _, _, decrypt in world.polls] == [True, False]


class TestFailures:
    @in_virtual_time
    async def test_a_fault_that_passes_is_retried_ever_more_slowly(self) -> None:
        world = World(THROTTLED)
        world.needs(ONE, every=60)
        await world.until(200)
        assert world.times() == [0, 1, 3, 7, 15, 31, 63, 123, 183], "doubling, up to the interval"

    @in_virtual_time
    async def test_one_that_does_not_pass_is_retried_at_the_interval(self) -> None:
        world = World(DENIED)
        world.needs(ONE, every=60)
        await world.until(130)
        assert world.times() == [0, 60, 120]

    @in_virtual_time
    async def test_success_forgets_the_failures(self) -> None:
        world = World(UNAVAILABLE)
        world.needs(ONE, every=60)
        await world.until(3)
        world.answer = ()
        await world.until(7)
        world.answer = UNAVAILABLE
        await world.until(70)
        assert world.times() == [0, 1, 3, 7, 67, 68, 70]

    @in_virtual_time
    async def test_what_was_read_before_is_not_passed_off_as_new(self) -> None:
        world = World()
        world.needs(ONE, every=60)
        await world.until(0)
        world.answer = DENIED
        await world.until(60)
        reading = world.needs(ONE, every=60)
        assert reading.snapshot is not None
        assert reading.error is DENIED, "what was read before is never given without the error"
        assert reading.good_at == NOW, "since when the data is known"

    @in_virtual_time
    async def test_before_the_first_success_nothing_is_known_of_the_data(self) -> None:
        world = World(DENIED)
        world.needs(ONE, every=60)
        await world.until(130)
        assert world.needs(ONE, every=60).good_at is None

    def test_a_defect_does_not_end_a_feed(self, caplog: pytest.LogCaptureFixture) -> None:
        @in_virtual_time
        async def check() -> None:
            world = World(ValueError("hunter2"))
            world.needs(ONE, every=60)
            await world.until(0)
            error = world.needs(ONE, every=60).error
            assert error is not None
            assert error.reason is Reason.INTERNAL_ERROR
            assert str(error) == "Reading /prod/pay failed by a defect of the operator (ValueError); see its log"
            world.answer = ()
            await world.until(1)
            assert world.needs(ONE, every=60).snapshot is not None

        with caplog.at_level(logging.ERROR):
            check()
        assert [record.getMessage() for record in caplog.records] == ["a feed failed by a defect"]


class TestLeaving:
    @in_virtual_time
    async def test_a_feed_that_nobody_needs_is_dropped_with_its_values(self) -> None:
        world = World((secure(),))
        world.needs(ONE, secure=True)
        world.needs(TWO, secure=True)
        await world.until(0)
        feed = world.feeds._feeds[PAY]
        world.feeds.release(ONE)
        assert (len(world.feeds), feed._state.snapshot is None) == (1, False)
        world.feeds.release(TWO)
        assert (len(world.feeds), feed._state.snapshot is None) == (0, True)
        await world.until(1000)
        assert len(world.polls) == 1
        assert [task for task in asyncio.all_tasks() if task.get_name().startswith("feed")] == []

    @pytest.mark.parametrize("leave", [lambda feeds: feeds.release(ONE), lambda feeds: feeds.subscribe(ONE, [], 300)])
    @in_virtual_time
    async def test_one_that_leaves_in_the_middle_of_a_poll(self, leave: Callable[[Feeds], object]) -> None:
        world = World(takes=5)
        world.needs(ONE)
        await world.until(2)
        leave(world.feeds)
        await world.until(20)
        assert (len(world.feeds), world.woken) == (0, [])

    @in_virtual_time
    async def test_what_is_no_longer_named_is_released(self) -> None:
        world = World()
        world.feeds.subscribe(ONE, [Need(PAY, False), Need(SHARED, False)], 300)
        world.feeds.subscribe(ONE, [Need(SHARED, False)], 300)
        assert list(world.feeds._feeds) == [SHARED]

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
        assert len(world.polls) == 2

    @in_virtual_time
    async def test_closing_ends_everything(self) -> None:
        world = World(takes=5)
        world.feeds.subscribe(ONE, [Need(PAY, False), Need(SHARED, False)], 300)
        await world.until(2)
        await world.feeds.close()
        await world.until(1000)
        assert (len(world.feeds), world.woken, len(world.polls)) == (0, [], 2)
