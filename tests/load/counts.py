"""What the stub counts. Its memory does not grow with the number of requests."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.aws.clients import REGION
from tests.aws.errors import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Callable

Place = tuple[str, str]
"""An account and a Region."""


@dataclass(slots=True)
class _Arrivals:
    total: int = 0
    peak: int = 0
    last_second: deque[float] = field(default_factory=deque)

    def add(self, now: float) -> None:
        self.total += 1
        while self.last_second and now - self.last_second[0] >= 1:
            self.last_second.popleft()
        self.last_second.append(now)
        self.peak = max(self.peak, len(self.last_second))


class Counts:
    """Counts of requests by who asked for what, and of SSM's by where. Thread-safe."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Start all counts again."""
        with self._lock:
            self._requests: Counter[tuple[str, str]] = Counter()
            self._decrypted = 0
            self._throttled: Counter[Place] = Counter()
            self._arrivals: dict[Place, _Arrivals] = {}

    @property
    def requests(self) -> Counter[tuple[str, str]]:
        """How many requests came, by action and identity: the role's ARN, or the access key of a user.

        An AssumeRole counts for who asked; nobody's identity is empty, as AssumeRoleWithWebIdentity's always is.
        """
        with self._lock:
            return self._requests.copy()

    @property
    def decrypted(self) -> int:
        """How many values of SecureStrings were given out decrypted."""
        with self._lock:
            return self._decrypted

    def throttled(self, account: str = ACCOUNT, region: str = REGION) -> int:
        """Return how many requests to SSM were answered with ThrottlingException."""
        with self._lock:
            return self._throttled[account, region]

    def arrived(self, account: str = ACCOUNT, region: str = REGION) -> int:
        """Return how many requests to SSM came."""
        with self._lock:
            return self._at((account, region)).total

    def most_in_any_second(self, account: str = ACCOUNT, region: str = REGION) -> int:
        """Return the most requests to SSM that came in any window of a second, its end not included."""
        with self._lock:
            return self._at((account, region)).peak

    def count_request(self, action: str, identity: str) -> None:
        """Count a request of this identity."""
        with self._lock:
            self._requests[action, identity] += 1

    def count_arrival(self, place: Place) -> None:
        """Count a request to SSM there, now."""
        with self._lock:
            self._at(place).add(self._clock())

    def count_throttled(self, place: Place) -> None:
        """Count an answer that was ThrottlingException."""
        with self._lock:
            self._throttled[place] += 1

    def count_decrypted(self, values: int) -> None:
        """Count values of SecureStrings in a successful answer."""
        with self._lock:
            self._decrypted += values

    def _at(self, place: Place) -> _Arrivals:
        return self._arrivals.setdefault(place, _Arrivals())
