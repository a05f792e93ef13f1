"""The stores as the operator knows them: from the settings file, and from the watch."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from pydantic import ValidationError

from paramsync.api.errors import explain
from paramsync.api.stores import AccessRule, ClusterParameterStoreSpec
from paramsync.api.sync import StoreRef
from paramsync.aws.clients import Clients
from paramsync.core.identity import Identity
from paramsync.core.reasons import Problem, Reason
from paramsync.kube.customs import Customs
from paramsync.kube.wire import CustomObject

from .keys import SyncKey
from .settings import Settings
from .threads import Threads


@dataclass(frozen=True, slots=True)
class Store:
    """A store that can be used: who to be and where, and who may read what."""

    identity: Identity
    access: tuple[AccessRule, ...]


@dataclass(slots=True)
class _Known:
    found: CustomObject | None = None
    news: int = 0
    """How often the watch has told something of it."""

    users: set[SyncKey] = field(default_factory=set)


class Stores:
    """Finds stores by name. What the watch has not shown is read before it is said to be missing."""

    def __init__(self, settings: Settings, clients: Clients, customs: Customs, threads: Threads) -> None:
        self._settings = settings
        self._clients = clients
        self._customs = customs
        self._threads = threads
        self._known: dict[str, _Known] = {}

    async def find_all(self, refs: Iterable[StoreRef], user: SyncKey) -> dict[StoreRef, Store | Problem]:
        """The stores of a sync, or for each why it cannot be used; the sync is woken when one changes.

        :raises ApiError: if one must be read and cannot be.
        """
        for known in self._known.values():
            known.users.discard(user)
        return {ref: await self._find(str(ref.name), user) for ref in refs}

    async def _find(self, name: str, user: SyncKey) -> Store | Problem:
        known = self._known.setdefault(name, _Known())
        known.users.add(user)
        if known.found is None and name not in self._settings.stores:
            await self._read(name, known)
        if known.found is not None and name in self._settings.stores:
            return _problem(
                Reason.STORE_INVALID,
                name,
                "stands both in the operator's settings file and as an object; neither is used until one is removed",
            )
        spec = self._settings.stores.get(name)
        if spec is None and known.found is None:
            return _problem(Reason.STORE_NOT_FOUND, name, "does not exist; create it, or name another in spec.storeRef")
        try:
            spec = spec or ClusterParameterStoreSpec.model_validate(known.found and known.found.spec)
        except ValidationError as error:
            return _problem(Reason.STORE_INVALID, name, f"is not valid: {explain(error)}")
        return self._store(name, spec)

    def changed(self, name: str, found: CustomObject | None, wake: Callable[[SyncKey], None]) -> None:
        """Take in what the watch says of a store; None for one that was deleted."""
        known = self._known.setdefault(name, _Known())
        known.news += 1
        if _mark(known.found) != _mark(found):
            known.found = found
            for user in known.users:
                wake(user)

    def listed(self, stores: Iterable[CustomObject], wake: Callable[[SyncKey], None]) -> None:
        """Take in a complete list, which may be older than what the watch has told: what differs is read again."""
        marks = {found.metadata.name: found for found in stores}
        for name in marks.keys() | self._known.keys():
            known = self._known.setdefault(name, _Known())
            if known.news == 0:
                self.changed(name, marks.get(name), wake)
            elif _mark(known.found) != _mark(marks.get(name)):
                known.found = None
                for user in known.users:
                    wake(user)

    def forget(self, user: SyncKey) -> None:
        """A sync uses no store any more."""
        for name, known in list(self._known.items()):
            known.users.discard(user)
            if not known.users and known.found is None:
                del self._known[name]

    async def _read(self, name: str, known: _Known) -> None:
        news = known.news
        found = await self._threads.run(self._customs.store, name)
        if known.news == news:  # the watch was not faster
            known.found = found

    def _store(self, name: str, spec: ClusterParameterStoreSpec) -> Store | Problem:
        region = spec.region or self._settings.region or self._clients.own_region()
        if region is None:
            return _problem(
                Reason.STORE_INVALID, name, "names no Region, and the operator has none of its own; set spec.region"
            )
        return Store(Identity(region, spec.endpoint), spec.access)


def _mark(found: CustomObject | None) -> tuple[str, int] | None:
    return None if found is None else (found.metadata.uid, found.metadata.generation)


def _problem(reason: Reason, name: str, text: str) -> Problem:
    return Problem(reason, f"ClusterParameterStore {name}", f"ClusterParameterStore {name} {text}")
