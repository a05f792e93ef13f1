"""Listing syncs and stores: at the start, when there is more to lead, and again and again."""

import asyncio
import logging
from contextlib import suppress
from typing import Final, Never

from paramsync.api.sync import StoreKind
from paramsync.kube.customs import CLUSTER_STORES, PARAMETER_STORES, SYNCS, Customs
from paramsync.kube.errors import ApiError
from paramsync.kube.wire import CustomObject

from .threads import Threads
from .watch import Watch

log = logging.getLogger(__name__)

STORES: Final = {StoreKind.CLUSTER_PARAMETER_STORE: CLUSTER_STORES, StoreKind.PARAMETER_STORE: PARAMETER_STORES}

RELIST: Final = 600.0
"""Seconds between complete lists: after a 410 Kopf reports no deletions."""

RETRY: Final = 5.0
"""Seconds after which they are listed again that could not be."""


class Relisting:
    """Tells the watch what there is, so that nothing is decided in ignorance of a store."""

    def __init__(self, customs: Customs, threads: Threads, watch: Watch) -> None:
        self._customs = customs
        self._threads = threads
        self._watch = watch
        self._asked = asyncio.Event()
        self.listed = asyncio.Event()
        """Set once all was listed."""

    def now(self) -> None:
        """List now, as if nothing had been seen before."""
        self._watch.begin_anew()
        self._asked.set()

    async def run(self) -> Never:
        """List, again and again."""
        while True:
            self._asked.clear()
            try:
                stores = {kind: await self._list(plural) for kind, plural in STORES.items()}
                syncs = await self._list(SYNCS)
            except ApiError as error:
                log.warning("syncs and stores could not be listed", extra={"what": str(error)})
                await asyncio.sleep(RETRY)
                continue
            self._watch.listed(syncs, stores)
            self.listed.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(RELIST):
                    await self._asked.wait()

    async def _list(self, plural: str) -> list[CustomObject]:
        return await self._threads.run(lambda: list(self._customs.all(plural)))
