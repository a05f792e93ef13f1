"""AWS's quota of requests: a token bucket per account and Region, whose capacity is a second's worth."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.aws.clients import REGION
from tests.aws.errors import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.load.counts import Place

ROUNDING = 1e-9
"""What many small additions may lack of a whole token."""


@dataclass(slots=True)
class _Bucket:
    rate: float | None
    tokens: float
    filled: float
    neighbour: float = 0

    def fill(self, now: float) -> None:
        if self.rate is not None:
            gained = (self.rate - self.neighbour) * (now - self.filled)
            self.tokens = min(max(self.tokens + gained, 0), self.rate)
        self.filled = now


class Quotas:
    """The buckets. Thread-safe."""

    def __init__(self, rate: float | None, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[Place, _Bucket] = {}

    def take(self, place: Place) -> bool:
        """Take a token; False where there is none and the request is to be throttled."""
        with self._lock:
            bucket = self._filled(place)
            if bucket.rate is None:
                return True
            if bucket.tokens < 1 - ROUNDING:
                return False
            bucket.tokens -= 1
            return True

    def set(self, rate: float | None, *, account: str = ACCOUNT, region: str = REGION) -> None:
        """Give the account and Region this quota of requests per second from now on, and a full bucket.

        None is for no quota.
        """
        with self._lock:
            bucket = self._filled((account, region))
            bucket.rate, bucket.tokens = rate, rate or 0

    def neighbour(self, rate: float, *, account: str = ACCOUNT, region: str = REGION) -> None:
        """Let someone else take this many tokens per second from now on. It goes first where there are too few."""
        with self._lock:
            self._filled((account, region)).neighbour = rate

    def _filled(self, place: Place) -> _Bucket:
        now = self._clock()
        if (bucket := self._buckets.get(place)) is None:
            bucket = self._buckets[place] = _Bucket(self._rate, self._rate or 0, now)
        bucket.fill(now)
        return bucket
