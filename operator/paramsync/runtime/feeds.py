"""Feeds turn Parameter Store into something like a watch.

One feed polls one subtree for all syncs that may read it, at the shortest interval that any of them asks
for. A feed that nobody needs is dropped.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from paramsync.core.parameters import Subtree

from .feed import Feed, Need, Reading, Tools
from .keys import SyncKey


class Feeds:
    """All feeds of the operator, and which sync needs which."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._feeds: dict[Subtree, Feed] = {}
        self._needed: dict[SyncKey, set[Subtree]] = {}

    def __len__(self) -> int:
        return len(self._feeds)

    def subscribe(
        self, sync: SyncKey, needs: Sequence[Need], interval: float, *, not_before: datetime | None = None
    ) -> list[Reading]:
        """Say what a sync needs now, and get what there is; the sync is woken when there is more.

        Feeds that it needed before and needs no longer are released.

        :param interval: seconds after which the data is to be read again.
        :param not_before: a listing that began earlier does not do.
        """
        subtrees = {need.subtree for need in needs}
        for subtree in self._needed.get(sync, set()) - subtrees:
            self._leave(subtree, sync)
        self._needed[sync] = subtrees
        return [self._feed(need.subtree).subscribe(sync, need, interval, not_before) for need in needs]

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
        return self._feeds[subtree]

    def _leave(self, subtree: Subtree, sync: SyncKey) -> None:
        feed = self._feeds[subtree]
        feed.leave(sync)
        if not feed.is_needed:
            del self._feeds[subtree]
            feed.stop()
