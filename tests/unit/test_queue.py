"""The queue: a key once, at its earliest deadline, with one worker at a time, urgent ones first."""

import asyncio

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from paramsync.runtime.keys import SyncKey
from paramsync.runtime.queue import Queue, QueueClosed, Schedule

from .virtual_time import in_virtual_time

A, B, C = (SyncKey("payments", name) for name in "abc")


def take_all(schedule: Schedule, now: float) -> list[SyncKey]:
    """The keys that are given out at a time, each of which is done at once."""
    taken = []
    while (key := schedule.take(now)) is not None:
        schedule.done(key)
        taken.append(key)
    return taken


class TestSchedule:
    def test_nothing_is_due_before_its_time(self) -> None:
        schedule = Schedule()
        schedule.add(A, 5, urgent=False)
        assert schedule.take(4.9) is None
        assert schedule.take(5) == A

    def test_a_key_stands_once(self) -> None:
        schedule = Schedule()
        for due in (5, 3, 9, 3):
            schedule.add(A, due, urgent=False)
        assert len(schedule) == 1
        assert take_all(schedule, 10) == [A]
        assert len(schedule) == 0

    @pytest.mark.parametrize("order", [(3, 9), (9, 3)])
    def test_the_earliest_deadline_counts(self, order: tuple[float, float]) -> None:
        schedule = Schedule()
        for due in order:
            schedule.add(A, due, urgent=False)
        assert schedule.next_due() == 3
        assert schedule.take(3) == A
        schedule.done(A)
        assert schedule.next_due() is None
        assert schedule.take(9) is None, "the later deadline is forgotten"

    def test_in_the_order_of_their_deadlines(self) -> None:
        schedule = Schedule()
        for key, due in ((A, 3), (B, 1), (C, 2)):
            schedule.add(key, due, urgent=False)
        assert take_all(schedule, 5) == [B, C, A]

    def test_urgent_ones_first(self) -> None:
        schedule = Schedule()
        schedule.add(A, 1, urgent=False)
        schedule.add(B, 2, urgent=True)
        assert take_all(schedule, 5) == [B, A]

    @pytest.mark.parametrize("collected", [False, True])
    def test_one_that_waits_becomes_urgent(self, collected: bool) -> None:
        schedule = Schedule()
        for key in (A, B, C):
            schedule.add(key, 1, urgent=False)
        if collected:
            schedule.take(1)
        schedule.add(C, 2, urgent=True)
        assert schedule.take(2) == C

    def test_urgent_stays_urgent_until_it_ran(self) -> None:
        schedule = Schedule()
        schedule.add(B, 2, urgent=True)
        schedule.add(B, 2, urgent=False)
        schedule.add(A, 1, urgent=False)
        assert take_all(schedule, 2) == [B, A]
        schedule.add(A, 3, urgent=False)
        schedule.add(B, 3, urgent=False)
        assert take_all(schedule, 3) == [A, B]

    def test_one_that_runs_is_not_given_out_again_until_it_is_done(self) -> None:
        schedule = Schedule()
        schedule.add(A, 1, urgent=False)
        assert schedule.take(1) == A
        schedule.add(A, 1, urgent=True)
        schedule.add(B, 1, urgent=False)
        assert schedule.take(2) == B, "it does not hold up others"
        assert schedule.take(2) is None
        assert schedule.due() == 1
        schedule.done(A)
        assert schedule.take(2) == A
        assert schedule.due() == 0


class AgainstAModel(RuleBasedStateMachine):
    """The schedule against the plainest one that could be."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.schedule = Schedule()
        self.waiting: dict[SyncKey, tuple[float, bool]] = {}
        self.running: set[SyncKey] = set()

    def ready(self) -> dict[SyncKey, bool]:
        return {
            key: urgent for key, (due, urgent) in self.waiting.items() if due <= self.now and key not in self.running
        }

    @rule(seconds=st.integers(0, 5))
    def time_goes_on(self, seconds: int) -> None:
        self.now += seconds

    @rule(key=st.sampled_from([A, B, C]), after=st.integers(0, 8), urgent=st.booleans())
    def add(self, key: SyncKey, after: int, urgent: bool) -> None:
        self.schedule.add(key, self.now + after, urgent=urgent)
        due, was_urgent = self.waiting.get(key, (float("inf"), False))
        self.waiting[key] = (min(due, self.now + after), urgent or was_urgent)

    @rule()
    def take(self) -> None:
        ready = self.ready()
        taken = self.schedule.take(self.now)
        if taken is None:
            assert not ready
            later = [due for due, _ in self.waiting.values() if due > self.now]
            assert self.schedule.next_due() == min(later, default=None)
            return
        assert taken in ready
        assert ready[taken] or not any(ready.values()), "an urgent one waits"
        del self.waiting[taken]
        self.running.add(taken)

    @rule(key=st.sampled_from([A, B, C]))
    def done(self, key: SyncKey) -> None:
        self.schedule.done(key)
        self.running.discard(key)

    @invariant()
    def as_many(self) -> None:
        assert len(self.schedule) == len(self.waiting)


TestAgainstAModel = AgainstAModel.TestCase


def queue() -> Queue:
    return Queue(asyncio.get_running_loop().time)


def now() -> float:
    return asyncio.get_running_loop().time()


class TestHowLongAKeyWaits:
    @in_virtual_time
    async def test_from_when_it_is_due_to_when_it_is_taken(self) -> None:
        told: list[float] = []
        waited = Queue(asyncio.get_running_loop().time, told.append)
        for key, after in ((A, 10.0), (B, 0.0)):
            waited.add(key, after=after)
        assert await waited.take() == B
        await asyncio.sleep(12)
        waited.add(A, after=5)
        assert await waited.take() == A
        waited.done(A)
        waited.add(A, after=5)
        assert await waited.take() == A
        assert told == [0, 2, 0]


class TestWaiting:
    @in_virtual_time
    async def test_until_a_key_is_due(self) -> None:
        waited = queue()
        waited.add(A, after=30)
        assert await waited.take() == A
        assert now() == 30

    @in_virtual_time
    async def test_an_earlier_deadline_shortens_it(self) -> None:
        waited = queue()
        waited.add(A, after=30)
        worker = asyncio.create_task(waited.take())
        await asyncio.sleep(5)
        waited.add(A, after=1)
        assert await worker == A
        assert now() == 6

    @in_virtual_time
    async def test_a_new_key_ends_it(self) -> None:
        waited = queue()
        worker = asyncio.create_task(waited.take())
        await asyncio.sleep(5)
        waited.add(A)
        assert await worker == A
        assert now() == 5

    @in_virtual_time
    async def test_the_end_of_a_reconcile_ends_it(self) -> None:
        waited = queue()
        waited.add(A)
        assert await waited.take() == A
        waited.add(A)
        worker = asyncio.create_task(waited.take())
        await asyncio.sleep(5)
        assert not worker.done()
        assert waited.depth() == 1
        waited.done(A)
        assert await worker == A
        assert (now(), waited.depth()) == (5, 0)

    @in_virtual_time
    async def test_two_workers_never_get_one_key(self) -> None:
        waited = queue()
        workers = [asyncio.create_task(waited.take()) for _ in range(2)]
        await asyncio.sleep(1)
        waited.add(A)
        waited.add(A, urgent=True)
        await asyncio.sleep(1)
        assert [worker.result() for worker in workers if worker.done()] == [A]
        waited.add(B)
        assert {await worker for worker in workers} == {A, B}

    @in_virtual_time
    async def test_closing_sends_every_worker_home(self) -> None:
        waited = queue()
        waited.add(A, after=60)
        workers = [asyncio.create_task(waited.take()) for _ in range(3)]
        await asyncio.sleep(1)
        waited.close()
        for result in await asyncio.gather(*workers, return_exceptions=True):
            assert isinstance(result, QueueClosed)
        assert now() == 1

    @in_virtual_time
    async def test_a_closed_queue_gives_out_nothing(self) -> None:
        waited = queue()
        waited.add(A)
        waited.close()
        waited.add(B)
        with pytest.raises(QueueClosed):
            await waited.take()
