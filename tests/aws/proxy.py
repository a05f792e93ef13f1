"""The proxy between a client and the emulator: it records every call, puts moto right and injects faults."""

from __future__ import annotations

from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from aiohttp import ClientSession, web

from tests.aws.background import in_background
from tests.aws.clients import REGION, ssm_client
from tests.aws.corrections import corrected
from tests.aws.errors import ACCOUNT
from tests.aws.rules import Rule, before
from tests.aws.wire import Body, Call, DroppedError, Fault, Reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from mypy_boto3_ssm import SSMClient

OWN_HEADERS = {"host", "content-length", "connection", "accept-encoding", "transfer-encoding", "expect"}


class Proxy:
    """A running proxy; all methods are for the test's thread."""

    def __init__(self, upstream: str, clients: ExitStack) -> None:
        self.url = ""
        self.failures: list[Exception] = []
        self._upstream = upstream
        self._clients = clients
        self._rules: list[Rule] = []
        self._calls: list[Call] = []

    def add(
        self,
        fault: Fault,
        *,
        action: str | None = None,
        path: str | None = None,
        under: str | None = None,
        page: int | None = None,
        times: int | None = None,
    ) -> Rule:
        """Let `fault` befall the requests that a `Rule` with these conditions matches, until it is removed.

        Where several rules match, the newest is nearest to the client: it answers, or proceeds to the older.
        """
        rule = Rule(fault, action, path, under, page, times)
        self._rules.append(rule)
        return rule

    def clear(self) -> None:
        """Remove all rules."""
        for rule in self._rules:
            rule.remove()
        self._rules.clear()

    def calls(self, action: str | None = None) -> list[Call]:
        """Return the requests so far, in order, of one action or of all."""
        return [call for call in self._calls if action in {None, call.action}]

    def forget(self) -> None:
        """Start the record again."""
        self._calls.clear()

    def client(self, region: str = REGION, *, account: str = ACCOUNT, timeout: float = 10) -> SSMClient:
        """Return a client of this proxy that tries once; it is closed with the proxy."""
        client = ssm_client(self.url, region, account, timeout)
        self._clients.callback(client.close)
        return client

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Answer requests on a free port. What still hangs at the end is dropped."""
        async with ClientSession() as session:

            async def handle(request: web.BaseRequest) -> web.StreamResponse:
                return await self._handle(request, session)

            runner = web.ServerRunner(web.Server(handler=handle, access_log=None), shutdown_timeout=0.01)
            await runner.setup()
            try:
                await web.TCPSite(runner, "127.0.0.1", 0).start()
                self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
                yield
            finally:
                await runner.cleanup()

    async def _handle(self, request: web.BaseRequest, session: ClientSession) -> web.StreamResponse:
        try:
            call = Call.read(request.headers, await request.read())
            self._calls.append(call)
            return await _send(request, await self._answer(call, session))
        except DroppedError:
            if request.transport is not None:
                request.transport.close()
            return web.Response()
        except Exception as error:
            self.failures.append(error)
            raise

    async def _answer(self, call: Call, session: ClientSession) -> Reply:
        async def upstream(body: Body) -> Reply:
            call.reached = True
            headers = {key: value for key, value in call.headers.items() if key.lower() not in OWN_HEADERS}
            async with session.post(self._upstream, data=call.content(body), headers=headers) as response:
                kept = {key: value for key, value in response.headers.items() if key.lower().startswith("x-amzn")}
                return Reply(response.status, await response.read(), response.content_type, kept)

        proceed = before(corrected, call, upstream)
        for rule in tuple(self._rules):
            proceed = before(rule, call, proceed)
        return await proceed(call.body)


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


async def _send(request: web.BaseRequest, reply: Reply) -> web.StreamResponse:
    headers = {**reply.headers, "Content-Type": reply.content_type}
    if not reply.cut:
        return web.Response(status=reply.status, body=reply.content, headers=headers)
    response = web.StreamResponse(status=reply.status, headers=headers)
    response.content_length = len(reply.content)
    await response.prepare(request)
    await response.write(reply.content[: len(reply.content) // 2])
    raise DroppedError
