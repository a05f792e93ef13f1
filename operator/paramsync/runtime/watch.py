"""The watch: Kopf's handlers, which only put keys into the queue. The watch is a hint, never an input.

Handlers act on a new generation, on our annotations and on deletions, so that our own status writes do not
loop. ``on.event`` and nothing else of Kopf's: see docs/decisions/0001-on-event-and-a-queue.md.
"""

import asyncio
import random
from collections.abc import Callable, Mapping
from typing import Final, Protocol

import kopf
from pydantic import JsonValue

from paramsync.api.base import GROUP, VERSION
from paramsync.api.sync import StoreKind
from paramsync.core import report, schedule
from paramsync.core.stores import StoreKey
from paramsync.kube.credentials import Connection
from paramsync.kube.customs import CLUSTER_STORES, PARAMETER_STORES, SYNCS
from paramsync.kube.wire import CustomObject

from .keys import SyncKey
from .login import Login
from .stores import Stores
from .syncs import REFRESH_ANNOTATION, Sync

ANNOTATIONS: Final = (REFRESH_ANNOTATION, report.APPROVE)
"""Those of a sync that ask for something."""


COLLECTED: Final = 2.0
"""Seconds after which the garbage collector has taken the targets of a deleted sync."""


class WakeLater(Protocol):
    """Puts a sync into the queue."""

    def __call__(self, key: SyncKey, *, urgent: bool, after: float = 0.0) -> None:
        """Let a sync be reconciled after so many seconds."""


class Watch:
    """What the watch has shown of syncs and stores, and whom it wakes."""

    def __init__(
        self,
        stores: Stores,
        wake: WakeLater,
        conflicted: Callable[[str], list[SyncKey]],
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._stores = stores
        self._wake = wake
        self._conflicted = conflicted
        self._chance = chance
        self._shown: dict[SyncKey, tuple[str, int, tuple[str | None, ...]]] = {}

    def begin_anew(self) -> None:
        """Forget which syncs were shown: those that are listed next are shown for the first time."""
        self._shown.clear()

    def sync(self, found: CustomObject, *, deleted: bool = False) -> None:
        """Take in a sync."""
        metadata = found.metadata
        key = SyncKey(metadata.namespace, metadata.name)
        if deleted:
            self._gone(key)
            return
        mark = (metadata.uid, metadata.generation, tuple(metadata.annotations.get(name) for name in ANNOTATIONS))
        if self._shown.get(key) == mark:
            return
        after = self._spread(key, found) if key not in self._shown else None
        self._shown[key] = mark
        self._wake(key, urgent=after is None, after=after or 0.0)

    def store(self, kind: StoreKind, found: CustomObject, *, deleted: bool = False) -> None:
        """Take in a store."""
        key = StoreKey(kind, found.metadata.name, found.metadata.namespace)
        self._stores.changed(key, None if deleted else found, self._wake_user)

    def listed(self, syncs: list[CustomObject], stores: Mapping[StoreKind, list[CustomObject]]) -> None:
        """Take in complete lists: what was shown and is not listed is gone."""
        for sync in syncs:
            self.sync(sync)
        present = {SyncKey(each.metadata.namespace, each.metadata.name) for each in syncs}
        for key in self._shown.keys() - present:
            self._gone(key)
        for kind, found in stores.items():
            self._stores.listed(kind, found, self._wake_user)

    def _spread(self, key: SyncKey, found: CustomObject) -> float | None:
        """Seconds that a sync may wait which is shown for the first time and was well before the operator started."""
        sync = Sync.of(key, found)
        if sync.spec is None or not sync.is_well:
            return None
        return schedule.spread(sync.spec.interval_seconds, self._chance())

    def _gone(self, key: SyncKey) -> None:
        self._shown.pop(key, None)
        self._wake(key, urgent=True)
        for waiting in self._conflicted(key.namespace):
            self._wake(waiting, urgent=True, after=COLLECTED)

    def _wake_user(self, key: SyncKey) -> None:
        self._wake(key, urgent=True)


async def run_kopf(
    watch: Watch, connection: Callable[[], Connection], ready: asyncio.Event, stop: asyncio.Event
) -> None:
    """Run Kopf until it is stopped or ends, which it does when a definition is deleted."""
    await kopf.operator(
        registry=_registry(watch, connection),
        settings=_settings(),
        standalone=True,
        clusterwide=True,
        ready_flag=ready,
        stop_flag=stop,
    )


def _registry(watch: Watch, connection: Callable[[], Connection]) -> kopf.OperatorRegistry:
    registry = kopf.OperatorRegistry()

    logins = Login(connection)

    @kopf.on.login(registry=registry)
    async def login(**_: object) -> kopf.ConnectionInfo:
        return await logins.now()

    @kopf.on.event(GROUP, VERSION, SYNCS, registry=registry)
    async def sync_event(type: str | None, body: kopf.Body, **_: object) -> None:  # noqa: A002
        watch.sync(_parsed(dict(body)), deleted=type == "DELETED")

    @kopf.on.event(GROUP, VERSION, CLUSTER_STORES, registry=registry)
    async def cluster_store_event(type: str | None, body: kopf.Body, **_: object) -> None:  # noqa: A002
        watch.store(StoreKind.CLUSTER_PARAMETER_STORE, _parsed(dict(body)), deleted=type == "DELETED")

    @kopf.on.event(GROUP, VERSION, PARAMETER_STORES, registry=registry)
    async def store_event(type: str | None, body: kopf.Body, **_: object) -> None:  # noqa: A002
        watch.store(StoreKind.PARAMETER_STORE, _parsed(dict(body)), deleted=type == "DELETED")

    return registry


def _parsed(body: dict[str, JsonValue]) -> CustomObject:
    return CustomObject.model_validate(body)


def _settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 5
    # A minute in all, as by default; but when the API server is there again, the watch is soon there, too.
    settings.networking.error_backoffs = (1, 1, 2, 3, *(5 for _ in range(10)))
    settings.watching.server_timeout = 600
    settings.watching.connect_timeout = 5
    settings.watching.chunk_size = 500
    # Half the memory at 10,000 objects: a worker per object does not outlive its event.
    settings.queueing.idle_timeout = 0.1
    settings.queueing.exit_timeout = 0.1
    return settings
