"""Writing what a person asks of a sync: an annotation, or whether it is suspended."""

from typing import Final
from urllib.parse import quote

from paramsync.api.base import GROUP, VERSION

from .customs import SYNCS
from .transport import MERGE_PATCH, Transport
from .wire import CustomObject

MANAGER: Final = "paramsync-cli"
"""The field manager of what the command line writes."""


class Asking:
    """Changes syncs on behalf of a person, never another object than the one that was read. Blocks."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def annotate(self, read: CustomObject, annotation: str, value: str) -> CustomObject:
        """Set an annotation of a sync, and return the sync as it is then.

        :raises Stale: if the sync has changed since it was read.
        :raises ApiError: if it cannot be written.
        """
        return self._patch(read, f"annotate {_named(read)}", annotations={annotation: value})

    def set_suspend(self, read: CustomObject, *, suspend: bool) -> CustomObject:
        """Suspend a sync, or remove the field that does, and return the sync as it is then.

        :raises Stale: if the sync has changed since it was read.
        :raises ApiError: if it cannot be written.
        """
        what = f"{'suspend' if suspend else 'resume'} {_named(read)}"
        return self._patch(read, what, spec={"suspend": True if suspend else None})

    def _patch(
        self,
        read: CustomObject,
        what: str,
        *,
        annotations: dict[str, str] | None = None,
        spec: dict[str, bool | None] | None = None,
    ) -> CustomObject:
        metadata: dict[str, object] = {"uid": read.metadata.uid, "resourceVersion": read.metadata.resource_version}
        if annotations is not None:
            metadata["annotations"] = annotations
        body = {"metadata": metadata} | ({} if spec is None else {"spec": spec})
        namespace, name = (quote(part, safe="") for part in (read.metadata.namespace, read.metadata.name))
        path = f"/apis/{GROUP}/{VERSION}/namespaces/{namespace}/{SYNCS}/{name}"
        manager = {"fieldManager": MANAGER}
        answer = self._transport.request("PATCH", path, what=what, query=manager, body=body, content_type=MERGE_PATCH)
        return CustomObject.model_validate_json(answer)


def _named(read: CustomObject) -> str:
    return f"ParameterSync {read.metadata.namespace}/{read.metadata.name}"
