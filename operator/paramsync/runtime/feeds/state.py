"""The state of a feed: what it knows, how its last look ended, and when it looks again."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from paramsync.aws.errors import SourceError
from paramsync.core import schedule
from paramsync.core.known import Known
from paramsync.core.parameters import Subtree
from paramsync.core.reasons import Nature, Reason
from paramsync.core.store_status import Answer, Failure
from paramsync.core.want import Want

from .subscriptions import Selections

NEVER: Final = float("inf")


@dataclass(frozen=True, slots=True)
class Attempt:
    """A look that is under way or has ended."""

    began: datetime
    """When the listing began that it looks at."""

    want: Want

    def serves(self, selections: Selections, not_before: datetime | None) -> bool:
        """Whether its result, be it a failure, is an answer to who selects this."""
        return (not_before is None or self.began >= not_before) and all(map(self.want.serves, selections))


@dataclass(frozen=True, slots=True)
class Standing:
    """How a subtree stands, for whoever looks on."""

    subtree: Subtree
    listed_at: datetime | None
    """When the last complete listing began, if there was one."""

    error: Reason | None
    """Why the last attempt failed, if it did."""


@dataclass(slots=True)
class State:
    """What a feed goes by. Times are the loop's."""

    known: Known | None = None
    error: SourceError | None = None
    failures: int = 0
    failing_since: datetime | None = None
    """When the first of the failures was met that follow each other."""

    ended: Attempt | None = None
    running: Attempt | None = None
    idle_until: float = 0.0
    list_at: float = field(default_factory=lambda: asyncio.get_running_loop().time())
    open_at: float = NEVER
    """When to decrypt what the last listing has shown already."""

    awake_since: datetime | None = None
    """The last end of a pause that all is known of by now."""

    kept_for: Want = field(default_factory=Want)
    """Whose plaintext was last kept; the rest was dropped."""

    unseals: bool = False
    """Whether the next look tries again what could not be decrypted."""

    @property
    def due(self) -> float:
        """When to look again."""
        return max(min(self.list_at, self.open_at), self.idle_until)

    @property
    def told(self) -> tuple[str, str] | None:
        """The error as it is told, so that the same again is no news."""
        return None if self.error is None else (self.error.reason, str(self.error))

    @property
    def is_too_much(self) -> bool:
        """Whether the values did not fit into the memory for them."""
        return self.error is not None and self.error.reason is Reason.TOO_LARGE

    def succeeded(self, known: Known) -> None:
        """Take in the result of a look."""
        self.known, self.error, self.failures, self.failing_since = known, None, 0, None

    def woken(self, since: datetime | None, now: float) -> None:
        """Take in that what a look shows is the first after a pause, unless it began before the end of that."""
        if self.known is None or since is None or since == self.awake_since or self.known.began < since:
            return
        self.known = self.known.known_before_a_pause(now)
        if not self.known.seen.is_pending:
            self.awake_since = since

    def failed(self, error: SourceError, now: datetime) -> None:
        """Take in that a look failed; what is known stays as it was."""
        self.error, self.failures, self.open_at = error, self.failures + 1, NEVER
        self.failing_since = self.failing_since or now

    def answer(self, path: str, now: datetime) -> Answer | None:
        """How the last look at the path ended; None if there was none."""
        if self.ended is None:
            return None
        account = self.known.snapshot.account if self.known is not None else None
        if self.error is None or self.failing_since is None:
            return Answer(path, account)
        return Answer(path, account, Failure(self.error.reason, str(self.error), now - self.failing_since))

    def pause(self, interval: float, chance: Callable[[], float]) -> float:
        """Seconds until the next listing, for an interval of so many seconds."""
        jittered = schedule.jittered(interval, chance())
        if self.error is None:
            return jittered
        if self.is_too_much:
            return schedule.LONGEST_DEADLINE  # each try decrypts until it is too much
        if self.error.reason.nature is Nature.WAITING:
            return min(jittered, schedule.backoff(self.failures, chance()))
        return min(jittered, schedule.LONGEST_DEADLINE)
