"""The proxy between a client and the emulator: it records every call, puts moto right and injects faults."""

from __future__ import annotations

from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from aiohttp import ClientSession

from tests.aws.background import in_background
from tests.aws.corrections import corrected
from tests.aws.rules import before
from tests.aws.standin import StandIn
from tests.aws.wire import Body, Call, Reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

OWN_HEADERS = {"host", "content-length", "connection", "accept-encoding", "transfer-encoding", "expect"}


class Proxy(StandIn):
    """A running proxy; all methods are for the test's thread."""

    def __init__(self, upstream: str, clients: ExitStack) -> None:
        super().__init__(clients)
        self._upstream = upstream
        self._session: ClientSession | None = None
        self._calls: list[Call] = []

    def calls(self, action: str | None = None) -> list[Call]:
        """Return the requests so far, in order, of one action or of all."""
        return [call for call in self._calls if action in {None, call.action}]

    def forget(self) -> None:
        """Start the record again."""
        self._calls.clear()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Answer requests on a free port. What still hangs at the end is dropped."""
        async with ClientSession() as self._session, super().serving():
            yield

    async def _answer(self, call: Call) -> Reply:
        self._calls.append(call)

        async def upstream(body: Body) -> Reply:
            assert self._session is not None, "it answers only while it serves"
            call.reached = True
            headers = {key: value for key, value in call.headers.items() if key.lower() not in OWN_HEADERS}
            async with self._session.post(self._upstream, data=call.content(body), headers=headers) as response:
                kept = {key: value for key, value in response.headers.items() if key.lower().startswith("x-amzn")}
                return Reply(response.status, await response.read(), response.content_type, kept)

        return await self._ruled(call, before(corrected, call, upstream))(call.body)


@contextmanager
def run_proxy(upstream: str) -> Iterator[Proxy]:
    """Run a proxy in front of the emulator at this URL.

    Raises:
        Exception: The first thing that failed in the proxy itself, for instance in a function given to `edit`.
    """
    with ExitStack() as clients:
        proxy = Proxy(upstream, clients)
        with in_background(proxy.serving()):
            yield proxy
    if proxy.failures:
        raise proxy.failures[0]
