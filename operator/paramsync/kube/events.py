"""Writing Events (events.k8s.io/v1) about syncs."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal
from urllib.parse import quote

from paramsync.api.base import API_VERSION

from .fence import Fence
from .transport import Transport

LONGEST_NOTE: Final = 1024  # bytes (Kubernetes API reference, Event.note)


@dataclass(frozen=True, slots=True)
class Note:
    """What an Event says."""

    type: Literal["Normal", "Warning"]
    reason: str
    action: str
    text: str


class Events:
    """Writes Events. Blocks; to be called in a thread."""

    def __init__(self, transport: Transport, fence: Fence, instance: str) -> None:
        self._transport = transport
        self._fence = fence
        self._instance = instance

    def write(self, namespace: str, sync: str, uid: str, note: Note) -> None:
        """Write an Event about a sync.

        :raises ApiError: if it cannot be written.
        """
        self._fence.check(namespace, sync)
        name = f"{sync[:200].rstrip('.-')}.{uuid.uuid4().hex[:16]}"
        body = {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": namespace},
            "eventTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "reportingController": "paramsync.dev/operator",
            "reportingInstance": self._instance[:128],
            "action": note.action,
            "reason": note.reason,
            "type": note.type,
            "note": note.text.encode()[:LONGEST_NOTE].decode(errors="ignore"),
            "regarding": {
                "apiVersion": API_VERSION,
                "kind": "ParameterSync",
                "name": sync,
                "namespace": namespace,
                "uid": uid,
            },
        }
        self._transport.request(
            "POST",
            f"/apis/events.k8s.io/v1/namespaces/{quote(namespace, safe='')}/events",
            what=f"write an Event about ParameterSync {namespace}/{sync}",
            body=body,
        )
