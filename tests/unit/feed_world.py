"""Feeds over a Parameter Store in memory, in virtual time, and the syncs that they wake."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from paramsync.core.parameters import Subtree
from paramsync.core.want import Selection
from paramsync.runtime.feeds.needs import Asked, Need, Reading, Tools
from paramsync.runtime.feeds.plaintext import Plaintext
from paramsync.runtime.feeds.registry import Feeds
from paramsync.runtime.keys import SyncKey

from .builders import parameter, subtree
from .parameter_store import ParameterStore, clock, now

PAY = subtree("/prod/pay")
SHARED = subtree("/shared")
ONE, TWO, THREE = (SyncKey("payments", name) for name in ("one", "two", "three"))
PLAIN, ALL = Selection(), Selection(secure=True)


@dataclass
class Load:
    """What feeds say of their load, and by how much their intervals are stretched."""

    stretch: float = 1.0
    plans: dict[Subtree, tuple[float, float]] = field(default_factory=dict)

    def plan(self, who: Subtree, requests: float, interval: float) -> None:
        self.plans[who] = (requests, interval)

    def unplan(self, who: Subtree) -> None:
        self.plans.pop(who, None)


@dataclass
class World:
    """Parameter Store and the syncs, as the feeds see them."""

    store: ParameterStore = field(default_factory=ParameterStore)
    shortest_pause: float = 0.0
    most_decrypted: int = 2**20
    load: Load = field(default_factory=Load)
    woken: list[tuple[float, SyncKey, bool]] = field(default_factory=list)
    feeds: Feeds = field(init=False)
    plaintext: Plaintext = field(init=False)

    def __post_init__(self) -> None:
        self.store.put(parameter("/prod/pay/host"))
        self.plaintext = Plaintext(self.most_decrypted)
        self.feeds = Feeds(
            Tools(
                self.store,
                lambda _: self.load,
                self.wake,
                self.plaintext,
                now,
                lambda: 0.0,
                self.shortest_pause,
            )
        )

    def wake(self, key: SyncKey, *, urgent: bool) -> None:
        self.woken.append((clock(), key, urgent))

    def needs(
        self,
        sync: SyncKey,
        path: Subtree = PAY,
        selection: Selection = PLAIN,
        *,
        every: float = 300,
        not_before: datetime | None = None,
        urgent: bool = False,
    ) -> Reading:
        (reading,) = self.feeds.subscribe(sync, [Need(path, selection)], Asked(every, not_before, urgent))
        return reading

    def names(self, sync: SyncKey, selection: Selection = PLAIN) -> list[str]:
        """What is published, as ``name:version``, for a sync that has a subscription; of closed ones the name alone."""
        snapshot = self.needs(sync, selection=selection).snapshot
        assert snapshot is not None
        stamps = [each.stamp for each in snapshot.parameters.values()]
        return sorted(f"{snapshot.subtree.relative_name(stamp.name)}:{stamp.version}" for stamp in stamps)

    async def until(self, moment: float) -> None:
        """Let time pass to just after a moment."""
        await asyncio.sleep(moment - clock() + 0.01)

    def wakes(self, sync: SyncKey) -> list[float]:
        return [round(moment, 1) for moment, key, _ in self.woken if key == sync]


def paths(needs: Sequence[Subtree]) -> list[str]:
    """The paths of subtrees."""
    return [each.path for each in needs]
