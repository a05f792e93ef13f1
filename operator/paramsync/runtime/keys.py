"""What the queue is about: the name of a sync, never an event."""

from typing import NamedTuple


class SyncKey(NamedTuple):
    """Names a sync."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"
