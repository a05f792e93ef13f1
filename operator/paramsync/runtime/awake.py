"""Whether this process was paused: by SIGSTOP, a frozen node, a debugger.

A process that wakes does not know how long it slept. Its timers fire all at once, and what it knows of Parameter Store
is as old as the pause; meanwhile somebody else may have written what is newer. Preconditions refuse the write that was
on its way, but not one that is planned from a target read now and a snapshot read then. So whoever is about to write
asks here, and lets the sources be listed again first.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

log = logging.getLogger(__name__)

BEAT: Final = 1.0
"""Seconds between two signs of life."""

LONGEST_GAP: Final = 10.0
"""Seconds without one that are a pause: less than it takes until another replica may go on in our place."""


class Awake:
    """Notices pauses. For the event loop alone."""

    def __init__(self, now: Callable[[], datetime], clock: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._clock = clock
        self._beat: float | None = None
        self._since: datetime | None = None

    def since(self) -> datetime | None:
        """When the process woke from its last pause, as far as can be known; None if it never slept.

        Asking is a sign of life: nobody gets to know of a pause later than whoever asks first after it.
        """
        at = self._clock()
        gap, self._beat = at - (at if self._beat is None else self._beat), at
        if gap >= LONGEST_GAP:
            self._since = self._now()
            log.warning("the process was paused; what it knows is read again", extra={"seconds": round(gap)})
        return self._since

    async def stay(self) -> None:
        """Give signs of life."""
        while True:
            self.since()
            await asyncio.sleep(BEAT)
