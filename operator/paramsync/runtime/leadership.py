"""Which syncs this replica leads: the one place that knows by what Leases that is agreed on.

Whoever acts for a sync asks here with the sync's key, before it is queued and before each write. Today the answer is
the same for all of them: always, or as long as the one Lease is held. Where accounts and Regions are to be spread over
replicas, another implementation answers by the sync's stores, each of which has a Lease of its own; then every API
budget has one owner, and nobody else has to know.
"""

import asyncio
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from paramsync.kube.fence import Fence, LeaseHolder, SoleReplica
from paramsync.kube.leases import Leases
from paramsync.kube.transport import Transport

from .keys import SyncKey
from .leading import Leading, boot_clock
from .threads import Threads


@dataclass(frozen=True, slots=True)
class LeaseName:
    """A Lease by which replicas agree on who leads."""

    namespace: str
    name: str


class Leadership(Fence, Protocol):
    """Which syncs this replica leads, and the fence of what it writes for them."""

    def leads(self, key: SyncKey) -> bool:
        """Whether a sync is this replica's to reconcile."""

    @property
    def leads_any(self) -> bool:
        """Whether there are syncs that this replica may write for at this moment."""

    def begin(self, more: Callable[[], None]) -> list[asyncio.Task[None]]:
        """Begin to lead, or to wait for that.

        :param more: called whenever there are more syncs to lead than before.
        :returns: what must not end while the process is to go on.
        """

    def close(self) -> None:
        """Let no write pass any more."""

    async def end(self) -> None:
        """Let others lead; what :meth:`begin` returned has been cancelled."""


class Alone(SoleReplica):
    """The leadership of an only replica."""

    def leads(self, _key: SyncKey) -> bool:
        """Whether a sync is this replica's to reconcile: each is."""
        return True

    @property
    def leads_any(self) -> bool:
        """Always."""
        return True

    def begin(self, _more: Callable[[], None]) -> list[asyncio.Task[None]]:
        """Nothing is to be agreed on."""
        return []

    async def end(self) -> None:
        """There are no others."""


class ByOneLease:
    """Whoever holds one Lease leads all syncs."""

    def __init__(self, transport: Transport, lease: LeaseName) -> None:
        self._fence = LeaseHolder(boot_clock)
        self._threads = Threads("lease", 1)
        me = f"{socket.gethostname()}_{secrets.token_hex(4)}"
        self._part = Leading(Leases(transport, lease.namespace, lease.name), me, self._fence, self._threads)
        self._leads = False

    def leads(self, _key: SyncKey) -> bool:
        """Whether a sync is this replica's to reconcile: all are, from when it took the Lease to its end."""
        return self._leads

    @property
    def leads_any(self) -> bool:
        """Whether the Lease is held at this moment."""
        return self._fence.holds

    def begin(self, more: Callable[[], None]) -> list[asyncio.Task[None]]:
        """Take the Lease as soon as possible, and keep it. The task ends when it is lost."""
        return [asyncio.create_task(self._lead(more), name="lease")]

    def check(self, namespace: str, sync: str) -> None:
        """Return if writing is allowed.

        :raises Fenced: while another replica may lead, and once the fence is closed.
        """
        self._fence.check(namespace, sync)

    def close(self) -> None:
        """Let no write pass any more."""
        self._fence.close()

    async def end(self) -> None:
        """Release the Lease."""
        try:
            await self._part.release()
        finally:
            self._threads.close()

    async def _lead(self, more: Callable[[], None]) -> None:
        await self._part.take()
        self._leads = True
        more()
        await self._part.keep()
