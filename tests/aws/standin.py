"""What the stand-ins for AWS have in common: they serve on the loopback, and faults by rule befall their requests."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web

from tests.aws.clients import REGION, ssm_client
from tests.aws.errors import ACCOUNT
from tests.aws.rules import Rule, before
from tests.aws.wire import Call, DroppedError, Fault, Reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import ExitStack

    from mypy_boto3_ssm import SSMClient

    from tests.aws.wire import Proceed


class StandIn(ABC):
    """A server that clients take for AWS; all public methods are for the test's thread."""

    def __init__(self, clients: ExitStack) -> None:
        self.url = ""
        self.failures: list[Exception] = []
        self._clients = clients
        self._rules: list[Rule] = []

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

    def client(self, region: str = REGION, *, account: str = ACCOUNT, timeout: float = 10) -> SSMClient:
        """Return a client of this stand-in that tries once; it is closed with the stand-in."""
        client = ssm_client(self.url, region, account, timeout)
        self._clients.callback(client.close)
        return client

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Answer requests on a free port. What still hangs at the end is dropped."""
        runner = web.ServerRunner(web.Server(handler=self._handle, access_log=None), shutdown_timeout=0.01)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield
        finally:
            await runner.cleanup()

    @abstractmethod
    async def _answer(self, call: Call) -> Reply:
        """Answer a call, through the rules."""

    def _ruled(self, call: Call, proceed: Proceed) -> Proceed:
        """Return `proceed` with all rules in front of it."""
        for rule in tuple(self._rules):
            proceed = before(rule, call, proceed)
        return proceed

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            call = Call.read(request.headers, await request.read())
            return await _send(request, await self._answer(call))
        except (DroppedError, ConnectionResetError):  # a fault, or a client that was killed
            if request.transport is not None:
                request.transport.close()
            return web.Response()
        except Exception as error:
            self.failures.append(error)
            raise


async def _send(request: web.BaseRequest, reply: Reply) -> web.StreamResponse:
    headers = {**reply.headers, "Content-Type": reply.content_type}
    if not reply.cut:
        return web.Response(status=reply.status, body=reply.content, headers=headers)
    response = web.StreamResponse(status=reply.status, headers=headers)
    response.content_length = len(reply.content)
    await response.prepare(request)
    await response.write(reply.content[: len(reply.content) // 2])
    raise DroppedError
