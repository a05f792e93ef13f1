"""The model of the API server: objects in memory, and what each request does to them."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from paramsync.api.definitions import FRESH_STATUS

from . import ownership
from .answers import Answer, Failed, Request, conflict, exists, invalid, no_namespace, not_found, unknown
from .collector import ORPHAN, collect
from .objects import GROUP, KINDS, Json, Leaves, Place, Stored, empty_maps_of, leaves_of
from .ownership import Manager, Managers
from .patches import TestFailed, merged, merged_strategically, patched
from .rules import check_create, check_delete, check_update, check_version
from .storage import Storage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .ownership import Path

APPLY = "application/apply-patch+yaml"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"

WITH_GENERATION = frozenset(plural for plural, (version, _) in KINDS.items() if version == GROUP)


class Server:
    """The API server. Takes one request at a time; the garbage collector runs when it is told to."""

    def __init__(self, namespaces: Iterable[str], now: Callable[[], str] = lambda: "2026-03-01T12:00:00Z") -> None:
        self.storage = Storage(now)
        self.events: list[Json] = []
        self._namespaces = set(namespaces)
        self._uids = 0

    def handle(self, request: Request) -> Answer:
        """Answer a request."""
        try:
            return self._answer(request)
        except Failed as failed:
            return failed.answer

    def get(self, plural: str, namespace: str, name: str) -> Stored | None:
        """An object, if it is there."""
        return self.storage.objects.get(Place(plural, namespace, name))

    def collect(self) -> None:
        """Let the garbage collector do all that it can now."""
        collect(self.storage)

    def _answer(self, request: Request) -> Answer:
        parts = request.path.removeprefix("/apis/paramsync.dev/v1alpha1").removeprefix("/api/v1").strip("/").split("/")
        if parts[0] == "apis":
            return self._event(request)
        namespace = ""
        if parts[0] == "namespaces":
            _, namespace, *parts = parts
        plural, *rest = parts
        if plural not in KINDS:
            raise unknown(request)
        name, part = rest[0] if rest else "", rest[1] if len(rest) > 1 else None
        if not name:
            return self._create(request, plural, namespace) if request.method == "POST" else self._list(request, plural)
        place = Place(plural, namespace, name)
        match request.method, request.content_type, part:
            case "GET", _, None:
                return _shown(self._live(place), request, HTTPStatus.OK)
            case "PATCH", "application/apply-patch+yaml", None:
                return self._apply(request, place)
            case "PATCH", "application/merge-patch+json", None:
                return self._merge(request, place, merged)
            case "PATCH", "application/strategic-merge-patch+json", None:
                return self._merge(request, place, merged_strategically)
            case "PATCH", "application/json-patch+json", "status":
                return self._status(request, place)
            case "DELETE", _, None:
                return self._delete(request, place)
            case _:
                raise unknown(request)

    def _live(self, place: Place) -> Stored:
        found = self.storage.objects.get(place)
        if found is None:
            raise not_found(place)
        return found

    def _list(self, request: Request, plural: str) -> Answer:
        if request.method != "GET":
            raise unknown(request)
        items = [each.body for place, each in self.storage.objects.items() if place.plural == plural]
        metadata = {"resourceVersion": str(self.storage.version)}
        return Answer(HTTPStatus.OK, json.dumps({"metadata": metadata, "items": items}).encode())

    def _create(self, request: Request, plural: str, namespace: str) -> Answer:
        place = Place(plural, namespace, request.body["metadata"]["name"])
        leaves = _with_defaults(place, leaves_of(request.body))
        check_create(place, leaves)
        if place in self.storage.objects:
            raise exists(place)
        managers = ownership.updated({}, _manager(request), {}, leaves)
        return _shown(self._make(place, leaves, managers), request, HTTPStatus.CREATED)

    def _apply(self, request: Request, place: Place) -> Answer:
        live = self.storage.objects.get(place)
        metadata, manager = request.body["metadata"], Manager(request.query["fieldManager"], "Apply")
        wanted = leaves_of(request.body)
        before: tuple[Leaves, Managers] = ({}, {}) if live is None else (live.leaves, live.managers)
        empty = empty_maps_of(request.body)
        leaves, managers = ownership.applied(before[1], manager, before[0], wanted, empty)
        if live is None:
            if metadata.get("uid"):
                raise conflict(place, "a uid was given, and there is no such object")
            return _shown(self._make(place, leaves, managers), request, HTTPStatus.CREATED)
        return self._update(request, live, leaves, managers)

    def _merge(self, request: Request, place: Place, merge: Callable[[Json, Json], Json]) -> Answer:
        if "status" in request.body:
            raise unknown(request)
        live = self._live(place)
        body = merge(live.body, request.body)
        leaves = leaves_of(body)
        managers = ownership.updated(_told(request, live), _manager(request), live.leaves, leaves)
        return self._update(request, live, leaves, managers, empty_maps_of(body))

    def _status(self, request: Request, place: Place) -> Answer:
        live = self._live(place)
        try:
            status = patched(live.body, request.body).get("status")
        except TestFailed:
            raise invalid(place) from None
        leaves = {**live.leaves, ("status",): status}
        return _shown(self.storage.write(live, replace(live, leaves=leaves)), request, HTTPStatus.OK)

    def _update(
        self, request: Request, live: Stored, leaves: Leaves, managers: Managers, empty: Iterable[Path] = ()
    ) -> Answer:
        metadata = request.body.get("metadata") or {}
        check_version(live, metadata)
        check_update(live, metadata, leaves, empty)
        after = replace(live, leaves=leaves, managers=managers)
        if live.generation is not None and live.leaves.get(("spec",)) != leaves.get(("spec",)):
            after = replace(after, generation=live.generation + 1)
        return _shown(self.storage.write(live, after), request, HTTPStatus.OK)

    def _delete(self, request: Request, place: Place) -> Answer:
        live = self._live(place)
        options = request.body or {}
        check_delete(live, options)
        policy = request.query.get("propagationPolicy") or options.get("propagationPolicy")
        if policy == "Orphan":
            live = self.storage.write(live, replace(live, leaves={**live.leaves, ORPHAN: ORPHAN[-1]}))
        if live.finalizers:
            return _shown(self.storage.remove(live), request, HTTPStatus.OK)
        self.storage.remove(live)
        return Answer(HTTPStatus.OK, json.dumps({"kind": "Status", "status": "Success"}).encode())

    def _event(self, request: Request) -> Answer:
        if request.method != "POST" or not request.path.startswith("/apis/events.k8s.io/v1/"):
            raise unknown(request)
        self.events.append(request.body)
        return Answer(HTTPStatus.CREATED, json.dumps(request.body).encode())

    def _make(self, place: Place, leaves: Leaves, managers: Managers) -> Stored:
        if place.namespace and place.namespace not in self._namespaces:
            raise no_namespace(place.namespace)
        leaves = _with_defaults(place, leaves)
        check_create(place, leaves)
        self._uids += 1
        generation = 1 if place.plural in WITH_GENERATION else None
        uid = str(uuid.UUID(int=self._uids))
        made = Stored(place, uid, self.storage.now(), generation=generation, leaves=leaves, managers=managers)
        return self.storage.write(None, made)


def _with_defaults(place: Place, leaves: Leaves) -> Leaves:
    """A new object's leaves, with those that the API server or a definition adds."""
    match place.plural:
        case "secrets":
            return {("type",): "Opaque", **leaves}
        case "parametersyncs":
            return {**leaves, ("status",): FRESH_STATUS}
        case _:
            return leaves


def _told(request: Request, live: Stored) -> Managers | None:
    """Who owns what before an update: as it is, or as the request says. None if that is not kept for the object."""
    told = (request.body.get("metadata") or {}).get("managedFields")
    if told == [{}] or (told is None and not live.managers):
        return None
    return live.managers if told is None else ownership.from_wire(told)


def _manager(request: Request) -> Manager:
    named = request.query.get("fieldManager") or request.user_agent.partition("/")[0] or "unknown"
    return Manager(named, "Update")


def _shown(found: Stored, request: Request, status: int) -> Answer:
    return Answer(status, found.partial if "PartialObjectMetadata" in request.accept else found.text)
