"""Stores over a cluster of dictionaries, which counts what it is asked and fails as it is told."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import JsonValue

from paramsync.api.sources import StoreKind, StoreRef
from paramsync.core.reasons import Problem
from paramsync.core.stores import ROLE_ANNOTATION, Store, StoreKey
from paramsync.kube.customs import Customs
from paramsync.kube.tenants import Tenants
from paramsync.kube.wire import CustomObject
from paramsync.runtime.keys import SyncKey
from paramsync.runtime.settings import Settings
from paramsync.runtime.stores import Stores

from .builders import store_ref
from .reconcile_world import InlineThreads

if TYPE_CHECKING:
    from paramsync.kube.errors import ApiError

CLUSTER, OWN = StoreKind.CLUSTER_PARAMETER_STORE, StoreKind.PARAMETER_STORE
READER = "arn:aws:iam::111122223333:role/reader"
USER = SyncKey("payments", "app")


def found(name: str, namespace: str = "", *, generation: int = 1, uid: str = "u", **spec: JsonValue) -> CustomObject:
    """A store as the API server has it."""
    metadata = {"name": name, "namespace": namespace, "uid": uid, "resourceVersion": "1", "generation": generation}
    return CustomObject.model_validate({"metadata": metadata, "spec": spec})


def own(name: str = "own", namespace: str = "payments", *, generation: int = 1, **spec: JsonValue) -> CustomObject:
    """A ParameterStore that reads as service account `reader`."""
    account: JsonValue = {"name": "reader"}
    return found(name, namespace, generation=generation, uid="u", **{"serviceAccountRef": account, **spec})


class _Customs(Customs):
    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], CustomObject] = {}
        self.reads: list[tuple[str, str]] = []
        self.error: ApiError | None = None
        self.written: list[tuple[str, JsonValue]] = []
        self.refusal: Exception | None = None

    def write_store_status(self, read: CustomObject, status: JsonValue) -> None:
        self.written.append((read.metadata.name, status))
        if self.refusal is not None:
            raise self.refusal

    def store(self, name: str, namespace: str = "") -> CustomObject | None:
        self.reads.append((name, namespace))
        if self.error is not None:
            raise self.error
        return self.objects.get((name, namespace))


class _Tenants(Tenants):
    def __init__(self) -> None:
        self.namespaces: dict[str, dict[str, str]] = {}
        self.accounts: dict[tuple[str, str], dict[str, str]] = {("payments", "reader"): {ROLE_ANNOTATION: READER}}
        self.reads: list[str] = []
        self.error: ApiError | None = None

    def labels(self, namespace: str) -> Mapping[str, str]:
        self._read(namespace)
        return dict(self.namespaces.get(namespace, {}))

    def annotations(self, namespace: str, account: str) -> Mapping[str, str] | None:
        self._read(f"{namespace}/{account}")
        return self.accounts.get((namespace, account))

    def _read(self, what: str) -> None:
        self.reads.append(what)
        if self.error is not None:
            raise self.error


class StoreWorld:
    """The stores, the clock they look at, and whom they woke."""

    def __init__(self, settings: Mapping[str, Mapping[str, JsonValue]] | None = None) -> None:
        self.customs = _Customs()
        self.tenants = _Tenants()
        self.now = 0.0
        self.woken: list[SyncKey] = []
        self.own_region: str | None = "eu-west-1"
        self.stores = Stores(
            Settings.model_validate({"stores": settings or {}}),
            lambda: self.own_region,
            self.customs,
            self.tenants,
            InlineThreads(),
            clock=lambda: self.now,
        )

    def put(self, store: CustomObject) -> None:
        """A store is in the cluster, and no watch has told of it."""
        self.customs.objects[store.metadata.name, store.metadata.namespace] = store

    def tell(self, store: CustomObject, *, deleted: bool = False) -> None:
        """The watch tells of a store."""
        key = _key(store)
        if deleted:
            self.customs.objects.pop((key.name, key.namespace), None)
        else:
            self.put(store)
        self.stores.changed(key, None if deleted else store, self.woken.append)

    def list(self, kind: StoreKind, *stores: CustomObject) -> None:
        """A complete list of a kind arrives."""
        self.stores.listed(kind, stores, self.woken.append)

    async def find(self, ref: StoreRef | None = None, user: SyncKey = USER) -> Store | Problem:
        """The store of a sync that has one."""
        ref = ref or store_ref()
        return (await self.stores.find_all([ref], user))[ref]


def _key(store: CustomObject) -> StoreKey:
    return StoreKey(OWN if store.metadata.namespace else CLUSTER, store.metadata.name, store.metadata.namespace)
