"""One API budget for each account and Region, across all stores.

Who asks waits on the event loop, before it takes a thread. Urgent requests (new, changed and refreshed syncs)
go before periodic ones, and every fourth goes to the others, so that neither starves.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from typing import Final

from paramsync.core.pacing import Pace, Ticket
from paramsync.core.throttling import Throttling

URGENT_IN_A_ROW: Final = 3
SOON: Final = 0.001
"""Seconds between two looks at the pace, at least: a timer that comes a little early is not to spin."""

LANE: Final = 6
"""Requests of one identity that may be under way at a time."""

Waiter = asyncio.Future[Ticket]


class Lane:
    """The share of the threads that one identity may take: one whose endpoint hangs must not hold up the others."""

    def __init__(self) -> None:
        self._under_way = 0

    @property
    def is_free(self) -> bool:
        """Whether one more request may be under way."""
        return self._under_way < LANE

    def enter(self) -> None:
        """A request is under way."""
        self._under_way += 1

    def leave(self) -> None:
        """A request has ended."""
        self._under_way -= 1


class Budget:
    """The requests to one account and Region. To be used on the event loop only."""

    def __init__(self, requests_per_second: int, *, is_even: bool = True) -> None:
        self._pace: Final = Pace(requests_per_second, is_even)
        self._throttling: Final = Throttling()
        self._waiting: Final[dict[bool, deque[tuple[Waiter, Lane]]]] = {True: deque(), False: deque()}
        self._urgent_in_a_row = 0
        self._timer: asyncio.TimerHandle | None = None
        self._demand: Final[dict[Hashable, float]] = {}
        self.throttles = 0
        """Throttled answers so far."""

    @asynccontextmanager
    async def turn(self, lane: Lane, *, urgent: bool) -> AsyncIterator[Ticket]:
        """Wait for the right to send one request, which ends with the context."""
        waiter: Waiter = asyncio.get_running_loop().create_future()
        self._waiting[urgent].append((waiter, lane))
        self._hand_out()
        try:
            yield await waiter
        finally:
            if waiter.done() and not waiter.cancelled():
                waiter.result().used(_now())  # also if it was never sent: nobody is to wait until it has been
                lane.leave()
                self._hand_out()

    def throttled(self) -> None:
        """Take in that AWS has throttled a request."""
        self.throttles += 1
        self._pace.throttled(_now())
        self._throttling.throttled(_now())

    def plan(self, who: Hashable, requests: float, interval: float) -> None:
        """Say how many requests someone means to send in every interval of so many seconds."""
        self._demand[who] = requests / interval

    def unplan(self, who: Hashable) -> None:
        """Someone means to send nothing any more."""
        self._demand.pop(who, None)

    @property
    def rate(self) -> float:
        """Requests a second that are sent at present, at most."""
        return self._pace.rate(_now())

    @property
    def stretch(self) -> float:
        """By which factor intervals are longer than asked for, so that all can be served evenly."""
        return self._pace.stretch(_now(), sum(self._demand.values()))

    @property
    def throttled_for(self) -> float | None:
        """For how many seconds AWS has throttled again and again; None if it does not."""
        return self._throttling.lasts(_now())

    @property
    def waiting(self) -> int:
        """Requests that wait for their turn."""
        return sum(not waiter.done() for waiters in self._waiting.values() for waiter, _ in waiters)

    def _hand_out(self) -> None:
        if self._timer is not None:
            return
        while (found := self._next_in_line()) is not None:
            now = _now()
            at = self._pace.next_at(now)
            if at > now:
                self._timer = asyncio.get_running_loop().call_at(max(at, now + SOON), self._on_time)
                return
            urgent, waiter, lane = found
            self._urgent_in_a_row = self._urgent_in_a_row + 1 if urgent else 0
            self._waiting[urgent].remove((waiter, lane))
            lane.enter()
            waiter.set_result(self._pace.grant(now))

    def _on_time(self) -> None:
        self._timer = None
        self._hand_out()

    def _next_in_line(self) -> tuple[bool, Waiter, Lane] | None:
        first, second = self._first(urgent=True), self._first(urgent=False)
        if first is not None and (second is None or self._urgent_in_a_row < URGENT_IN_A_ROW):
            return True, *first
        return None if second is None else (False, *second)

    def _first(self, *, urgent: bool) -> tuple[Waiter, Lane] | None:
        waiting = self._waiting[urgent]
        while waiting and waiting[0][0].done():  # whoever waited has been cancelled
            waiting.popleft()
        return next(((waiter, lane) for waiter, lane in waiting if lane.is_free and not waiter.done()), None)


class Budgets:
    """The budgets, by account and Region."""

    def __init__(self, rate_of: Callable[[str | None, str], int], *, is_even: bool = True) -> None:
        """Make none yet.

        :param rate_of: requests a second, at most, to an account and Region.
        :param is_even: whether they are spread over each second.
        """
        self._rate_of = rate_of
        self._is_even = is_even
        self._budgets: dict[tuple[str | None, str], Budget] = {}

    def of(self, account: str | None, region: str) -> Budget:
        """The budget of an account and Region; None is an account that AWS does not tell."""
        key = (account, region)
        if key not in self._budgets:
            self._budgets[key] = Budget(self._rate_of(account, region), is_even=self._is_even)
        return self._budgets[key]

    def drop(self, account: str | None, region: str) -> None:
        """Nobody reads from an account and Region any more."""
        self._budgets.pop((account, region), None)

    def all(self) -> dict[tuple[str | None, str], Budget]:
        """All budgets that somebody uses."""
        return dict(self._budgets)


def _now() -> float:
    return asyncio.get_running_loop().time()
