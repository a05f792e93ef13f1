"""The stores as the operator knows them: from the settings file, and from the watch."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

from paramsync.api.sources import StoreKind, StoreRef
from paramsync.core.access import Namespace, need_labels
from paramsync.core.reasons import Problem
from paramsync.core.stores import Store, StoreKey, cluster_spec, cluster_store, namespaced_spec, namespaced_store
from paramsync.kube.customs import Customs
from paramsync.kube.tenants import Tenants
from paramsync.kube.wire import CustomObject

from .keys import SyncKey
from .remembered import Remembered
from .settings import Settings
from .threads import Threads

MEMORY: Final = 60.0
"""Seconds for which a namespace's labels and a service account's annotations are believed."""

MOST_REMEMBERED: Final = 2000


@dataclass(slots=True)
class _Known:
    found: CustomObject | None = None
    news: int = 0
    """How often the watch has told something of it."""

    users: set[SyncKey] = field(default_factory=set)
    meaning: Store | Problem | None = None
    """What was made of ``found`` when it was last looked into."""

    @property
    def mark(self) -> tuple[str, int] | None:
        return _mark(self.found)


class Stores:
    """Finds stores by name. What the watch has not shown is read before it is said to be missing."""

    def __init__(
        self,
        settings: Settings,
        own_region: Callable[[], str | None],
        customs: Customs,
        tenants: Tenants,
        threads: Threads,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._own_region = own_region
        self._customs = customs
        self._threads = threads
        self._known: dict[StoreKey, _Known] = {}
        self._used: dict[SyncKey, set[StoreKey]] = {}
        self.news: Final = asyncio.Event()
        """Set whenever the watch or a list has shown another spec."""
        self._labels = Remembered[str, Mapping[str, str]](
            lambda name: threads.run(tenants.labels, name), clock, seconds=MEMORY, most=MOST_REMEMBERED
        )
        self._annotations = Remembered[tuple[str, str], Mapping[str, str] | None](
            lambda account: threads.run(tenants.annotations, *account), clock, seconds=MEMORY, most=MOST_REMEMBERED
        )

    async def find_all(self, refs: Iterable[StoreRef], user: SyncKey) -> dict[StoreRef, Store | Problem]:
        """The stores of a sync, or for each why it cannot be used; the sync is woken when one changes.

        :param refs: with kind and name. A ParameterStore is looked for in the sync's namespace and nowhere else.
        :raises ApiError: if something must be read for that and cannot be.
        """
        keys = {ref: StoreKey.of(ref, user.namespace) for ref in refs}
        self._use(user, set(keys.values()))
        return {ref: await self._find(key) for ref, key in keys.items()}

    async def namespace(self, name: str, stores: Iterable[Store]) -> Namespace:
        """A namespace as the rules of stores see it. Its labels are read only if one of the rules asks for them.

        :raises ApiError: if they cannot be read.
        """
        if any(need_labels(store.access, name) for store in stores):
            return Namespace(name, await self._labels.get(name))
        return Namespace(name)

    def changed(self, key: StoreKey, found: CustomObject | None, wake: Callable[[SyncKey], None]) -> None:
        """Take in what the watch says of a store; None for one that was deleted."""
        known = self._known.setdefault(key, _Known())
        known.news += 1
        is_news = known.mark != _mark(found)
        known.found = found  # its status may be another one, though its spec is not
        if is_news:
            self._is_another(known, wake)

    def listed(self, kind: StoreKind, stores: Iterable[CustomObject], wake: Callable[[SyncKey], None]) -> None:
        """Take in a complete list of a kind.

        It may be older than what the watch has told: what differs from that is read again.
        """
        found = {StoreKey(kind, each.metadata.name, each.metadata.namespace): each for each in stores}
        for key in found.keys() | {key for key in self._known if key.kind is kind}:
            known = self._known.setdefault(key, _Known())
            if known.mark != _mark(found.get(key)):
                known.found = found.get(key) if known.news == 0 else None
                self._is_another(known, wake)
            if known.found is None and key not in found and not known.users:
                del self._known[key]  # no later list can be old enough to hold it again

    def objects(self) -> list[StoreKey]:
        """The stores that are objects in the cluster."""
        return [key for key, known in self._known.items() if known.found is not None]

    def object(self, key: StoreKey) -> CustomObject | None:
        """A store as it is known now; None if it is no object in the cluster, or not known."""
        known = self._known.get(key)
        return None if known is None else known.found

    def meaning(self, key: StoreKey) -> Store | Problem | None:
        """What the spec of a store that is an object means; None while that is not known. Nothing is read for it.

        Who a ParameterStore reads as is known from when a sync first uses it.
        """
        known = self._known[key]
        if known.meaning is None and known.found is not None:
            if key.namespace:
                spec = namespaced_spec(key, known.found.spec)
                known.meaning = spec if isinstance(spec, Problem) else None
            else:
                known.meaning = self._cluster_meaning(key, known.found)
        return known.meaning

    def told(self, key: StoreKey, written: CustomObject, status: JsonValue) -> None:
        """Take in the status that was written over one."""
        known = self._known.get(key)
        if known is not None and known.found is written:  # the watch was not faster
            known.found = written.model_copy(update={"status": status})

    async def read_again(self, key: StoreKey) -> None:
        """Read a store whose status is not as it is known.

        :raises ApiError: if it cannot be read.
        """
        known = self._known.get(key)
        if known is None:
            return
        news, found = known.news, await self._threads.run(self._customs.store, key.name, key.namespace)
        if known.news == news and found is not None and known.mark == _mark(found):
            known.found = found  # of another spec, or that it is gone, the watch is about to tell

    def forget(self, user: SyncKey) -> None:
        """A sync uses no store any more."""
        self._use(user, set())

    def _use(self, user: SyncKey, keys: set[StoreKey]) -> None:
        for key in self._used.pop(user, set()) - keys:
            self._known[key].users.discard(user)
            if not self._known[key].users:
                self._known[key].meaning = None  # nobody looks any more whether it still is so
        for key in keys:
            self._known.setdefault(key, _Known()).users.add(user)
        if keys:
            self._used[user] = keys

    async def _find(self, key: StoreKey) -> Store | Problem:
        return await (self._find_namespaced(key) if key.namespace else self._find_cluster(key))

    async def _find_cluster(self, key: StoreKey) -> Store | Problem:
        known, listed = self._known[key], self._settings.stores.get(key.name)
        if listed is None and self._settings.watch_namespaces is not None:
            return key.not_readable
        if listed is None:
            found = await self._object(key, known)
            return key.not_found if found is None else self._cluster_meaning(key, found)
        if known.found is not None:
            return self._cluster_meaning(key, known.found)
        return cluster_store(key, listed, self._region())

    def _cluster_meaning(self, key: StoreKey, found: CustomObject) -> Store | Problem:
        if key.name in self._settings.stores:
            return key.is_there_twice
        spec = cluster_spec(key, found.spec)
        return spec if isinstance(spec, Problem) else cluster_store(key, spec, self._region())

    async def _find_namespaced(self, key: StoreKey) -> Store | Problem:
        known = self._known[key]
        found = await self._object(key, known)
        if found is None:
            return key.not_found
        meaning = await self._namespaced_meaning(key, found)
        if known.mark == _mark(found):
            known.meaning = meaning
        return meaning

    async def _namespaced_meaning(self, key: StoreKey, found: CustomObject) -> Store | Problem:
        spec = namespaced_spec(key, found.spec)
        if isinstance(spec, Problem):
            return spec
        account = key.namespace, spec.service_account_ref.name
        store = namespaced_store(key, spec, self._region(), await self._annotations.get(account))
        if isinstance(store, Problem):
            self._annotations.forget(account)  # whoever mends it need not wait for our memory
        return store

    async def _object(self, key: StoreKey, known: _Known) -> CustomObject | None:
        if known.found is None:
            news = known.news
            found = await self._threads.run(self._customs.store, key.name, key.namespace)
            if known.news == news:  # the watch was not faster
                known.found = found
        return known.found

    def _is_another(self, known: _Known, wake: Callable[[SyncKey], None]) -> None:
        known.meaning = None
        self.news.set()
        for user in known.users:
            wake(user)

    def _region(self) -> str | None:
        return self._settings.region or self._own_region()


def _mark(found: CustomObject | None) -> tuple[str, int] | None:
    return None if found is None else (found.metadata.uid, found.metadata.generation)
