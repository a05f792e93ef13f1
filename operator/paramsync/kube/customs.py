"""Reading syncs and stores, and writing their status."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import quote

from pydantic import JsonValue

from paramsync.api.base import GROUP, VERSION

from .errors import NotFound, Refused, Stale
from .fence import Fence
from .transport import JSON_PATCH, Transport
from .wire import CustomObject, CustomObjectList

SYNCS: Final = "parametersyncs"
CLUSTER_STORES: Final = "clusterparameterstores"
PARAMETER_STORES: Final = "parameterstores"
NAMESPACED: Final = (SYNCS, PARAMETER_STORES)
KINDS: Final = (*NAMESPACED, CLUSTER_STORES)
PAGE: Final = 500

_BASE: Final = f"/apis/{GROUP}/{VERSION}"


class Customs:
    """Our own objects in the cluster. Blocks; to be called in a thread."""

    def __init__(self, transport: Transport, fence: Fence) -> None:
        self._transport = transport
        self._fence = fence

    def are_served(self, kinds: Iterable[str]) -> bool:
        """Whether the API server serves these kinds of ours. Everybody may ask that."""
        try:
            body = self._transport.request("GET", _BASE, what="discover our kinds")
        except NotFound:
            return False
        return all(f'"{plural}"'.encode() in body for plural in kinds)

    def sync(self, namespace: str, name: str) -> CustomObject | None:
        """Read a sync; None if there is none.

        :raises ApiError: if it cannot be read.
        """
        return self._get(_sync_path(namespace, name), f"read ParameterSync {namespace}/{name}")

    def store(self, name: str, namespace: str = "") -> CustomObject | None:
        """Read a ClusterParameterStore, or the ParameterStore of a namespace; None if there is none.

        :raises ApiError: if it cannot be read.
        """
        return self._get(_store_path(name, namespace), f"read {_store(name, namespace)}")

    def all(self, plural: str, namespace: str = "") -> Iterator[CustomObject]:
        """List all objects of a kind, page by page.

        :param namespace: the one in which they are; empty: all.
        :raises Forbidden: if the rights to list them are missing.
        :raises ApiError: if they cannot be listed.
        """
        token = ""
        while True:
            query = {"limit": str(PAGE)} | ({"continue": token} if token else {})
            page = self._list(plural, namespace, query)
            yield from page.items
            token = page.metadata.continue_
            if not token:
                return

    def try_to_read(self, plural: str, namespace: str) -> None:
        """List and watch a kind in a namespace, as little of it as can be, to see whether that is allowed.

        :raises Forbidden: if the rights for either are missing.
        :raises ApiError: if it cannot be known.
        """
        listed = self._list(plural, namespace, {"limit": "1"})
        since = {"watch": "true", "timeoutSeconds": "1", "resourceVersion": listed.metadata.resource_version}
        self._request(plural, namespace, "watch", since)

    def write_status(self, read: CustomObject, status: JsonValue) -> None:
        """Replace the status of a sync if both are still what was read.

        A JSON patch that tests the uid: in an apply or a merge patch a wrong uid is ignored on ``/status``. It tests
        the status as well: what a deposed leader had on its way is refused once another one has said something.

        :raises Stale: if it is another sync of the same name, or somebody else wrote its status.
        :raises ApiError: if it cannot be written.
        """
        namespace, name = read.metadata.namespace, read.metadata.name
        self._write_status(_sync_path(namespace, name), f"ParameterSync {namespace}/{name}", read, status)

    def write_store_status(self, read: CustomObject, status: JsonValue) -> None:
        """Replace the status of a store, as that of a sync.

        :raises NotFound: if it is gone.
        :raises Stale: if it is another store of the same name, or has another status.
        :raises ApiError: if it cannot be written.
        """
        namespace, name = read.metadata.namespace, read.metadata.name
        self._write_status(_store_path(name, namespace), _store(name, namespace), read, status)

    def _write_status(self, path: str, whose: str, read: CustomObject, status: JsonValue) -> None:
        self._fence.check(read.metadata.namespace, read.metadata.name)
        patch = [
            {"op": "test", "path": "/metadata/uid", "value": read.metadata.uid},
            {"op": "test", "path": "/status", "value": read.status},
            {"op": "add", "path": "/status", "value": status},
        ]
        what = f"write the status of {whose}"
        try:
            self._transport.request("PATCH", f"{path}/status", what=what, body=patch, content_type=JSON_PATCH)
        except Refused as error:
            if error.names_no_field:
                raise Stale(f"{what}: it is another object by now, or has another status") from None
            raise

    def _list(self, plural: str, namespace: str, query: Mapping[str, str]) -> CustomObjectList:
        return CustomObjectList.model_validate_json(self._request(plural, namespace, "list", query))

    def _request(self, plural: str, namespace: str, verb: str, query: Mapping[str, str]) -> bytes:
        path = _collection_path(plural, namespace)
        where = f" in namespace {namespace}" if namespace else ""
        return self._transport.request("GET", path, what=f"{verb} {plural}{where}", query=query)

    def _get(self, path: str, what: str) -> CustomObject | None:
        try:
            return CustomObject.model_validate_json(self._transport.request("GET", path, what=what))
        except NotFound:
            return None


def _sync_path(namespace: str, name: str) -> str:
    return _namespaced_path(namespace, SYNCS, name)


def _store(name: str, namespace: str) -> str:
    return f"ParameterStore {namespace}/{name}" if namespace else f"ClusterParameterStore {name}"


def _store_path(name: str, namespace: str) -> str:
    if namespace:
        return _namespaced_path(namespace, PARAMETER_STORES, name)
    return f"{_collection_path(CLUSTER_STORES, '')}/{quote(name, safe='')}"


def _namespaced_path(namespace: str, plural: str, name: str) -> str:
    return f"{_collection_path(plural, namespace)}/{quote(name, safe='')}"


def _collection_path(plural: str, namespace: str) -> str:
    return f"{_BASE}/namespaces/{quote(namespace, safe='')}/{plural}" if namespace else f"{_BASE}/{plural}"
