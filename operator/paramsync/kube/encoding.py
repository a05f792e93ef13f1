"""The bodies of the writes to targets. The only place where a secure value is revealed: into the data of a Secret."""

import base64
from collections.abc import Mapping
from typing import Final, assert_never

from paramsync.api.base import API_VERSION
from paramsync.core.adoption import Handover
from paramsync.core.annotations import encode_plain_keys
from paramsync.core.drift import Surplus
from paramsync.core.objects import (
    FIELD_MANAGER,
    MANAGED_BY,
    MANAGED_BY_LABEL,
    PLAIN_KEYS_ANNOTATION,
    SYNC_ANNOTATION,
    ConfigMapContent,
    Content,
    Live,
    Owner,
    SecretContent,
)
from paramsync.core.values import Decoded

ABSENT = "1"
"""A resourceVersion with which an apply creates an absent object (201) and never touches a present one (409)."""

Body = dict[str, object]

NOBODY_OWNS_A_KEY: Final[list[Body]] = [
    {
        "manager": FIELD_MANAGER,
        "operation": "Apply",
        "apiVersion": "v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:metadata": {"f:labels": {f"f:{MANAGED_BY_LABEL}": {}}}},
    }
]
"""The managedFields of an object that is taken over, before its keys are applied.

Not ``[{}]``, which leaves none at all: at the first apply the API server then gives whatever is there to a manager
``before-first-apply``, so that a key that holds the applied value already would be owned by both and outlive us.
"""


def apply_body(content: Content, live: Live | None, owner: Owner) -> Body:
    """The body of the server-side apply that makes a target what it should be.

    It carries preconditions: the resourceVersion, and the uid of a live object.
    """
    metadata: Body = {
        "name": content.ref.name,
        "namespace": owner.namespace,
        "resourceVersion": ABSENT if live is None else live.resource_version,
        "labels": {**content.labels, MANAGED_BY_LABEL: MANAGED_BY},
        "annotations": dict(content.annotations),
    }
    if not owner.retains:
        metadata["ownerReferences"] = [_reference(owner)]
    if live is not None:
        metadata["uid"] = live.uid
    body: Body = {"apiVersion": "v1", "kind": str(content.ref.kind), "metadata": metadata}
    match content:
        case SecretContent():
            body["type"] = str(content.type)
            body["data"] = {key: base64.b64encode(value.reveal()).decode() for key, value in content.data.items()}
        case ConfigMapContent():
            body["data"] = {key: text for key, text in content.data.items() if isinstance(text, str)}
            if binary := _binary(content.data):
                body["binaryData"] = binary
        case _:
            assert_never(content)
    return body


def owner_body(live: Live, owner: Owner) -> Body:
    """The body of the strategic merge patch that adds the sync's owner reference to a target, or removes it.

    References of others stay: their list is merged by uid. The marks are restated, for without the reference they are
    all that says whose the target is.
    """
    metadata: Body = {
        "uid": live.uid,
        "resourceVersion": live.resource_version,
        "labels": {MANAGED_BY_LABEL: MANAGED_BY},
        "annotations": {SYNC_ANNOTATION: owner.name},
        "ownerReferences": [{"$patch": "delete", "uid": owner.uid} if owner.retains else _reference(owner)],
    }
    return {"metadata": metadata}


def _reference(owner: Owner) -> Body:
    return {
        "apiVersion": API_VERSION,
        "kind": "ParameterSync",
        "name": owner.name,
        "uid": owner.uid,
        "controller": True,
        # True would need rights on the sync's finalizers (OwnerReferencesPermissionEnforcement).
        "blockOwnerDeletion": False,
    }


def surplus_body(surplus: Surplus, live: Live) -> Body:
    """The body of the merge patch that removes keys which other field managers own."""
    metadata: Body = {"uid": live.uid, "resourceVersion": live.resource_version}
    if surplus.plain_keys is not None:
        metadata["annotations"] = {PLAIN_KEYS_ANNOTATION: encode_plain_keys(surplus.plain_keys)}
    binary = {key for key, value in (live.data or {}).items() if isinstance(value, Decoded)}
    body: Body = {"metadata": metadata, "data": dict.fromkeys(sorted(surplus.keys - binary))}
    if surplus.keys & binary:
        body["binaryData"] = dict.fromkeys(sorted(surplus.keys & binary))
    return body


def handover_body(handover: Handover, live: Live) -> Body:
    """The body of the merge patch that makes an object of somebody else's ours before its keys are applied."""
    binary = {key for key, value in (live.data or {}).items() if isinstance(value, Decoded)}
    going = handover.removed | handover.moved.keys()
    text = {key: value for key, value in handover.moved.items() if isinstance(value, str)}
    body: Body = {
        "metadata": {
            "uid": live.uid,
            "resourceVersion": live.resource_version,
            "labels": {MANAGED_BY_LABEL: MANAGED_BY},
            "annotations": dict(handover.annotations),
            "managedFields": NOBODY_OWNS_A_KEY,
        },
        "data": {**dict.fromkeys(sorted(going - binary)), **text},
    }
    if changed := {**dict.fromkeys(sorted(going & binary)), **_binary(handover.moved)}:
        body["binaryData"] = changed
    return body


def _binary(data: Mapping[str, str | Decoded]) -> dict[str, str]:
    """The keys of ``binaryData``."""
    return {key: base64.b64encode(value).decode() for key, value in data.items() if isinstance(value, Decoded)}
