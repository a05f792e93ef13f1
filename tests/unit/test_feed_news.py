"""Syncs hear of a feed only when there is news for them, and of failures as they are."""

import asyncio
import logging
from datetime import timedelta

import pytest

from paramsync.aws.errors import SourceError
from paramsync.core.parameters import Parameter
from paramsync.core.reasons import Reason
from paramsync.core.want import Selection

from .builders import NOW, STRING_LIST, parameter, secure
from .feed_world import ONE, PAY, THREE, TWO, World
from .parameter_store import now
from .virtual_time import in_virtual_time

THROTTLED = SourceError(Reason.THROTTLED, "AWS throttles requests for /prod/pay")
UNAVAILABLE = SourceError(Reason.SOURCE_UNAVAILABLE, "Reading /prod/pay failed")
DENIED = SourceError(Reason.ACCESS_DENIED, "AWS denies ssm:GetParametersByPath on /prod/pay")

Answer = tuple[Parameter, ...] | Exception


def answer(world: World, told: Answer) -> None:
    world.store.parameters.clear()
    world.store.error = told if isinstance(told, Exception) else None
    if not isinstance(told, Exception):
        world.store.put(*told)


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
            ((parameter(),), (parameter(kind=STRING_LIST),), True),
            ((parameter(),), (), True),
            ((), (parameter(),), True),
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
            "failed",
            "recovered",
            "another error",
            "a worse error",
        ],
    )
    @in_virtual_time
    async def test_a_sync_is_woken_for_news_only(self, first: Answer, second: Answer, is_news: bool) -> None:
        world = World()
        answer(world, first)
        world.needs(ONE)
        await world.until(0)
        assert len(world.wakes(ONE)) == 1
        world.needs(ONE)
        answer(world, second)
        world.feeds.poll(PAY)
        await asyncio.sleep(50)
        assert (len(world.wakes(ONE)) == 2) is is_news

    @in_virtual_time
    async def test_another_account_is_news(self) -> None:
        world = World()
        world.needs(ONE)
        await world.until(0)
        world.store.account = "444455556666"
        world.feeds.poll(PAY)
        await world.until(10)
        assert len(world.wakes(ONE)) == 2

    @in_virtual_time
    async def test_news_of_what_a_sync_does_not_select_is_none(self) -> None:
        world = World()
        world.needs(ONE, selection=Selection(include=("db/**",)))
        world.needs(TWO, selection=Selection(exclude=("host",)))
        world.needs(THREE)
        await world.until(0)
        world.store.write("/prod/pay/host", "new")
        world.feeds.poll(PAY)
        await world.until(10)
        assert [len(world.wakes(sync)) for sync in (ONE, TWO, THREE)] == [1, 1, 2]

    @in_virtual_time
    async def test_who_waits_is_woken_even_without_news(self) -> None:
        world = World()
        world.needs(ONE)
        await world.until(0)
        world.needs(ONE)
        assert world.needs(TWO, not_before=now()).snapshot is None
        await world.until(10)
        assert len(world.store.asked) == 2
        assert (len(world.wakes(ONE)), len(world.wakes(TWO))) == (1, 1)

    @in_virtual_time
    async def test_who_comes_later_gets_what_there_is(self) -> None:
        world = World()
        world.needs(ONE)
        await world.until(10)
        reading = world.needs(TWO)
        assert reading.snapshot is not None
        assert reading.listed_at == NOW
        await world.until(20)
        assert len(world.store.asked) == 1
        assert world.wakes(TWO) == []

    @in_virtual_time
    async def test_what_a_listing_took_is_told(self) -> None:
        world = World()
        world.store.takes = 7
        world.needs(ONE)
        await world.until(10)
        assert world.needs(ONE).lasts == 7


class TestFailures:
    @in_virtual_time
    async def test_a_fault_that_passes_is_retried_ever_more_slowly(self) -> None:
        world = World()
        world.store.error = THROTTLED
        world.needs(ONE, every=60)
        await world.until(200)
        assert world.store.listings() == [0, 1, 3, 7, 15, 31, 63, 123, 183], "doubling, up to the interval"

    @in_virtual_time
    async def test_one_that_does_not_pass_is_retried_at_the_interval(self) -> None:
        world = World()
        world.store.error = DENIED
        world.needs(ONE, every=60)
        await world.until(130)
        assert world.store.listings() == [0, 60, 120]

    @in_virtual_time
    async def test_success_forgets_the_failures(self) -> None:
        world = World()
        world.store.error = UNAVAILABLE
        world.needs(ONE, every=60)
        await world.until(3)
        world.store.error = None
        await world.until(7)
        world.store.error = UNAVAILABLE
        await world.until(70)
        assert world.store.listings() == [0, 1, 3, 7, 67, 68, 70]

    @in_virtual_time
    async def test_what_was_read_before_is_not_passed_off_as_new(self) -> None:
        world = World()
        world.needs(ONE, every=60)
        await world.until(0)
        world.store.error = DENIED
        await world.until(60)
        reading = world.needs(ONE, every=60)
        assert reading.snapshot is not None
        assert reading.error is DENIED, "what was read before is never given without the error"
        assert reading.listed_at == NOW, "since when the data is known"

    @in_virtual_time
    async def test_before_the_first_success_nothing_is_known_of_the_data(self) -> None:
        world = World()
        world.store.error = DENIED
        world.needs(ONE, every=60)
        await world.until(130)
        assert world.needs(ONE, every=60).listed_at is None

    @in_virtual_time
    async def test_a_failure_is_an_answer_to_a_refresh(self) -> None:
        world = World()
        world.store.error = DENIED
        world.needs(ONE, not_before=NOW)
        await world.until(0)
        assert world.needs(ONE, not_before=NOW).error is DENIED

    def test_a_defect_does_not_end_a_feed(self, caplog: pytest.LogCaptureFixture) -> None:
        @in_virtual_time
        async def check() -> None:
            world = World()
            world.store.error = ValueError("hunter2")
            world.needs(ONE, every=60)
            await world.until(0)
            error = world.needs(ONE, every=60).error
            assert error is not None
            assert error.reason is Reason.INTERNAL_ERROR
            assert str(error) == "Reading /prod/pay failed by a defect of the operator (ValueError); see its log"
            world.store.error = None
            await world.until(1)
            assert world.needs(ONE, every=60).snapshot is not None

        with caplog.at_level(logging.ERROR):
            check()
        assert [record.getMessage() for record in caplog.records] == ["a feed failed by a defect"]
