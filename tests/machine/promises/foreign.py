"""Nothing foreign is changed: objects of others stay as they are, and so do their marks on ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.machine.cluster import NAMESPACE
from tests.model.objects import OWNERS

from .record import TARGETS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.machine.line import Exchange
    from tests.model.objects import Json, Stored
    from tests.model.ownership import Path

    from .record import Record

OURS: Final[frozenset[Path]] = frozenset(
    {
        ("metadata", "labels", "app.kubernetes.io/managed-by"),
        ("metadata", "annotations", "paramsync.dev/sync"),
        ("metadata", "annotations", "paramsync.dev/provenance"),
        ("metadata", "annotations", "paramsync.dev/plain-keys"),
    }
)


GIVES: Final[Path] = ("metadata", "annotations", "paramsync.dev/adopt")


class Foreign:
    """Looks at what each write did to an object."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def hear(self, exchange: Exchange) -> Iterator[str]:
        """What a request should not have done."""
        request, place = exchange.request, exchange.place
        if not exchange.is_write or place is None:
            return
        if place.namespace != NAMESPACE:
            yield f"a write outside of the sync's namespace: {request.path}"
        elif place.plural == "parametersyncs":
            if not request.path.endswith("/status"):
                yield f"a write to a sync beside its status: {request.method} {request.path}"
        elif place.plural not in TARGETS:
            yield f"a write to what is no target: {request.method} {request.path}"
        elif request.method not in ("PATCH", "DELETE"):
            yield f"a write that leaves an Update entry: {request.method} {request.path}"
        elif exchange.succeeded and exchange.before is not None:
            yield from self._changed(exchange, exchange.before)

    def _changed(self, exchange: Exchange, before: Stored) -> Iterator[str]:
        owner, after = self._record.owner_of(before), exchange.after
        writer = _writer(exchange.request.body)
        given = exchange.request.method == "PATCH" and _is_given(before, exchange.request.body)
        if not given and (owner is None or writer not in (None, owner)):
            yield f"{before.place} is not this sync's, and was written: {exchange.request.method}"
        if after is None:
            return
        ours = OURS | {(*OWNERS, writer or owner or "")} | ({GIVES} if given else set())
        for path in before.leaves.keys() | after.leaves.keys():
            is_foreign = path[0] == "metadata" and path not in ours
            if is_foreign and before.leaves.get(path) != after.leaves.get(path):
                yield f"{'.'.join(path)} of {before.place} is somebody else's, and was changed"
        if before.leaves.get(("immutable",)) != after.leaves.get(("immutable",)):
            yield f"{before.place} was made immutable, or mutable"


def _is_given(before: Stored, body: Json) -> bool:
    """Whether an object that nobody controls, and no tool tracks, names the sync that is to have it."""
    writer = (body["metadata"].get("annotations") or {}).get("paramsync.dev/sync")
    is_tracked = before.leaves.get(("metadata", "labels", "app.kubernetes.io/managed-by")) not in (None, "paramsync")
    is_controlled = any(each.get("controller") for each in before.owners)
    return before.leaves.get(GIVES) == writer is not None and not is_tracked and not is_controlled


def _writer(body: Json | None) -> str | None:
    """The sync for which a target is applied, by its uid; None if the request does not say."""
    references = ((body or {}).get("metadata") or {}).get("ownerReferences") or ()
    return next((each["uid"] for each in references), None)
