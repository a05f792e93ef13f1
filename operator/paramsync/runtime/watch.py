"""What the watch shows only puts keys into the queue: it is a hint, never an input.

It acts on a new generation, on our annotations and on deletions, so that our own status writes do not loop.
"""

import random
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from paramsync.api.sources import StoreKind
from paramsync.core import report, schedule
from paramsync.core.stores import StoreKey, store_keys
from paramsync.kube.wire import CustomObject

from .keys import SyncKey
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
        self._to_come: dict[SyncKey, frozenset[StoreKey]] = {}
        self._awaited: Counter[StoreKey] = Counter()

    def has_all_of(self, store: StoreKey) -> bool:
        """Whether no sync that names a store is still to be looked at for the first time."""
        return not self._awaited[store]

    def looked_at(self, key: SyncKey) -> None:
        """A sync was reconciled, however that ended."""
        for store in self._to_come.pop(key, ()):
            self._awaited[store] -= 1
            if not self._awaited[store]:
                del self._awaited[store]

    def begin_anew(self, namespace: str | None = None) -> None:
        """Forget which syncs were shown: those that are listed next are shown for the first time.

        :param namespace: only of this one.
        """
        self._shown = {key: mark for key, mark in self._shown.items() if namespace not in (None, key.namespace)}

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
        after = None
        if key not in self._shown:
            sync = Sync.of(key, found)
            after = self._spread(sync)
            self.looked_at(key)
            self._to_come[key] = _stores_of(sync)
            self._awaited.update(self._to_come[key])
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

    def _spread(self, sync: Sync) -> float | None:
        """Seconds that a sync may wait which is shown for the first time and was well before the operator started."""
        if sync.spec is None or not sync.is_well:
            return None
        return schedule.spread(sync.spec.interval_seconds, self._chance())

    def _gone(self, key: SyncKey) -> None:
        self._shown.pop(key, None)
        self.looked_at(key)
        self._wake(key, urgent=True)
        for waiting in self._conflicted(key.namespace):
            self._wake(waiting, urgent=True, after=COLLECTED)

    def _wake_user(self, key: SyncKey) -> None:
        self._wake(key, urgent=True)


def _stores_of(sync: Sync) -> frozenset[StoreKey]:
    if sync.spec is None:
        return frozenset()
    return frozenset(store_keys(sync.spec, sync.key.namespace))
