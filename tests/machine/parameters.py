"""Parameter Store for the machine: trees in several places, faults, and a record of all that was answered."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from paramsync.aws.errors import SourceError
from paramsync.core.listing import Listed
from paramsync.core.reasons import Reason
from paramsync.core.values import SecureValue
from tests.unit.builders import ACCOUNT, parameter
from tests.unit.parameter_store import ParameterStore, clock, now

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from paramsync.api.sync import ParameterType
    from paramsync.core.parameters import Stamp, Subtree
    from paramsync.core.search import Opened
    from paramsync.runtime.feeds.look import Urgent

SECRET_MARK: Final = "sesame-secret-"
"""How every secure value begins, and nothing else."""

PLAIN_MARK: Final = "plain-"
OTHER_ACCOUNT: Final = "444455556666"

FAILURES: Final[Mapping[str, Reason]] = {
    "throttled": Reason.THROTTLED,
    "unavailable": Reason.SOURCE_UNAVAILABLE,
    "denied": Reason.ACCESS_DENIED,
}

Spot = tuple[str, str]
"""An account and a Region: where a tree is."""


@dataclass(frozen=True)
class Written:
    """A value that was written, once and nowhere else."""

    value: str
    stamp: Stamp
    spot: Spot


@dataclass(frozen=True)
class Answered:
    """A complete listing as AWS answered it."""

    spot: Spot
    path: str
    recursive: bool
    began: float
    stamps: Mapping[str, Stamp]
    """By full name."""


@dataclass
class Parameters:
    """Parameter Store as the operator's identity sees it."""

    account: str = ACCOUNT
    """Whose role the operator has."""

    failure: str | None = None
    """Why every request fails, if it does; ``partial`` after some pages, others at once."""

    blank: bool = False
    """Whether listings are answered as if there were nothing."""

    answered: list[Answered] = field(default_factory=list)
    written: dict[str, Written] = field(default_factory=dict)
    """By value."""

    by_stamp: dict[tuple[Spot, Stamp], Written] = field(default_factory=dict)
    _trees: dict[Spot, ParameterStore] = field(default_factory=lambda: defaultdict(ParameterStore))

    def tree(self, spot: Spot) -> ParameterStore:
        """The parameters of a place."""
        made = self._trees[spot]
        made.account, made.takes = spot[0], 0.05
        return made

    def write(self, spot: Spot, name: str, kind: ParameterType) -> None:
        """Write a new version now, with a value that is in no other."""
        tree, number = self.tree(spot), len(self.written)
        secure = kind.value == "SecureString"
        value = f"{SECRET_MARK if secure else PLAIN_MARK}{number:05d}-{name.rpartition('/')[2]}"
        before = tree.parameters.get(name)
        # No two versions are of the same moment: that is what tells them apart after a deletion.
        moment = now() + timedelta(milliseconds=number % 40)
        made = parameter(name, value, kind=kind, version=before.stamp.version + 1 if before else 1, modified=moment)
        tree.put(made)
        self.written[value] = self.by_stamp[spot, made.stamp] = Written(value, made.stamp, spot)

    async def read(self, subtree: Subtree, *, decrypt: bool, urgent: Urgent, admit: Callable[[int], None]) -> Listed:
        """As :class:`paramsync.runtime.feeds.look.Ssm`."""
        spot, began = (self.account, subtree.identity.region), clock()
        self._fail(subtree, at_once=True)
        listed = await self.tree(spot).read(subtree, decrypt=decrypt, urgent=urgent, admit=admit)
        self._fail(subtree, at_once=False)
        if self.blank:
            listed = Listed({}, None, 1)
        stamps = {name: each.stamp for name, each in listed.parameters.items()}
        self.answered.append(Answered(spot, subtree.path, subtree.recursive, began, stamps))
        return listed

    async def open(self, subtree: Subtree, stamps: Sequence[Stamp], *, urgent: Urgent) -> Opened:
        """As :class:`paramsync.runtime.feeds.look.Ssm`."""
        self._fail(subtree, at_once=True)
        return await self.tree((self.account, subtree.identity.region)).open(subtree, stamps, urgent=urgent)

    def _fail(self, subtree: Subtree, *, at_once: bool) -> None:
        if self.failure is None or (self.failure == "partial") is at_once:
            return
        reason = FAILURES.get(self.failure, Reason.SOURCE_UNAVAILABLE)
        raise SourceError(reason, f"Reading {subtree.path} from AWS failed: {self.failure}")


def text_of(value: object) -> str:
    """The text of a value, for a test that compares it."""
    return value.reveal().decode() if isinstance(value, SecureValue) else str(value)
