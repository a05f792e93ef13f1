"""The fence before each write: is the Lease still ours, and are we not stopping?"""

from .transport import Fence


class Fenced(Exception):  # noqa: N818
    """This process may not write any more."""


class SoleReplica(Fence):
    """The fence of an operator that runs as one replica: its Lease always holds; only stopping closes it."""

    def __init__(self) -> None:
        self._closed = False

    def check(self) -> None:
        """Return if writing is allowed.

        :raises Fenced: once the fence is closed.
        """
        if self._closed:
            raise Fenced("the operator is stopping")

    def close(self) -> None:
        """Let no write pass any more."""
        self._closed = True
