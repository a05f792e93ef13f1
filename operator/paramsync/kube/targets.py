"""Reading and writing targets, in the one sequence that neither loses nor takes anything.

GET, then: absent → apply with a resourceVersion that only creates; present → apply with the uid and the
resourceVersion that were read. Keys of other field managers go before, by a merge patch; an object that was given to
the sync is made ours by one. Never POST or PUT: they would leave field-manager entries that keep dropped keys alive.
Any 409 means: start again.
"""

import base64
from collections.abc import Iterable
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from pydantic import JsonValue

from paramsync.api.sync import TargetKind
from paramsync.core.adoption import handover
from paramsync.core.drift import Seen, Surplus, is_intact, surplus
from paramsync.core.metadata import annotation, label, listed
from paramsync.core.objects import (
    FIELD_MANAGER,
    MANAGED_BY_LABEL,
    OUR_ANNOTATIONS,
    Content,
    Controller,
    Live,
    Owner,
)
from paramsync.core.routing import TargetRef
from paramsync.core.values import Decoded

from .encoding import apply_body, handover_body, owner_body, surplus_body
from .errors import NamespaceEnds, NotFound, Stale
from .fence import Fence
from .transport import APPLY, JSON, MERGE_PATCH, METADATA_ONLY, STRATEGIC_MERGE_PATCH, Transport
from .wire import ConfigMapObject, ManagedFields, Metadata, PartialObject, SecretObject

_PLURALS: Final = {TargetKind.SECRET: "secrets", TargetKind.CONFIG_MAP: "configmaps"}


class Targets:
    """The Secrets and ConfigMaps of the cluster. Blocks; to be called in a thread."""

    def __init__(self, transport: Transport, fence: Fence) -> None:
        self._transport = transport
        self._fence = fence

    def get(self, ref: TargetRef, namespace: str, *, values: bool) -> Live | None:
        """Read a target, with its values or without; None if there is none.

        :raises ApiError: if it cannot be read.
        """
        try:
            body = self._transport.request(
                "GET", _path(ref, namespace), what=f"read {ref}", accept=JSON if values else METADATA_ONLY
            )
        except NotFound:
            return None
        return _live(ref, body) if values else _from_metadata(ref, PartialObject.model_validate_json(body).metadata)

    def apply(self, content: Content, live: Live | None, owner: Owner) -> Seen:
        """Make a target what it should be, and return what it is then.

        :param live: the target as it was read; what it did not hold then is not overwritten.
        :raises Stale: if the target is not as it was read.
        :raises NamespaceEnds: if the namespace is about to go, or gone.
        :raises ApiError: if it cannot be written.
        """
        if live is not None:
            gone = surplus(content, live)
            if gone.keys:
                live = self._without(gone, live, owner)
        body = apply_body(content, live, owner)
        try:
            answer = self._write("PATCH", content.ref, owner, body, APPLY, "apply")
        except NotFound:  # an apply makes what is not there: it is the namespace that is not
            raise NamespaceEnds(f"apply {content.ref}: the namespace is gone") from None
        made = _live(content.ref, answer)
        if not is_intact(content, made, None, owner):
            raise Stale(f"apply {content.ref}: something else is there than what was applied")
        return Seen.holding(content, made.uid, made.resource_version)

    def take_over(self, content: Content, live: Live, owner: Owner) -> Live:
        """Make an object that was given to the sync its own, and return it; its content is to be applied next.

        :raises Stale: if the object is not as it was read.
        :raises ApiError: if it cannot be written.
        """
        patch = handover_body(handover(content, live), live)
        return _live(live.ref, self._rewrite(live, owner, patch, "take over"))

    def set_owner(self, live: Live, owner: Owner) -> Live:
        """Add the sync's owner reference to a target, or remove it, as its deletion policy asks; return the target.

        By metadata alone: an apply has to state the values. Nor can an apply remove a reference that this patch has
        added, for that is in a field-manager entry of its own; a patch takes it out of all entries.

        :raises Stale: if the target is not as it was read.
        :raises ApiError: if it cannot be written.
        """
        patch, what = owner_body(live, owner), "change the owner reference of"
        body = self._rewrite(live, owner, patch, what, STRATEGIC_MERGE_PATCH, accept=METADATA_ONLY)
        metadata = PartialObject.model_validate_json(body).metadata
        return replace(
            live,
            resource_version=metadata.resource_version,
            labels=metadata.labels,
            annotations=metadata.annotations,
            controller=_controller(metadata),
            owners=_owners(metadata),
        )

    def delete(self, live: Live, owner: Owner) -> None:
        """Delete a target of a sync if it is still the one that was read.

        :raises Stale: if it is not.
        :raises ApiError: if it cannot be deleted.
        """
        preconditions = {"uid": live.uid, "resourceVersion": live.resource_version}
        try:
            self._write("DELETE", live.ref, owner, {"preconditions": preconditions}, JSON, "delete")
        except NotFound:
            return

    def _without(self, gone: Surplus, live: Live, owner: Owner) -> Live:
        body = self._rewrite(live, owner, surplus_body(gone, live), "remove foreign keys of")
        return replace(live, resource_version=PartialObject.model_validate_json(body).metadata.resource_version)

    def _rewrite(
        self,
        live: Live,
        owner: Owner,
        body: object,
        what: str,
        content_type: str = MERGE_PATCH,
        *,
        accept: str = JSON,
    ) -> bytes:
        """Patch a target that was read; that it is gone means that it is not as it was read."""
        try:
            return self._write("PATCH", live.ref, owner, body, content_type, what, accept=accept)
        except NotFound:
            raise Stale(f"{what} {live.ref}: it was deleted since it was read") from None

    def _write(
        self,
        method: str,
        ref: TargetRef,
        owner: Owner,
        body: object,
        content_type: str,
        what: str,
        *,
        accept: str = JSON,
    ) -> bytes:
        self._fence.check(owner.namespace, owner.name)
        query = {"fieldManager": FIELD_MANAGER} if method == "PATCH" else {}
        if content_type == APPLY:
            query["force"] = "true"
        return self._transport.request(
            method,
            _path(ref, owner.namespace),
            what=f"{what} {ref}",
            query=query,
            body=body,
            content_type=content_type,
            accept=accept,
        )


def _path(ref: TargetRef, namespace: str) -> str:
    return f"/api/v1/namespaces/{quote(namespace, safe='')}/{_PLURALS[ref.kind]}/{quote(ref.name, safe='')}"


def _live(ref: TargetRef, body: bytes) -> Live:
    if ref.kind is TargetKind.SECRET:
        secret = SecretObject.model_validate_json(body)
        live = _from_metadata(ref, secret.metadata)
        foreign = _foreign_keys(secret.metadata, secret.data)
        return replace(live, data=secret.data, foreign_keys=foreign, type=secret.type, immutable=secret.immutable)
    config_map = ConfigMapObject.model_validate_json(body)
    binary = {key: Decoded(base64.b64decode(text)) for key, text in config_map.binary_data.items()}
    live = _from_metadata(ref, config_map.metadata)
    data: dict[str, str | Decoded] = {**config_map.data, **binary}
    foreign = _foreign_keys(config_map.metadata, data)
    return replace(live, data=data, foreign_keys=foreign, immutable=config_map.immutable)


def _from_metadata(ref: TargetRef, metadata: Metadata) -> Live:
    return Live(
        ref=ref,
        uid=metadata.uid,
        resource_version=metadata.resource_version,
        labels=metadata.labels,
        annotations=metadata.annotations,
        controller=_controller(metadata),
        deleting=metadata.deletion_timestamp is not None,
        data=None,
        foreign_keys=_foreign_keys(metadata, ()),
        owners=_owners(metadata),
        editors=_editors(metadata),
        stated=_stated(metadata),
    )


def _controller(metadata: Metadata) -> Controller | None:
    return next(
        (Controller(o.api_version, o.kind, o.name, o.uid) for o in metadata.owner_references if o.controller), None
    )


def _owners(metadata: Metadata) -> frozenset[str]:
    return frozenset(reference.uid for reference in metadata.owner_references)


def _foreign_keys(metadata: Metadata, keys: Iterable[str]) -> frozenset[str]:
    """Data keys that other field managers own, alone or with us, or that nobody owns."""
    ours: set[str] = set()
    others: set[str] = set()
    for entry in metadata.managed_fields:
        owned = ours if _is_ours(entry) else others
        owned.update(_owned(entry.fields, "f:data"), _owned(entry.fields, "f:binaryData"))
    return frozenset(others | (set(keys) - ours))


def _editors(metadata: Metadata) -> dict[str, frozenset[str]]:
    """The other field managers that hold data keys, or labels and annotations that we give, as :class:`Live` names
    them."""
    found: dict[str, frozenset[str]] = {}
    given = listed(metadata.annotations)
    for entry in metadata.managed_fields:
        if _is_ours(entry):
            continue
        about = entry.fields.get("f:metadata")
        marks = _owned(about, "f:labels") & {MANAGED_BY_LABEL} | _owned(about, "f:annotations") & OUR_ANNOTATIONS
        marks |= _labels_and_annotations(entry) & given
        for name in marks | _owned(entry.fields, "f:data") | _owned(entry.fields, "f:binaryData"):
            found[name] = found.get(name, frozenset()) | {entry.manager}
    return found


def _stated(metadata: Metadata) -> frozenset[str]:
    """The labels and annotations that our applies own."""
    return frozenset(
        name for entry in metadata.managed_fields if _is_ours(entry) for name in _labels_and_annotations(entry)
    )


def _labels_and_annotations(entry: ManagedFields) -> set[str]:
    about = entry.fields.get("f:metadata")
    return {*map(label, _owned(about, "f:labels")), *map(annotation, _owned(about, "f:annotations"))}


def _is_ours(entry: ManagedFields) -> bool:
    return (entry.manager, entry.operation) == (FIELD_MANAGER, "Apply")


def _owned(fields: JsonValue, part: str) -> set[str]:
    """The names below a part of a ``fieldsV1``."""
    below = fields.get(part) if isinstance(fields, dict) else None
    return {name.removeprefix("f:") for name in below if name != "."} if isinstance(below, dict) else set()
