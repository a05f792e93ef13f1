"""Who a sync would read as: by stores from manifests, from the settings file, or from a cluster."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from paramsync.api.stores import AccessRule
from paramsync.core.access import Namespace, need_labels
from paramsync.core.authorised import Authorised, authorised
from paramsync.core.identity import Identity
from paramsync.core.reasons import Problem, Reason
from paramsync.core.stores import Store, StoreKey, cluster_spec, cluster_store, namespaced_spec, namespaced_store
from paramsync.kube.errors import Forbidden

if TYPE_CHECKING:  # who plans without a cluster does not wait for its client
    from collections.abc import Callable, Iterable, Mapping

    from pydantic import JsonValue

    from paramsync.api.sync import ParameterSyncSpec
    from paramsync.kube.customs import Customs
    from paramsync.kube.tenants import Tenants
    from paramsync.runtime.keys import SyncKey
    from paramsync.runtime.settings import Settings


@dataclass(frozen=True, slots=True)
class Given:
    """What is known without a cluster."""

    settings: Settings
    stores: Mapping[StoreKey, JsonValue]
    """The specs of stores, from manifests: they count before what the cluster has."""

    labels: Mapping[str, Mapping[str, str]]
    """Of namespaces, by name, from manifests."""

    accounts: Mapping[tuple[str, str], Mapping[str, str]]
    """The annotations of service accounts, by namespace and name, from manifests."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Reads of a cluster; with the rights of whoever asks."""

    customs: Customs
    tenants: Tenants


class StoreFinder:
    """Finds out who syncs would read as. Blocks."""

    def __init__(
        self, given: Given, cluster: Cluster | None, own_region: Callable[[], str | None], *, as_me: bool
    ) -> None:
        """Know nothing yet.

        :param own_region: of the environment, if it gives one.
        :param as_me: whether to read with the environment's own credentials, whoever the stores say to be.
        """
        self._given = given
        self._cluster = cluster
        self._own_region = own_region
        self._as_me = as_me
        self.assumed: dict[StoreKey, Problem] = {}
        """The stores that nobody knows, and that were taken to be whoever asks; and what is to be said of each."""

    def authorised(self, key: SyncKey, spec: ParameterSyncSpec) -> Authorised:
        """What a sync may read.

        :raises ApiError: if something must be read from the cluster for that and cannot be.
        """
        refs = dict.fromkeys(spec.store_of(source) for source in spec.sources)
        stores = {ref: self._reader(self.find(StoreKey.of(ref, key.namespace))) for ref in refs}
        return authorised(spec, stores, self._namespace(key.namespace, stores.values()))

    def _reader(self, store: Store | Problem) -> Store | Problem:
        if isinstance(store, Problem) or not self._as_me:
            return store
        return replace(store, identity=replace(store.identity, service_account=None, role=None, session=""))

    def _namespace(self, name: str, stores: Iterable[Store | Problem]) -> Namespace:
        labels = self._given.labels.get(name)
        usable = (store for store in stores if isinstance(store, Store))
        if labels is None and self._cluster is not None and any(need_labels(each.access, name) for each in usable):
            labels = self._cluster.tenants.labels(name)
        return Namespace(name, labels or {})

    def find(self, key: StoreKey) -> Store | Problem:
        """A store, as its spec says; or why it cannot be used.

        :raises ApiError: if something must be read from the cluster for that and cannot be.
        """
        settings = self._given.settings
        listed = None if key.namespace else settings.stores.get(key.name)
        if not key.namespace and listed is None and settings.watch_namespaces is not None:
            return key.not_readable
        spec = self._given.stores.get(key)
        cluster = self._cluster if key.namespace or settings.watch_namespaces is None else None
        may_read = True
        if spec is None and cluster is not None:
            spec, may_read = _spec(cluster, key)
        if listed is not None:
            # Whoever has the settings need not have the right to see whether there is an object of the name, too.
            return cluster_store(key, listed, self._region) if spec is None else key.is_there_twice
        if spec is not None:
            return self._namespaced(key, spec) if key.namespace else self._of_cluster(key, spec)
        if cluster is not None and may_read:
            return key.not_found
        return self._unknown(key, "may not be read" if cluster is not None else "is in none of the files")

    def _unknown(self, key: StoreKey, why: str) -> Store | Problem:
        """A store of which nothing is known: who reads as themselves need not know it."""
        if not self._as_me or self._region is None:
            what = f"{why}: give it with -f, let a cluster tell of it (--context) in which you may get {key.kind}s,"
            return key.problem(Reason.STORE_NOT_FOUND, f"{what} or read as yourself (--as-me)")
        what = f"{why}: its path is read as yourself in {self._region}, and whether its rules allow that is not known"
        self.assumed[key] = key.problem(Reason.STORE_NOT_FOUND, what)
        return Store(Identity(self._region), (AccessRule(namespaces=("*",), paths=("/",)),))

    def _of_cluster(self, key: StoreKey, spec: JsonValue) -> Store | Problem:
        checked = cluster_spec(key, spec)
        return checked if isinstance(checked, Problem) else cluster_store(key, checked, self._region)

    def _namespaced(self, key: StoreKey, spec: JsonValue) -> Store | Problem:
        checked = namespaced_spec(key, spec)
        if isinstance(checked, Problem):
            return checked
        name = checked.service_account_ref.name
        annotations = self._given.accounts.get((key.namespace, name))
        if annotations is None and self._cluster is not None:
            annotations = self._cluster.tenants.annotations(key.namespace, name)
        return namespaced_store(key, checked, self._region, annotations)

    @property
    def _region(self) -> str | None:
        return self._given.settings.region or self._own_region()


def _spec(cluster: Cluster, key: StoreKey) -> tuple[JsonValue, bool]:
    """A store's spec as the cluster has it, None if it has none; and whether it may be read at all.

    :raises ApiError: if the API server does not answer.
    """
    try:
        found = cluster.customs.store(key.name, key.namespace)
    except Forbidden:
        return None, False
    return None if found is None else found.spec, True
