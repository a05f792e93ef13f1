"""Who needs a feed, for what, and who is to be woken by what it has read."""

from collections.abc import Iterator
from dataclasses import dataclass

from paramsync.api.sync import ParameterType
from paramsync.core.parameters import Subtree
from paramsync.core.want import Selection, Want
from paramsync.runtime.keys import SyncKey

from .needs import Asked

Selections = frozenset[Selection]
Confirmed = tuple[bool, bool]
"""Whether what a subtree shows, and what it does not show, has been confirmed."""


@dataclass(slots=True)
class Subscription:
    """What one sync needs of a subtree."""

    selections: Selections
    interval: float
    urgent: bool
    waits: bool = False
    """Whether the next result is awaited, whatever it is."""

    confirms: Confirmed | None = None
    """What was confirmed when the sync asked to hear of more."""


class Subscriptions:
    """The subscriptions of one feed."""

    def __init__(self, subtree: Subtree) -> None:
        self._subtree = subtree
        self._by_sync: dict[SyncKey, Subscription] = {}
        self.want: Want = Want()
        """The union of what all select."""

    def __len__(self) -> int:
        return len(self._by_sync)

    def __getitem__(self, sync: SyncKey) -> Subscription:
        return self._by_sync[sync]

    def put(self, sync: SyncKey, selections: Selections, asked: Asked) -> Subscription | None:
        """Take in what a sync needs now; what it needed before, if anything."""
        before = self._by_sync.get(sync)
        same = before is not None and before.selections == selections
        confirms = before.confirms if before is not None and same else None
        self._by_sync[sync] = Subscription(selections, asked.interval, asked.urgent, confirms=confirms)
        if not same:
            self._unite()
        return before

    def remove(self, sync: SyncKey) -> None:
        """A sync needs nothing any more."""
        del self._by_sync[sync]
        self._unite()

    @property
    def interval(self) -> float:
        """The shortest interval that anybody asks for, in seconds."""
        return min(each.interval for each in self._by_sync.values())

    @property
    def is_urgent(self) -> bool:
        """Whether somebody waits whose requests go before periodic ones."""
        return any(each.urgent and each.waits for each in self._by_sync.values())

    @property
    def wants_confirmation(self) -> bool:
        """Whether somebody waits for a further listing to agree."""
        return any(each.confirms is not None for each in self._by_sync.values())

    def concerns(self, selections: Selections, name: str) -> bool:
        """Whether a parameter, by its full name, is selected."""
        relative = self._subtree.relative_name(name)
        return any(selection.names(relative) for selection in selections)

    def needs_value(self, selections: Selections, name: str) -> bool:
        """Whether the value of a SecureString, by its full name, is needed."""
        relative = self._subtree.relative_name(name)
        return any(selection.takes(relative, ParameterType.SECURE_STRING) for selection in selections)

    def called(self, changed: frozenset[str] | None, confirmed: Confirmed | None) -> Iterator[tuple[SyncKey, bool]]:
        """Whom a result concerns, and whether that is urgent; they wait for nothing more then.

        :param changed: the names whose state is another now; None concerns everybody.
        """
        for sync, each in list(self._by_sync.items()):
            concerned = changed is None or any(self.concerns(each.selections, name) for name in changed)
            if concerned or each.waits or each.confirms not in (None, confirmed):
                urgent = each.waits and each.urgent
                each.waits, each.confirms = False, None
                yield sync, urgent

    def _unite(self) -> None:
        self.want = Want.of(selection for each in self._by_sync.values() for selection in each.selections)
