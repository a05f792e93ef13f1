"""The dry read of ``paramsync doctor``: one page with each store, by the credentials and rights at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paramsync.api.sources import StoreKind
from paramsync.aws.errors import SourceError
from paramsync.aws.listing import list_page
from paramsync.core.diagnosis import Finding, Verdict
from paramsync.core.pacing import Ticket
from paramsync.core.parameters import Subtree
from paramsync.core.reasons import Problem, Reason
from paramsync.core.stores import StoreKey, store_keys
from paramsync.kube.customs import CLUSTER_STORES, PARAMETER_STORES
from paramsync.kube.errors import Forbidden
from paramsync.runtime.preview.stores import Given, StoreFinder

from .aws import to_a_person
from .checks import Findings, looked_at
from .syncs import all_of, cluster_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from paramsync.aws.identities.clients import Clients
    from paramsync.core.stores import Store
    from paramsync.kube.transport import Transport
    from paramsync.runtime.preview.answering import Asked
    from paramsync.runtime.settings import Settings


def stores(transport: Transport, namespace: str, settings: Settings, clients: Clients) -> Findings:
    """Whether a page can be read with each store of the settings file and of the cluster; nothing is decrypted.

    With a ParameterStore it is read as the operator does, with a token of its service account.

    :param namespace: the one whose ParameterStores and syncs are looked at; empty: all.
    """
    cluster = cluster_of(transport)
    finder = StoreFinder(Given(settings, {}, {}, {}), cluster, clients.own_region, as_me=False)
    users = _users(transport, namespace)

    def objects(kind: StoreKind, plural: str, within: str = "") -> Iterator[StoreKey]:
        for each in cluster.customs.all(plural, within):
            yield StoreKey(kind, each.metadata.name, each.metadata.namespace)

    def read_with(keys: Iterator[StoreKey]) -> Findings:
        for key in keys:
            yield from looked_at(_name(key), _with(key, users.get(key), finder, clients))

    kind = StoreKind.CLUSTER_PARAMETER_STORE
    listed = [StoreKey(kind, name) for name in settings.stores]
    yield from read_with(iter(listed))
    if settings.watch_namespaces is None:
        others = (key for key in objects(kind, CLUSTER_STORES) if key not in listed)
        yield from looked_at("ClusterParameterStores", read_with(others))
    own = objects(StoreKind.PARAMETER_STORE, PARAMETER_STORES, namespace)
    yield from looked_at("ParameterStores", read_with(own))


def _name(key: StoreKey) -> str:
    return f"{key.kind} {key.namespace}/{key.name}" if key.namespace else str(key)


def _users(transport: Transport, namespace: str) -> Mapping[StoreKey, Asked]:
    """A sync of each store that has one, as far as syncs may be listed."""
    found: dict[StoreKey, Asked] = {}
    try:
        for asked in all_of(transport, namespace):
            for key in _keys(asked):
                found.setdefault(key, asked)
    except Forbidden:
        return found
    return found


def _keys(asked: Asked) -> list[StoreKey]:
    """The stores of a sync's sources, in their order."""
    return [] if asked.spec is None else store_keys(asked.spec, asked.key.namespace)


def _with(key: StoreKey, user: Asked | None, finder: StoreFinder, clients: Clients) -> Findings:
    """What reading with one store shows.

    :raises ApiError: if something of the cluster cannot be read.
    """
    store = finder.find(key)
    if isinstance(store, Problem):
        yield Finding(_name(key), Verdict.FAIL, store.message)
        return
    tried = _tried(key, store, user, finder)
    if tried is None:
        text = "no sync reads with it, and it tells no path without a placeholder, so that none was tried"
        yield Finding(_name(key), Verdict.SKIP, text)
        return
    try:
        page = list_page(clients, tried, None, Ticket(), decrypt=False)
    except SourceError as error:
        yield _unread(key, tried.path, error)
    else:
        yield Finding(_name(key), Verdict.OK, f"a page of {tried.path} was read: {len(page.parameters)} parameters")


def _tried(key: StoreKey, store: Store, user: Asked | None, finder: StoreFinder) -> Subtree | None:
    """What is read: of a sync that uses the store, if it may; otherwise the first path that the store allows."""
    if user is not None and user.spec is not None:
        found = finder.authorised(user.key, user.spec)
        if not found.problems:
            return found.subtrees[_keys(user).index(key)]
    # A ParameterStore allows everything, and its role surely not.
    rules = () if key.namespace else store.access
    path = next((path for rule in rules for path in rule.paths if "{" not in path), None)
    return None if path is None else Subtree(store.identity, path)


def _unread(key: StoreKey, path: str, error: SourceError) -> Finding:
    if error.reason is Reason.CLUSTER_REFUSED:
        text = "it is read with a token of its service account, which you may not create (serviceaccounts/token)"
        return Finding(_name(key), Verdict.SKIP, f"{text}; its status tells what the operator found")
    if key.namespace and error.reason is Reason.ACCESS_DENIED:
        return Finding(_name(key), Verdict.FAIL, f"{path} cannot be read: {error}")
    return Finding(_name(key), Verdict.WARN, f"with your credentials {path} cannot be read: {to_a_person(str(error))}")
