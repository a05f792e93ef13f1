"""Feeds turn Parameter Store into something like a watch.

One feed polls one subtree for all syncs that may read it, at the shortest interval that any of them asks
for. A feed that nobody needs is dropped, and with the last feed of an identity its credentials and connections.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from paramsync.core.identity import Identity
from paramsync.core.parameters import Snapshot, Subtree
from paramsync.core.store_status import Answer
from paramsync.runtime.keys import SyncKey

from .feed import Feed
from .needs import Asked, Need, Reading, Tools
from .state import Standing

if TYPE_CHECKING:
    from paramsync.core.want import Selection


class Feeds:
    """All feeds of the operator, and which sync needs which.

    :param unused: is told of each identity that no feed reads as any more.
    """

    def __init__(self, tools: Tools, unused: Callable[[Identity], None] = lambda _: None) -> None:
        self._tools = tools
        self._unused = unused
        self._feeds: dict[Subtree, Feed] = {}
        self._needed: dict[SyncKey, set[Subtree]] = {}
        self._identities: Counter[Identity] = Counter()

    def __len__(self) -> int:
        return len(self._feeds)

    def standings(self) -> list[Standing]:
        """How all subtrees stand that are polled."""
        return [feed.standing for feed in self._feeds.values()]

    def subscribe(self, sync: SyncKey, needs: Sequence[Need], asked: Asked) -> list[Reading]:
        """Say what a sync needs now, and get what there is; the sync is woken when there is more.

        Feeds that it needed before and needs no longer are released.
        """
        selections: dict[Subtree, set[Selection]] = {}
        for need in needs:
            selections.setdefault(need.subtree, set()).add(need.selection)
        # The new ones first: an identity that goes on being needed is not to be given up in between.
        feeds = {subtree: self._feed(subtree) for subtree in selections}
        for subtree in self._needed.get(sync, set()) - selections.keys():
            self._leave(subtree, sync)
        self._needed[sync] = set(selections)
        readings = {
            subtree: feed.subscribe(sync, frozenset(selections[subtree]), asked) for subtree, feed in feeds.items()
        }
        return [readings[need.subtree] for need in needs]

    def answer(self, subtree: Subtree) -> Answer | None:
        """How the last look at a subtree ended; None if there was none."""
        feed = self._feeds.get(subtree)
        return None if feed is None else feed.answer

    def confirm(self, sync: SyncKey, seen: Iterable[Snapshot]) -> None:
        """Let a sync wait until what it saw has been confirmed by further listings."""
        for snapshot in seen:
            if snapshot.subtree in self._needed.get(sync, set()):
                self._feeds[snapshot.subtree].confirm(sync, (snapshot.settled, snapshot.absence_settled))

    def retry_sealed(self, sync: SyncKey) -> None:
        """Forget what could not be decrypted for a sync, so that the next look tries it again."""
        for subtree in self._needed.get(sync, set()):
            self._feeds[subtree].retry_sealed()

    def release(self, sync: SyncKey) -> None:
        """Forget what a sync needed."""
        for subtree in self._needed.pop(sync, set()):
            self._leave(subtree, sync)

    def pace(self, sync: SyncKey, interval: float) -> None:
        """Change the interval that a sync asks for, in seconds."""
        for subtree in self._needed.get(sync, set()):
            self._feeds[subtree].pace(sync, interval)

    def poll(self, subtree: Subtree) -> None:
        """Poll a subtree now, if anyone needs it."""
        if subtree in self._feeds:
            self._feeds[subtree].poll_in(0)

    async def close(self) -> None:
        """Stop polling and forget everything."""
        tasks = [feed.stop() for feed in self._feeds.values()]
        self._feeds.clear()
        self._needed.clear()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _feed(self, subtree: Subtree) -> Feed:
        if subtree not in self._feeds:
            self._feeds[subtree] = Feed(subtree, self._tools)
            self._identities[subtree.identity] += 1
        return self._feeds[subtree]

    def _leave(self, subtree: Subtree, sync: SyncKey) -> None:
        feed = self._feeds[subtree]
        feed.leave(sync)
        if feed.is_needed:
            return
        del self._feeds[subtree]
        feed.stop()
        self._identities[subtree.identity] -= 1
        if not self._identities[subtree.identity]:
            del self._identities[subtree.identity]
            self._unused(subtree.identity)
