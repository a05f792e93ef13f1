"""Listing syncs and stores: at the start, when there is more to lead, and again and again.

A namespace that may not be read is told, left out, and looked at again and again; the others are listed meanwhile.
"""

import asyncio
import logging
from contextlib import suppress
from typing import Final, Never

from paramsync.api.sources import StoreKind
from paramsync.kube.customs import CLUSTER_STORES, PARAMETER_STORES, SYNCS, Customs
from paramsync.kube.errors import ApiError, Forbidden
from paramsync.kube.wire import CustomObject

from .namespaces import Namespaces
from .threads import Threads
from .watch import Watch

log = logging.getLogger(__name__)

STORES: Final = {CLUSTER_STORES: StoreKind.CLUSTER_PARAMETER_STORE, PARAMETER_STORES: StoreKind.PARAMETER_STORE}

RELIST: Final = 600.0
"""Seconds between complete lists: after a 410 Kopf reports no deletions."""

RETRY: Final = 5.0
"""Seconds after which they are listed again that could not be."""

LOOK_AGAIN: Final = 10.0
"""Seconds after which a namespace that may not be read is looked at again."""


class Relisting:
    """Tells the watch what there is, so that nothing is decided in ignorance of a store."""

    def __init__(self, customs: Customs, threads: Threads, watch: Watch, namespaces: Namespaces) -> None:
        self._customs = customs
        self._threads = threads
        self._watch = watch
        self._namespaces = namespaces
        self._is_due = False
        self._doubted: set[str] = set()
        self._woken = asyncio.Event()
        self.listed = asyncio.Event()
        """Set once all was listed that may be."""

    def now(self) -> None:
        """List now, as if nothing had been seen before."""
        self._watch.begin_anew()
        self._wake_up()

    def refused(self, namespace: str, why: str) -> None:
        """Somebody was not allowed to watch a namespace."""
        if namespace in self._namespaces.readable:
            self._namespaces.lose(namespace, why)
            self._wake_up()

    def doubt(self, namespace: str) -> None:
        """Something was refused in a namespace: see whether it may be read still."""
        if namespace in self._namespaces.readable:
            self._doubted.add(namespace)
            self._woken.set()

    async def run(self) -> Never:
        """List, again and again."""
        while True:
            self._is_due = False
            try:
                await self._list_all()
            except ApiError as error:
                log.warning("syncs and stores could not be listed", extra={"what": str(error)})
                await asyncio.sleep(RETRY)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(RELIST):
                    await self._rest()

    def _wake_up(self) -> None:
        self._is_due = True
        self._woken.set()

    async def _list_all(self) -> None:
        found: dict[str, list[CustomObject]] = {plural: [] for plural in self._namespaces.kinds}
        for namespace in self._namespaces.names:
            try:
                here = await self._list(namespace)
            except Forbidden as error:
                if self._namespaces.are_all:
                    raise
                self._namespaces.lose(namespace, str(error))
                continue
            if namespace not in self._namespaces.readable:
                self._watch.begin_anew(namespace)
                self._namespaces.find(namespace)
            for plural, objects in here.items():
                found[plural] += objects
        self._watch.listed(found.pop(SYNCS), {STORES[plural]: objects for plural, objects in found.items()})
        if self._namespaces.readable:
            self.listed.set()

    async def _list(self, namespace: str) -> dict[str, list[CustomObject]]:
        """All of one namespace: the stores first, so that no sync is listed without its store."""
        if namespace in self._namespaces.lost:
            await self._try(namespace)
        return {plural: await self._of_kind(plural, namespace) for plural in reversed(self._namespaces.kinds)}

    async def _of_kind(self, plural: str, namespace: str) -> list[CustomObject]:
        return await self._threads.run(lambda: list(self._customs.all(plural, namespace)))

    async def _try(self, namespace: str) -> None:
        """See whether a namespace may be read: listed, and watched as well."""
        for plural in self._namespaces.kinds:
            await self._threads.run(self._customs.try_to_read, plural, namespace)

    async def _rest(self) -> None:
        """Return when all is to be listed again before its time."""
        while not self._is_due:
            self._woken.clear()
            if not self._doubted:  # some may have come while others were looked into
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_AGAIN if self._namespaces.lost else None):
                        await self._woken.wait()
            if await self._is_other_than_known():
                return

    async def _is_other_than_known(self) -> bool:
        """Whether a namespace that may not be read now may be, or one that somebody doubted may not."""
        if self._is_due:
            return True
        for namespace in {*self._namespaces.lost, *self._doubted}:
            self._doubted.discard(namespace)  # before it is looked at: a doubt that comes meanwhile is another one
            if await self._may_be_read(namespace) != self._namespaces.has(namespace):
                return True
        return False

    async def _may_be_read(self, namespace: str) -> bool:
        try:
            await self._try(namespace)
        except Forbidden:
            return False
        except ApiError:
            return self._namespaces.has(namespace)  # it is not known
        return True
