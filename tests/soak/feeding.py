"""The feeds of the operator, with its reader, budgets and clients, and syncs that only keep what they are told."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import pytest

from paramsync.aws.budget import Budgets
from paramsync.aws.identities import backoff
from paramsync.aws.identities.clients import Clients
from paramsync.core import pacing, schedule, search, settling
from paramsync.core.identity import Identity
from paramsync.core.parameters import Snapshot, Subtree
from paramsync.core.want import Selection
from paramsync.runtime.feeds import reading
from paramsync.runtime.feeds.needs import Asked, Need, Tools
from paramsync.runtime.feeds.plaintext import Plaintext
from paramsync.runtime.feeds.reading import Reader
from paramsync.runtime.feeds.registry import Feeds
from paramsync.runtime.keys import SyncKey
from paramsync.runtime.metrics import Metrics
from paramsync.runtime.threads import Threads
from tests.aws.clients import REGION, access_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from paramsync.core.values import Value

FASTER = 100.0
"""How many times faster time goes: an interval of 5 s takes 0.05 s."""
INTERVAL = 5 / FASTER
RATE = int(20 * FASTER)
AWS_THREADS = 8


@contextmanager
def faster() -> Iterator[None]:
    """Shorten all that the feeds wait for, and give the operator's credentials."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name in (
            (settling, "AGREEMENT"),
            (settling, "STEADY_CHANGE"),
            (settling, "ABSENCE"),
            (schedule, "FIRST_RETRY"),
            (search, "FIRST_RETRY"),
            (search, "LONGEST_RETRY"),
            (pacing, "HALVING_PAUSE"),
            (pacing, "MEMORY"),
            (reading, "LONGEST_PAUSE"),
        ):
            patch.setattr(module, name, getattr(module, name) / FASTER)
        patch.setattr(pacing, "RECOVERY", pacing.RECOVERY * FASTER)
        for name in ("FIRST", "LONGEST", "QUIET"):
            patch.setattr(backoff, name, getattr(backoff, name) / FASTER / 10)
        patch.setattr(reading, "NEW_CREDENTIALS", reading.NEW_CREDENTIALS / FASTER / 10)
        patch.setenv("AWS_ACCESS_KEY_ID", access_key())
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-nobody")
        patch.setenv("AWS_ACCOUNT_ID", access_key().removeprefix("AKIA"))
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


class Feeding:
    """The running feeds: one sync for each path, which keeps the newest snapshot."""

    def __init__(self, endpoint: str, paths: Sequence[str]) -> None:
        self._identity = Identity(REGION, endpoint)
        self.clients = Clients(AWS_THREADS)
        self.threads = Threads("aws", AWS_THREADS)
        self._paths = paths
        self._snapshots: dict[str, Snapshot] = {}
        self._called: set[SyncKey] = set()
        budgets = Budgets(lambda account, region: RATE)
        reader = Reader(self.clients, budgets, self.threads, Metrics())
        tools = Tools(
            reader,
            lambda subtree: reader.budget(subtree.identity),
            self._wake,
            Plaintext(2**20),
            shortest_pause=1 / FASTER,
        )
        self.feeds = Feeds(tools, unused=reader.release)

    def published(self, path: str) -> dict[str, Value]:
        """What the sync of a path was told last: values by name."""
        snapshot = self._snapshots.get(path)
        return {} if snapshot is None else {name: each.value for name, each in snapshot.parameters.items()}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Feeding]:
        """Poll until the end of the context."""
        for path in self._paths:
            self._read(SyncKey("soak", path))
        yield self
        await self.feeds.close()
        self.threads.close()
        self.clients.close()

    def _wake(self, key: SyncKey, *, urgent: bool) -> None:
        if key not in self._called:
            self._called.add(key)
            asyncio.get_running_loop().call_soon(self._read, key)

    def _read(self, key: SyncKey) -> None:
        self._called.discard(key)
        need = Need(Subtree(self._identity, key.name), Selection(secure=True))
        (found,) = self.feeds.subscribe(key, [need], Asked(INTERVAL))
        if found.snapshot is not None:
            self._snapshots[key.name] = found.snapshot
