"""Taking, keeping and losing the Lease, in virtual time."""

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from paramsync.core.leases import DEADLINE, DURATION, Lease
from paramsync.kube.errors import NotFound, Stale, Unavailable
from paramsync.kube.fence import Fenced, LeaseHolder
from paramsync.kube.leases import Leases
from paramsync.runtime.leading import Leading
from tests.unit.builders import NOW
from tests.unit.reconcile_world import InlineThreads
from tests.unit.virtual_time import in_virtual_time

if TYPE_CHECKING:
    from collections.abc import Callable


def clock() -> float:
    return asyncio.get_running_loop().time()


class FakeLeases(Leases):
    """The Lease, and what goes wrong with the next requests."""

    def __init__(self) -> None:
        self.lease = Lease()
        self.writes = 0
        self.before_write: Callable[[], None] = lambda: None
        self.after_write: Callable[[], None] = lambda: None
        self.before_read: Callable[[], None] = lambda: None

    def __str__(self) -> str:
        return "Lease paramsync/paramsync"

    def read(self) -> Lease:
        self.before_read()
        return self.lease

    def write(self, lease: Lease) -> Lease:
        self.before_write()
        if lease.version is not None and self.lease.version is None:
            raise NotFound("write the Lease: not found")
        if lease.version != self.lease.version:
            raise Stale("write the Lease: it has changed")
        self.writes += 1
        self.lease = replace(lease, version=str(int(lease.version or 0) + 1))
        self.after_write()
        return self.lease


def replica(leases: FakeLeases, name: str = "me") -> tuple[Leading, LeaseHolder]:
    fence = LeaseHolder(clock)
    return Leading(leases, name, fence, InlineThreads(), clock, lambda: NOW), fence


def away() -> None:
    raise Unavailable("no answer")


def is_fenced(fence: LeaseHolder) -> bool:
    try:
        fence.check("payments", "app")
    except Fenced:
        return True
    return False


@in_virtual_time
async def test_the_first_one_leads_and_writes_and_the_second_one_waits() -> None:
    leases = FakeLeases()
    (first, may_first), (second, may_second) = replica(leases), replica(leases, "other")
    assert is_fenced(may_first)
    await first.take()
    keeping, waiting = asyncio.create_task(first.keep()), asyncio.create_task(second.take())
    await asyncio.sleep(3600)
    assert (is_fenced(may_first), is_fenced(may_second)) == (False, True)
    assert leases.lease.holder == "me"
    assert 1700 < leases.writes < 1900, "one renewal every two seconds"
    for task in (keeping, waiting):
        task.cancel()


@in_virtual_time
async def test_what_is_released_is_taken_at_once() -> None:
    leases = FakeLeases()
    (first, may_first), (second, may_second) = replica(leases), replica(leases, "other")
    await first.take()
    waiting = asyncio.create_task(second.take())
    await asyncio.sleep(5)
    await first.release()
    assert is_fenced(may_first)
    began = clock()
    await waiting
    assert clock() - began <= 1
    assert not is_fenced(may_second)
    await first.release()
    assert leases.lease.holder == "other", "who holds nothing releases nothing"


@in_virtual_time
async def test_after_a_crash_it_is_taken_within_eleven_seconds() -> None:
    leases = FakeLeases()
    (first, may_first), (second, _) = replica(leases), replica(leases, "other")
    await first.take()
    began = clock()
    await second.take()
    assert DURATION <= clock() - began <= DURATION + 1
    assert is_fenced(may_first)
    assert leases.lease.transitions == 1


@in_virtual_time
async def test_it_is_lost_when_it_cannot_be_renewed_and_writing_ends_before_that_is_known() -> None:
    leases = FakeLeases()
    first, may_first = replica(leases)
    await first.take()
    leases.before_write = away
    keeping = asyncio.create_task(first.keep())
    await asyncio.sleep(DEADLINE - 0.1)
    assert not is_fenced(may_first)
    await asyncio.sleep(0.1)
    assert is_fenced(may_first)
    await keeping


@pytest.mark.parametrize("moment", ["before_write", "after_write"], ids=["not carried out", "its answer lost"])
def test_a_renewal_that_fails_for_a_while_costs_nothing(moment: str) -> None:
    @in_virtual_time
    async def check() -> None:
        leases = FakeLeases()
        first, may_first = replica(leases)
        await first.take()
        keeping = asyncio.create_task(first.keep())
        setattr(leases, moment, away)
        await asyncio.sleep(5 if moment == "before_write" else 3)
        setattr(leases, moment, lambda: None)
        await asyncio.sleep(60)
        assert (keeping.done(), is_fenced(may_first)) == (False, False)
        keeping.cancel()

    check()


@pytest.mark.parametrize("readable", [True, False])
def test_it_is_lost_when_somebody_else_has_it(readable: bool) -> None:
    @in_virtual_time
    async def check() -> None:
        leases = FakeLeases()
        first, may_first = replica(leases)
        await first.take()
        leases.lease = Lease("other", DURATION, NOW, NOW, 1, "99")
        leases.before_read = (lambda: None) if readable else away
        began = clock()
        await first.keep()
        assert clock() - began <= (2 if readable else DEADLINE + 2)
        assert is_fenced(may_first)
        await first.release()
        assert leases.lease.holder == "other"

    check()


@in_virtual_time
async def test_who_holds_one_that_is_deleted_ends_before_another_one_leads() -> None:
    leases = FakeLeases()
    (first, may_first), (second, may_second) = replica(leases), replica(leases, "other")
    await first.take()
    keeping, waiting = asyncio.create_task(first.keep()), asyncio.create_task(second.take())
    await asyncio.sleep(10)
    leases.lease = Lease()
    await keeping
    assert (is_fenced(may_first), is_fenced(may_second)) == (True, True)
    await waiting
    assert not is_fenced(may_second)


@in_virtual_time
async def test_it_waits_as_long_as_the_api_server_is_away() -> None:
    leases = FakeLeases()
    first, may_first = replica(leases)
    leases.before_read = away
    taking = asyncio.create_task(first.take())
    await asyncio.sleep(600)
    assert is_fenced(may_first)
    leases.before_read = lambda: None
    await taking
    assert not is_fenced(may_first)


@in_virtual_time
async def test_of_two_that_are_as_fast_one_leads() -> None:
    leases = FakeLeases()
    first, second = replica(leases), replica(leases, "other")
    tasks = [asyncio.create_task(each.take()) for each, _ in (first, second)]
    await asyncio.sleep(5)
    assert sorted(task.done() for task in tasks) == [False, True]
    assert sorted(is_fenced(fence) for _, fence in (first, second)) == [False, True]
    for task in tasks:
        task.cancel()


@in_virtual_time
async def test_a_release_that_fails_is_told_and_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    leases = FakeLeases()
    first, _ = replica(leases)
    await first.take()
    leases.before_write = away
    await first.release()
    assert "the Lease was not released" in caplog.text


@in_virtual_time
async def test_a_fence_that_is_closed_stays_so() -> None:
    fence = LeaseHolder(clock)
    fence.extend(100)
    fence.check("payments", "app")
    fence.close()
    assert is_fenced(fence)
