"""Writes the status of stores: what reading with them has shown. It asks AWS nothing.

All stores are looked at every ten seconds, so that whatever goes to and fro is told no faster; one whose spec was not
told of yet is looked at a second after it has been seen. What is said already costs no request.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from pydantic import JsonValue, ValidationError

from paramsync.api.store_status import StoreStatus
from paramsync.core.identity import Identity
from paramsync.core.parameters import Subtree
from paramsync.core.store_status import Answer, StoreFacts, status_of
from paramsync.core.stores import Store, StoreKey
from paramsync.kube.customs import Customs
from paramsync.kube.errors import ApiError, Forbidden, NotFound, Stale, Unavailable
from paramsync.kube.fence import Fenced
from paramsync.kube.wire import CustomObject

from .metrics import Metrics
from .serving import Serving
from .stores import Stores
from .threads import Threads

log = logging.getLogger(__name__)

LOOK: Final = 10.0
"""Seconds between two looks at all stores, and so between two writes of what changed by itself."""

SOON: Final = 1.0
"""Seconds after which a store is looked at that is new or was edited: its syncs have subscribed by then."""

AT_ONCE: Final = 50
"""Stores that are looked at without letting others on the loop go on; each takes 0.04 ms."""

FORBIDDEN: Final = 600.0
"""Seconds after which a kind is tried again whose status may not be written."""


class Load(Protocol):
    """The API budget, as status tells of it."""

    @property
    def throttled_for(self) -> float | None:
        """For how many seconds AWS has throttled again and again; None if it does not."""

    @property
    def stretch(self) -> float:
        """By which factor intervals are longer than asked for."""


@dataclass(frozen=True, slots=True)
class Known:
    """Where what is known stands. Nothing of it blocks."""

    answer: Callable[[Subtree], Answer | None]
    arn: Callable[[Identity], str | None]
    account: Callable[[Identity], str | None]
    load: Callable[[Identity], Load]
    """Of an identity that has read something."""

    has_all_of: Callable[[StoreKey], bool]
    """Whether all syncs that name a store were looked at since the start."""

    leads: Callable[[], bool]
    """Whether this replica may write."""


class StoreStatuses:
    """Tells, in their status, how the stores that are objects do."""

    def __init__(
        self,
        customs: Customs,
        stores: Stores,
        serving: Serving,
        known: Known,
        metrics: Metrics,
        threads: Threads,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._customs = customs
        self._stores = stores
        self._serving = serving
        self._known = known
        self._metrics = metrics
        self._threads = threads
        self._now = now
        self._forbidden: dict[str, float] = {}

    async def run(self, may_begin: asyncio.Event) -> None:
        """Go on for ever.

        :param may_begin: set when all syncs and stores were listed.
        """
        await may_begin.wait()
        loop = asyncio.get_running_loop()
        whole_at = loop.time()
        while True:
            self._stores.news.clear()
            if self._known.leads():
                is_whole = loop.time() >= whole_at
                whole_at = loop.time() + LOOK if is_whole else whole_at
                await self._try(is_whole=is_whole)
            with suppress(TimeoutError):
                async with asyncio.timeout(max(whole_at - loop.time(), SOON)):
                    await self._stores.news.wait()
                    await asyncio.sleep(SOON)

    async def look(self, *, is_whole: bool = True) -> None:
        """Write each status that is not what it should be.

        :param is_whole: whether at all stores; else at those whose spec was not told of yet.
        :raises Fenced: if this process may not write any more.
        :raises Unavailable: if the API server does not answer.
        """
        for number, key in enumerate(self._stores.objects(), 1):
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
            found = self._stores.object(key)
            if found is None:
                continue  # it went meanwhile
            if is_whole or _generation_told(found) != found.metadata.generation:
                await self._look_at(key, found, is_whole=is_whole)

    async def _try(self, *, is_whole: bool) -> None:
        try:
            await self.look(is_whole=is_whole)
        except Fenced:
            log.info("the status of stores was fenced off")
        except Unavailable as error:
            log.warning("the status of stores was not written", extra={"what": str(error)})
        except Exception:
            log.exception("the status of stores failed by a defect")

    async def _look_at(self, key: StoreKey, found: CustomObject, *, is_whole: bool) -> None:
        facts = self._facts(key, found)
        if not is_whole and facts.namespaces and not facts.answers:
            return  # the first listing is on its way, and "Pending" is what a fresh object says already
        document = _document(found, facts, self._now())
        if document == found.status or found.metadata.deletion_timestamp is not None or self._is_forbidden(key):
            return
        try:
            with self._metrics.write(key.kind):
                await self._threads.run(self._customs.write_store_status, found, document)
        except Stale:
            await self._read_again(key)
        except NotFound:
            return  # the watch is about to tell
        except Forbidden as error:
            self._forbidden[key.kind] = asyncio.get_running_loop().time() + FORBIDDEN
            log.warning("the status of stores may not be written", extra={"kind": key.kind, "what": str(error)})
        except Unavailable:
            raise
        except ApiError as error:
            log.warning("the status of a store was not written", extra={"store": str(key), "what": str(error)})
        else:
            self._stores.told(key, found, document)

    async def _read_again(self, key: StoreKey) -> None:
        """Somebody wrote the store or its status meanwhile: the next look goes by what is there."""
        try:
            await self._stores.read_again(key)
        except ApiError as error:
            log.warning("a store was not read", extra={"store": str(key), "what": str(error)})

    def _is_forbidden(self, key: StoreKey) -> bool:
        return asyncio.get_running_loop().time() < self._forbidden.get(key.kind, 0.0)

    def _facts(self, key: StoreKey, found: CustomObject) -> StoreFacts:
        meaning, readers = self._stores.meaning(key), self._serving.of(key)
        generation, namespaces = found.metadata.generation, [sync.namespace for sync in readers]
        knows_all = self._known.has_all_of(key)
        if not isinstance(meaning, Store) or not readers:
            return StoreFacts(generation, meaning, namespaces, knows_all)
        identity = meaning.identity
        answers = list(self._answers(identity, frozenset().union(*readers.values())))
        if not answers:
            return StoreFacts(generation, meaning, namespaces, knows_all)
        load = self._known.load(identity)
        throttled = load.throttled_for
        return StoreFacts(
            generation,
            meaning,
            namespaces,
            knows_all,
            answers,
            self._known.arn(identity),
            self._known.account(identity),
            None if throttled is None else timedelta(seconds=throttled),
            load.stretch,
        )

    def _answers(self, identity: Identity, subtrees: Iterable[Subtree]) -> Iterable[Answer]:
        for subtree in subtrees:
            answer = self._known.answer(subtree) if subtree.identity == identity else None
            if answer is not None:
                yield answer


def _document(found: CustomObject, facts: StoreFacts, now: datetime) -> JsonValue:
    previous = _status(found)
    status = status_of(previous, facts, now)
    if status is previous:
        return found.status
    document: JsonValue = status.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return document


def _status(found: CustomObject) -> StoreStatus:
    """The status; one that this version does not understand counts as none, and is written anew."""
    try:
        return StoreStatus.model_validate(found.status or {})
    except ValidationError:
        return StoreStatus()


def _generation_told(found: CustomObject) -> JsonValue:
    return found.status.get("observedGeneration") if isinstance(found.status, dict) else None
