"""Answers that are good for a while."""

from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """Asks, and gives the same answer again while it is young. A failure is not remembered."""

    def __init__(
        self, ask: Callable[[K], Awaitable[V]], clock: Callable[[], float], *, seconds: float, most: int
    ) -> None:
        """Remember answers.

        :param clock: monotonic, in seconds.
        :param seconds: how old an answer may be, counted from the question.
        :param most: how many answers are kept; beyond that the oldest go.
        """
        self._ask = ask
        self._clock = clock
        self._seconds = seconds
        self._most = most
        self._answers: dict[K, tuple[float, V]] = {}

    def __len__(self) -> int:
        return len(self._answers)

    async def get(self, key: K) -> V:
        """The answer for a key; raises what the question raises."""
        known = self._answers.get(key)
        if known is not None and self._clock() - known[0] < self._seconds:
            return known[1]
        asked_at = self._clock()
        answer = await self._ask(key)
        self._answers.pop(key, None)  # so that the youngest stands last
        self._answers[key] = asked_at, answer
        while len(self._answers) > self._most:
            del self._answers[next(iter(self._answers))]
        return answer

    def forget(self, key: K) -> None:
        """Ask again the next time."""
        self._answers.pop(key, None)
