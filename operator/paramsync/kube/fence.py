"""The fence before each write: is the Lease still ours, and are we not stopping?"""

from collections.abc import Callable
from typing import Protocol


class Fence(Protocol):
    """Asked before each write whether this process may still write for a sync, or about a store."""

    def check(self, namespace: str, sync: str) -> None:
        """Return if writing for a sync of a namespace, or about a store, is allowed; raise otherwise."""


class Fenced(Exception):  # noqa: N818
    """This process may not write any more."""


class SoleReplica(Fence):
    """The fence of an operator that runs as one replica: its Lease always holds; only stopping closes it."""

    def __init__(self) -> None:
        self._closed = False

    def check(self, _namespace: str, _sync: str) -> None:
        """Return if writing is allowed.

        :raises Fenced: once the fence is closed.
        """
        if self._closed:
            raise Fenced("the operator is stopping")

    def close(self) -> None:
        """Let no write pass any more."""
        self._closed = True


class LeaseHolder(SoleReplica):
    """The fence of one replica of several: it lets writes pass as long as the Lease was renewed not long ago.

    It asks the clock, and not whoever renews: a process that was paused is fenced off as soon as it goes on.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """Hold nothing.

        :param clock: in seconds. It must go on while the process is paused or the machine sleeps.
        """
        super().__init__()
        self._clock = clock
        self._until: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the Lease is this replica's at this moment."""
        return self._until is not None and self._clock() < self._until

    def extend(self, until: float) -> None:
        """Let writes pass until then."""
        self._until = until

    def give_up(self) -> None:
        """Let no write pass until the Lease has been taken again."""
        self._until = None

    def check(self, namespace: str, sync: str) -> None:
        """Return if writing is allowed.

        :raises Fenced: once the fence is closed, and while another replica may lead.
        """
        super().check(namespace, sync)
        if not self.holds:
            raise Fenced("the Lease is not this replica's any more")
