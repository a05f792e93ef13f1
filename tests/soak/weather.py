"""Faults by chance: a few percent of the requests meet with one of what AWS and the network can do."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

from tests.aws import errors, faults, listings

if TYPE_CHECKING:
    from tests.aws.wire import Call, Fault, Proceed, Reply

FAULTS: dict[str, tuple[Fault, float]] = {
    "throttled": (errors.throttled(), 0.02),
    "dropped": (faults.drop(), 0.005),
    "a page for people": (faults.html(), 0.005),
    "a bad gateway's page": (faults.html(502), 0.005),
    "cut": (faults.cut(), 0.005),
    "AWS's own fault": (errors.internal(), 0.005),
    "credentials rejected": (errors.expired_token(), 0.002),
    "a token rejected": (errors.invalid_next_token(), 0.005),
    "a token repeated": (listings.repeat_token(), 0.005),
    "denied": (errors.denied(), 0.003),
    "slow": (faults.delay(0.2), 0.01),
}


class Weather:
    """A fault that is another one for each request, or none. Counts them, and the listings that were begun."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self.is_calm = False
        self.polls = 0
        self.requests = 0
        self.hits: Counter[str] = Counter()

    async def __call__(self, call: Call, proceed: Proceed) -> Reply:
        """Answer the call, one way or another."""
        self.requests += 1
        self.polls += call.action == listings.LISTING and call.page == 1
        fault = None if self.is_calm else self._draw()
        return await (fault(call, proceed) if fault is not None else proceed(call.body))

    def _draw(self) -> Fault | None:
        drawn = self._chance.random()
        for name, (fault, probability) in FAULTS.items():
            drawn -= probability
            if drawn < 0:
                self.hits[name] += 1
                return fault
        return None
