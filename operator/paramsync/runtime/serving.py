"""Which syncs read what with which store at present."""

from collections.abc import Iterable, Mapping

from paramsync.core.parameters import Subtree
from paramsync.core.stores import StoreKey

from .keys import SyncKey

Subtrees = frozenset[Subtree]
NOTHING: Mapping[SyncKey, Subtrees] = {}


class Serving:
    """What the syncs that may read are subscribed to, by store."""

    def __init__(self) -> None:
        self._by_store: dict[StoreKey, dict[SyncKey, Subtrees]] = {}
        self._stores_of: dict[SyncKey, frozenset[StoreKey]] = {}

    def of(self, store: StoreKey) -> Mapping[SyncKey, Subtrees]:
        """What each sync reads with a store."""
        return self._by_store.get(store, NOTHING)

    def begins(self, sync: SyncKey, reads: Iterable[tuple[StoreKey, Subtree]]) -> None:
        """Take in what a sync reads now, instead of what it read before."""
        subtrees: dict[StoreKey, set[Subtree]] = {}
        for store, subtree in reads:
            subtrees.setdefault(store, set()).add(subtree)
        for store in self._stores_of.get(sync, frozenset()) - subtrees.keys():
            self._leaves(store, sync)
        self._stores_of[sync] = frozenset(subtrees)
        for store, found in subtrees.items():
            self._by_store.setdefault(store, {})[sync] = frozenset(found)

    def ends(self, sync: SyncKey) -> None:
        """A sync reads nothing at present."""
        for store in self._stores_of.pop(sync, frozenset()):
            self._leaves(store, sync)

    def _leaves(self, store: StoreKey, sync: SyncKey) -> None:
        del self._by_store[store][sync]
        if not self._by_store[store]:
            del self._by_store[store]
