"""What syncs need of subtrees, what feeds have for them, and what feeds work with."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from paramsync.aws.errors import SourceError
from paramsync.core.parameters import Snapshot, Subtree
from paramsync.core.want import Selection
from paramsync.runtime.keys import SyncKey
from paramsync.runtime.steady import steady_clock

from .look import Ssm
from .plaintext import Plaintext


class Wake(Protocol):
    """Puts a sync into the queue."""

    def __call__(self, key: SyncKey, *, urgent: bool) -> None:
        """Let a sync be reconciled."""


class Load(Protocol):
    """The API budget, as the feeds of one account and Region see it."""

    def plan(self, who: Subtree, requests: float, interval: float) -> None:
        """Say how many requests a feed means to send in every interval of so many seconds."""

    def unplan(self, who: Subtree) -> None:
        """A feed means to send nothing any more."""

    @property
    def stretch(self) -> float:
        """By which factor intervals are longer than asked for."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What a feed works with; tests give their own clock and chance."""

    ssm: Ssm
    load: Callable[[Subtree], Load]
    wake: Wake
    plaintext: Plaintext

    now: Callable[[], datetime] = field(default_factory=steady_clock)
    """A clock that only goes forward; whoever compares moments with those of a feed goes by the same."""

    chance: Callable[[], float] = random.random
    shortest_pause: float = 1.0
    """Seconds between the end of a look and the next, whoever asks."""

    awake_since: Callable[[], datetime | None] = lambda: None
    """When the process had woken from its last pause: what was read before is no answer to anybody."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a sync needs of a subtree."""

    subtree: Subtree
    selection: Selection


@dataclass(frozen=True, slots=True)
class Asked:
    """How a sync asks for its data."""

    interval: float
    """Seconds after which the data is to be read again."""

    not_before: datetime | None = None
    """A listing that began earlier does not do, nor one whose changes have not been published yet."""

    urgent: bool = False
    """Whether its requests go before periodic ones."""

    def after(self, moment: datetime) -> "Asked":
        """The same, for what was read after that."""
        return replace(self, not_before=max(self.not_before or moment, moment))


@dataclass(frozen=True, slots=True)
class Reading:
    """What a feed has for a sync: a snapshot, an error, or nothing yet."""

    snapshot: Snapshot | None
    error: SourceError | None
    listed_at: datetime | None
    """When the last complete listing began, if there was one."""

    changed_at: datetime | None = None
    """When the listing began that published the newest change; None if there was none since the start."""

    pending: bool = False
    """Whether a listing has shown a change that is not published yet."""

    stretch: float = 1.0
    """By which factor the interval is longer than asked for, because the API budget cannot serve all."""

    lasts: float = 0.0
    """Seconds that the last listing took."""
