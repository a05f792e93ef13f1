"""Taking, keeping and releasing the Lease: one replica leads, the others wait.

A replica that loses the Lease ends its process. What it knew may be outdated by what the next one writes, and what is
started anew knows nothing but what the cluster holds.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime

from paramsync.core.leases import DEADLINE, LOOK, RENEWAL, Lease, Sighting, may_take, released, sighted, taken
from paramsync.kube.errors import ApiError, NotFound, Stale
from paramsync.kube.fence import LeaseHolder
from paramsync.kube.leases import Leases

from .threads import Threads

log = logging.getLogger(__name__)


def boot_clock() -> float:
    """Seconds of a clock that nobody can set, and that goes on while the machine sleeps (clock_gettime(2))."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Leading:
    """This replica's part in one Lease."""

    def __init__(
        self,
        leases: Leases,
        me: str,
        fence: LeaseHolder,
        threads: Threads,
        clock: Callable[[], float] = boot_clock,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Hold nothing yet.

        :param me: the name of this process; no other one may have it.
        :param threads: one, and its own: a renewal waits for no other request.
        :param clock: the fence's.
        :param now: for people.
        """
        self._leases = leases
        self._me = me
        self._fence = fence
        self._threads = threads
        self._clock = clock
        self._now = now
        self._lease = Lease()
        self._said = ""

    async def take(self) -> None:
        """Return when this replica leads."""
        seen: Sighting | None = None
        while True:
            try:
                lease = await self._threads.run(self._leases.read)
                seen = sighted(seen, lease, self._clock())
                if may_take(seen, self._me, self._clock()):
                    await self._write(taken(lease, self._me, self._now()))
                    log.info("leading", extra={"lease": str(self._leases), "holder": self._me})
                    return
                self._say(f"{lease.holder} leads")
            except ApiError as error:
                self._say(str(error))
            await asyncio.sleep(LOOK)

    async def keep(self) -> None:
        """Renew the Lease; return when it is lost. From then on the fence lets nothing pass."""
        while self._fence.holds:
            await asyncio.sleep(RENEWAL)
            try:
                await self._write(taken(self._lease, self._me, self._now()))
            except (Stale, NotFound):
                if not await self._is_still_ours():
                    break
            except ApiError as error:
                self._say(str(error))
        self._fence.give_up()
        log.warning("the Lease is lost", extra={"lease": str(self._leases), "holder": self._me})

    async def release(self) -> None:
        """Let another replica lead at once. If that fails, it has to wait until the Lease runs out."""
        if not self._fence.holds:
            return
        self._fence.give_up()
        try:
            # A renewal that was under way has ended by now: the pool has one thread.
            found = await self._threads.run(self._leases.read)
            if found.holder == self._me:
                await self._threads.run(self._leases.write, released(found, self._now()))
        except ApiError as error:
            log.warning("the Lease was not released", extra={"what": str(error)})

    async def _write(self, lease: Lease) -> None:
        began = self._clock()
        self._lease = await self._threads.run(self._leases.write, lease)
        self._fence.extend(began + DEADLINE)

    async def _is_still_ours(self) -> bool:
        """Whether the write that clashed was one of our own, whose answer was lost."""
        try:
            found = await self._threads.run(self._leases.read)
        except ApiError as error:
            self._say(str(error))
            return True  # for as long as the fence says
        self._lease = found
        return found.holder == self._me

    def _say(self, what: str) -> None:
        if what != self._said:
            log.info(
                "the Lease was not renewed" if self._fence.holds else "waiting for the Lease", extra={"what": what}
            )
            self._said = what
