"""The workers: they take keys from the queue, reconcile them, and say when each is to be looked at again."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from paramsync.kube.errors import ApiError, Unavailable
from paramsync.kube.fence import Fenced

from .keys import SyncKey
from .logs import RECONCILE
from .metrics import Metrics
from .queue import Queue, QueueClosed
from .watch import WakeLater

log = logging.getLogger(__name__)

WORKERS: Final = 8

APPLIES_END: Final = 20.0
"""Seconds that running applies have when the workers are to end."""

RETRY: Final = 5.0
LONG_RETRY: Final = 60.0
"""Seconds after which a sync is tried again that could not be read, or whose reconcile met a defect."""


class Workers:
    """Reconciles what is in the queue."""

    def __init__(
        self,
        queue: Queue,
        reconcile: Callable[[SyncKey], Awaitable[float | None]],
        wake: WakeLater,
        metrics: Metrics,
        may_begin: asyncio.Event,
    ) -> None:
        """Reconcile nothing yet.

        :param may_begin: set when enough is known to decide anything.
        """
        self._queue = queue
        self._reconcile = reconcile
        self._wake = wake
        self._metrics = metrics
        self._may_begin = may_begin
        self.tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to work."""
        self.tasks = [asyncio.create_task(self._work(), name=f"worker {index}") for index in range(WORKERS)]

    async def end(self) -> set[asyncio.Task[None]]:
        """Take no more work, and let what runs end; those that are too late are to be cancelled."""
        self._queue.close()
        self._may_begin.set()
        _, late = await asyncio.wait(self.tasks, timeout=APPLIES_END)
        return late

    async def _work(self) -> None:
        await self._may_begin.wait()
        with suppress(QueueClosed):
            while True:
                key = await self._queue.take()
                RECONCILE.set(secrets.token_hex(4))
                try:
                    again = await self._try(key)
                    log.debug("a sync was looked at", extra={"sync": str(key), "again": again})
                finally:
                    self._queue.done(key)
                    RECONCILE.set(None)
                if again is not None:
                    self._wake(key, urgent=False, after=again)

    async def _try(self, key: SyncKey) -> float | None:
        """Reconcile a sync; seconds until it is to be looked at again, if it is."""
        try:
            with self._metrics.reconcile():
                return await self._reconcile(key)
        except Unavailable as error:
            log.warning("a reconcile failed", extra={"sync": str(key), "what": str(error)})
            return error.retry_after or RETRY
        except ApiError as error:
            log.warning("a reconcile failed", extra={"sync": str(key), "what": str(error)})
            return RETRY
        except Fenced:
            log.info("a reconcile was fenced off", extra={"sync": str(key)})
            return None
        except Exception:
            log.exception("a reconcile failed by a defect", extra={"sync": str(key)})
            return LONG_RETRY
