"""The syncs that a command is about: from files, or from a cluster; and what the files know beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from .cluster import parsed, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from paramsync.kube.transport import Transport
    from paramsync.runtime.keys import SyncKey
    from paramsync.runtime.preview.answering import Asked
    from paramsync.runtime.preview.stores import Cluster, Given
    from paramsync.runtime.settings import Settings
    from paramsync.runtime.syncs import Sync

    from .manifests import Manifest

SYNC: Final = "ParameterSync"


def given(manifests: Iterable[Manifest], settings: Settings, namespace: str) -> Given:
    """What files know beside syncs: stores, labels of namespaces, annotations of service accounts.

    :param namespace: of objects that name none.
    """
    from paramsync.api.sources import StoreKind
    from paramsync.core.stores import StoreKey
    from paramsync.runtime.preview.stores import Given

    stores, labels, accounts = {}, {}, {}
    for each in manifests:
        within = each.namespace or namespace
        if each.is_ours and each.kind == StoreKind.CLUSTER_PARAMETER_STORE:
            stores[StoreKey(StoreKind.CLUSTER_PARAMETER_STORE, each.name)] = each.spec
        elif each.is_ours and each.kind == StoreKind.PARAMETER_STORE:
            stores[StoreKey(StoreKind.PARAMETER_STORE, each.name, within)] = each.spec
        elif (each.api_version, each.kind) == ("v1", "Namespace"):
            labels[each.name] = each.labels
        elif (each.api_version, each.kind) == ("v1", "ServiceAccount"):
            accounts[within, each.name] = each.annotations
    return Given(settings, stores, labels, accounts)


def stated(manifests: Iterable[Manifest], transport: Transport | None, namespace: str) -> Iterator[Asked]:
    """The syncs in files; with what the cluster knows of them, if one is asked.

    :raises ApiError: if the cluster does not answer.
    """
    from paramsync.core.routing import validated
    from paramsync.runtime.keys import SyncKey
    from paramsync.runtime.preview.answering import Asked

    for each in manifests:
        if each.kind != SYNC or not each.is_ours:
            continue
        if not each.name:
            raise click.ClickException(f"{each.place}: a {SYNC} without a name; write metadata.name")
        key = SyncKey(each.namespace or namespace, each.name)
        live = None if transport is None else _live(transport, key)
        yield Asked(key, *validated(each.spec, key.name), live)


def named(transport: Transport, namespace: str, name: str) -> Asked:
    """A sync of the cluster.

    :raises click.ClickException: if there is none.
    :raises ApiError: if it cannot be read.
    """
    from paramsync.runtime.preview.answering import Asked

    sync = parsed(read(transport, namespace, name))
    return Asked(sync.key, sync.spec, sync.invalid, sync)


def all_of(transport: Transport, namespace: str = "") -> Iterator[Asked]:
    """All syncs of a cluster.

    :param namespace: those of this one alone, if it is not empty.
    :raises ApiError: if they cannot be listed.
    """
    from paramsync.kube.customs import SYNCS, Customs
    from paramsync.kube.fence import SoleReplica
    from paramsync.runtime.preview.answering import Asked

    for found in Customs(transport, SoleReplica()).all(SYNCS, namespace):
        sync = parsed(found)
        yield Asked(sync.key, sync.spec, sync.invalid, sync)


def cluster_of(transport: Transport) -> Cluster:
    """What reads stores, and what they ask of namespaces and service accounts."""
    from paramsync.kube.customs import Customs
    from paramsync.kube.fence import SoleReplica
    from paramsync.kube.tenants import Tenants
    from paramsync.runtime.preview.stores import Cluster

    return Cluster(Customs(transport, SoleReplica()), Tenants(transport))


def _live(transport: Transport, key: SyncKey) -> Sync | None:
    from paramsync.kube.customs import Customs
    from paramsync.kube.fence import SoleReplica

    found = Customs(transport, SoleReplica()).sync(*key)
    return None if found is None else parsed(found)
