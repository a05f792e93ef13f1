"""Reading from SSM: each request waits for its turn on the loop, then takes a thread.

boto3 makes one attempt. Retries are made here and take their turn like any other request: a throttled page is
asked for again, more slowly, and does not throw away the pages before it.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from paramsync.aws.budget import Budget, Budgets, Lane
from paramsync.aws.decrypting import by_name, decrypt
from paramsync.aws.errors import IdentityRejected, SourceError, TokenRejected
from paramsync.aws.identities.backoff import FIRST
from paramsync.aws.identities.clients import Clients
from paramsync.aws.listing import list_page
from paramsync.core import schedule
from paramsync.core.identity import Identity
from paramsync.core.listing import BrokenListing, Listed, Listing
from paramsync.core.pacing import Ticket
from paramsync.core.parameters import Parameter, Stamp, Subtree
from paramsync.core.reasons import Reason
from paramsync.core.search import Opened
from paramsync.runtime.metrics import Metrics
from paramsync.runtime.threads import Threads

from .look import Urgent

if TYPE_CHECKING:
    from paramsync.runtime.metrics.budgets import Place

LIST: Final = "GetParametersByPath"
OPEN: Final = "GetParameters"

ATTEMPTS: Final = 3
"""How often a listing is started over when its pages do not belong together."""

TRIES: Final = {Reason.THROTTLED: 8, Reason.SOURCE_UNAVAILABLE: 2}
"""How often one request is sent, by what went wrong; what is not listed needs a person."""

LONGEST_PAUSE: Final = 4.0
"""Seconds between two tries of one request. Beyond its tries, the feed waits, and for longer."""

NEW_CREDENTIALS: Final = FIRST + 1.0
"""Seconds after which there are other credentials, if there are any, for those that AWS did not accept."""

URGENT_PAGES: Final = 10
"""Of one listing, which may go before periodic requests: a path of thousands is not to push all others aside."""

T = TypeVar("T")


def _periodic() -> bool:
    return False


def _known(call: asyncio.Future[T]) -> None:
    """Whoever waited for a failure knows it; asyncio need not tell it again if nobody did."""
    if not call.cancelled():
        call.exception()


class Reader:
    """Lists subtrees, and decrypts, with boto3 in threads."""

    def __init__(
        self,
        clients: Clients,
        budgets: Budgets,
        threads: Threads,
        metrics: Metrics,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._clients = clients
        self._budgets = budgets
        self._threads = threads
        self._metrics = metrics
        self._chance = chance
        self._accounts: dict[Identity, str | None] = {}
        self._places: dict[Identity, Place] = {}
        self._lanes: dict[Identity, Lane] = {}
        self._preparing: dict[Identity, asyncio.Future[str | None]] = {}
        self._under_way: Counter[Identity] = Counter()
        self._unused: set[Identity] = set()

    async def read(self, subtree: Subtree, *, decrypt: bool, urgent: Urgent, admit: Callable[[int], None]) -> Listed:
        """The complete listing of a subtree.

        :param urgent: asked before each page; but beyond so many pages a listing has the time of a periodic one.
        :param admit: is told after each page how many bytes of decrypted values there are, and raises if too many.
        :raises SourceError: if it cannot be had.
        """
        for _ in range(ATTEMPTS):
            try:
                return await self._list(subtree, decrypt=decrypt, urgent=urgent, admit=admit)
            except (BrokenListing, TokenRejected):
                continue
        raise SourceError(
            Reason.SOURCE_UNAVAILABLE,
            f"The pages that AWS lists below {subtree.path} do not belong together; the listing starts over",
        )

    async def open(self, subtree: Subtree, stamps: Sequence[Stamp], *, urgent: Urgent) -> Opened:
        """The values of at most ten stamps.

        :raises Undecryptable: if at least one of them cannot be decrypted.
        :raises SourceError: if there is no answer.
        """
        ask = partial(decrypt, self._clients, subtree, stamps)
        opened = await self._ask(subtree, OPEN, ask, urgent)
        self._metrics.decrypted(OPEN, len(opened.values))
        return opened

    async def by_name(self, subtree: Subtree) -> Parameter | None:
        """The parameter whose name is the path of a subtree, with its value; None if there is none.

        :raises Undecryptable: if it cannot be decrypted.
        :raises SourceError: if there is no answer.
        """
        return await self._ask(subtree, OPEN, partial(by_name, self._clients, subtree), lambda: True)

    def budget(self, identity: Identity) -> Budget:
        """The budget that the requests of an identity are counted in."""
        place = self._places[identity] = (self.account(identity), identity.region)
        return self._budgets.of(*place)

    def account(self, identity: Identity) -> str | None:
        """The account of an identity, if it is known by now."""
        return identity.account or self._accounts.get(identity)

    def release(self, identity: Identity) -> None:
        """Nobody needs an identity any more. Requests that are under way, whoever asked for them, end first."""
        if self._under_way[identity]:
            self._unused.add(identity)
            return
        self._unused.discard(identity)
        self._leave_budget(identity)
        self._accounts.pop(identity, None)
        self._lanes.pop(identity, None)
        self._clients.release(identity)
        if identity.store not in {each.store for each in self._places}:
            self._metrics.forget_store(identity.store)

    def _leave_budget(self, identity: Identity) -> None:
        place = self._places.pop(identity, None)
        if place is not None and place not in self._places.values():
            self._budgets.drop(*place)
            self._metrics.forget_budget(place)

    async def _list(self, subtree: Subtree, *, decrypt: bool, urgent: Urgent, admit: Callable[[int], None]) -> Listed:
        listing = Listing(subtree)
        token: str | None = None
        pages = 0
        while True:
            ask = partial(list_page, self._clients, subtree, token, decrypt=decrypt)
            page = await self._ask(subtree, LIST, ask, urgent if pages < URGENT_PAGES else _periodic)
            pages += 1
            self._metrics.decrypted(LIST, page.decrypted)
            listed = listing.add(page)
            admit(listing.secure_bytes)
            if listed is not None:
                return listed
            token = page.token

    async def _ask(self, subtree: Subtree, operation: str, ask: Callable[[Ticket], T], urgent: Urgent) -> T:
        failures = 0
        while True:
            try:
                return await self._send(subtree, operation, ask, urgent)
            except IdentityRejected:
                failures += 1
                if failures > 1:
                    raise
                pause = NEW_CREDENTIALS
            except SourceError as error:
                failures += 1
                if type(error) is not SourceError or failures >= TRIES.get(error.reason, 1):
                    raise
                pause = schedule.backoff(failures, self._chance(), longest=LONGEST_PAUSE)
            await asyncio.sleep(pause)

    async def _send(self, subtree: Subtree, operation: str, ask: Callable[[Ticket], T], urgent: Urgent) -> T:
        identity = subtree.identity
        self._unused.discard(identity)
        if identity not in self._accounts or not self._clients.is_ready(identity):
            # Before the turn is taken: what waits here for STS would be sent all at once afterwards. And not before
            # the account is known: a client is ready a moment earlier, and another account's budget would be taken.
            await self._prepare(identity)
        budget, lane = self.budget(identity), self._lanes.setdefault(identity, Lane())
        began = asyncio.get_running_loop().time()
        try:
            async with budget.turn(lane, urgent=urgent()) as ticket:
                self._metrics.waited(self._places[identity], asyncio.get_running_loop().time() - began)
                return await self._in_thread(identity, partial(self._counted, operation, identity, ask, ticket))
        except SourceError as error:
            if error.reason is Reason.THROTTLED:
                budget.throttled()
            raise

    def _counted(self, operation: str, identity: Identity, ask: Callable[[Ticket], T], ticket: Ticket) -> T:
        """Send one request. It is counted in its thread: once that has ended, its store may have been forgotten."""
        with self._metrics.ssm_request(operation, identity.store):
            return ask(ticket)

    async def _prepare(self, identity: Identity) -> None:
        """Get the credentials of an identity, in one thread, whoever waits for them."""
        if identity not in self._preparing:
            call = self._in_thread(identity, partial(self._clients.prepare, identity))
            self._preparing[identity] = future = asyncio.ensure_future(call)
            future.add_done_callback(lambda _: self._preparing.pop(identity, None))
            future.add_done_callback(_known)
        account = await asyncio.shield(self._preparing[identity])
        if identity.account is None and self._accounts.get(identity) != account:
            self._leave_budget(identity)
        self._accounts[identity] = account

    async def _in_thread(self, identity: Identity, function: Callable[[], T]) -> T:
        """Call a function in a thread, and know when it has ended, even if nobody waits for it any more."""
        self._unused.discard(identity)
        self._under_way[identity] += 1
        call = self._threads.start(function)
        call.add_done_callback(partial(self._ended, identity))
        return await asyncio.shield(call)

    def _ended(self, identity: Identity, call: asyncio.Future[T]) -> None:
        _known(call)
        self._under_way[identity] -= 1
        if not self._under_way[identity]:
            del self._under_way[identity]
            if identity in self._unused:
                self.release(identity)
