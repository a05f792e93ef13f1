"""The API budget of one account: who waits, and in which order they go."""

import asyncio

import pytest

from paramsync.aws.budget import LANE, Budget, Budgets, Lane
from paramsync.core.pacing import SPARE

from .parameter_store import clock
from .virtual_time import in_virtual_time


async def take(budget: Budget, order: list[str], name: str, *, urgent: bool, lane: Lane | None = None) -> None:
    async with budget.turn(lane or Lane(), urgent=urgent):
        order.append(name)


@in_virtual_time
async def test_a_request_goes_at_once_where_nobody_waits() -> None:
    budget = Budget(20)
    async with budget.turn(Lane(), urgent=False) as ticket:
        assert ticket.sent_at is None
    assert (ticket.answered_at, clock()) == (0.0, 0.0)


@in_virtual_time
async def test_urgent_ones_go_first_and_every_fourth_turn_is_for_the_others() -> None:
    budget, order = Budget(20), list[str]()
    async with asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(take(budget, order, f"p{number}", urgent=False))
        await asyncio.sleep(0)
        for number in range(7):
            group.create_task(take(budget, order, f"u{number}", urgent=True))
    assert order == ["p0", "u0", "u1", "u2", "p1", "u3", "u4", "u5", "p2", "u6"]
    assert clock() == pytest.approx(9 / 20, rel=0.06)


@in_virtual_time
async def test_one_who_asks_for_a_thousand_pages_lets_others_in_between() -> None:
    budget, order = Budget(20), list[str]()

    async def listing(name: str, pages: int) -> None:
        for _ in range(pages):
            await take(budget, order, name, urgent=False)

    async with asyncio.TaskGroup() as group:
        group.create_task(listing("huge", 1000))
        for number in range(10):
            group.create_task(listing(f"small{number}", 2))
    last = max(place for place, name in enumerate(order) if name.startswith("small"))
    assert last <= 22


@in_virtual_time
async def test_whoever_goes_away_holds_nobody_up() -> None:
    budget, order = Budget(1), list[str]()
    await take(budget, order, "first", urgent=False)
    gone = [asyncio.create_task(take(budget, order, "gone", urgent=False)) for _ in range(5)]
    await asyncio.sleep(0)
    last = asyncio.create_task(take(budget, order, "last", urgent=False))
    for task in gone:
        task.cancel()
    await last
    assert order == ["first", "last"]
    assert clock() == pytest.approx(1, rel=0.06)


@in_virtual_time
async def test_a_turn_that_came_too_late_is_not_waited_for() -> None:
    budget = Budget(1)
    order = list[str]()
    await take(budget, order, "first", urgent=False)
    task = asyncio.create_task(take(budget, order, "late", urgent=False))
    await asyncio.sleep(0)
    # In the same round of the loop as its turn: it has its ticket then, and cannot use it any more.
    asyncio.get_running_loop().call_at(SPARE, task.cancel)
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(2.1):
        await take(budget, order, "next", urgent=False)
    assert order == ["first", "next"]


@in_virtual_time
async def test_an_identity_whose_endpoint_hangs_takes_only_its_share_of_the_threads() -> None:
    budget, order, hung, ended = Budget(20), list[str](), Lane(), asyncio.Event()

    async def hang(number: int) -> None:
        async with budget.turn(hung, urgent=True):
            order.append(f"hung{number}")
            await ended.wait()

    async with asyncio.TaskGroup() as group:
        for number in range(LANE + 2):
            group.create_task(hang(number))
        await asyncio.sleep(5)
        assert len(order) == LANE
        await take(budget, order, "another", urgent=False)
        assert order[-1] == "another"
        assert budget.waiting == 2
        ended.set()
    assert len(order) == LANE + 3


@in_virtual_time
async def test_throttled_answers_are_counted_and_slow_it_down() -> None:
    budget = Budget(20)
    await asyncio.sleep(10)
    budget.throttled()
    assert (budget.throttles, budget.rate) == (1, 10)


@in_virtual_time
async def test_what_is_planned_stretches_intervals_for_all() -> None:
    budget = Budget(20)
    for number in range(60):
        budget.plan(number, 2, 5)
    assert budget.stretch == pytest.approx(60 * 2 / 5 / 18)
    for number in range(60):
        budget.unplan(number)
    budget.unplan("nobody")
    assert budget.stretch == 1


@in_virtual_time
async def test_each_account_and_region_has_its_own() -> None:
    budgets = Budgets(lambda account, region: 7 if account == "1" else 20)
    assert budgets.of("1", "eu-west-1") is budgets.of("1", "eu-west-1")
    assert budgets.of("1", "us-east-1") is not budgets.of("1", "eu-west-1")
    assert [budget.rate for budget in (budgets.of("1", "eu-west-1"), budgets.of(None, "eu-west-1"))] == [7, 20]
    assert len(budgets.all()) == 3
    budgets.drop("1", "eu-west-1")
    assert len(budgets.all()) == 2
