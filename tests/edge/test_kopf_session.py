"""The sessions that Kopf is given: one after the other, a minute each, and none of them stays open."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import kopf
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from kopf._cogs.clients.auth import APIContext
from kopf._cogs.structs.credentials import Vault

from paramsync.runtime.kopf_watch import session
from tests.cluster.waiting import wait_until

SHORT = timedelta(milliseconds=500)


class Server:
    """Answers with a watch that does not end, and knows who listens."""

    def __init__(self) -> None:
        self.url = ""
        self.listening = 0

    async def watch(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        self.listening += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.listening -= 1
        return response


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A server whose watches go on for ever."""
    served = Server()
    application = web.Application()
    application.router.add_get("/watch", served.watch)
    runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=0.01)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    served.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield served
    await runner.cleanup()


async def test_a_session_that_expires_is_closed_with_the_watches_that_run_in_it(server: Server) -> None:
    vault = Vault()
    given: list[kopf.AiohttpSession] = []
    expiration = datetime.now(UTC)

    async def log_in() -> None:
        nonlocal expiration
        while True:
            await vault.wait_for_emptiness()
            expiration = datetime.now(UTC) + SHORT
            now = kopf.ConnectionInfo(server=server.url, expiration=expiration)
            given.append(session(now, lambda namespace, why: None, asyncio.Event()))
            await vault.populate({"login": given[-1]})

    async def watch() -> APIContext:
        context = await anext(each async for _, _, each in vault.extended(APIContext))
        context.add_response(await context.session.get(f"{server.url}/watch"))
        return context

    logging_in = asyncio.create_task(log_in())
    for turn in range(1, 4):
        context = await watch()
        assert (len(given), context.session.closed) == (turn, False)
        await until(lambda: datetime.now(UTC) > expiration, "it has expired")
    await watch()
    assert [each.aiohttp_session.closed for each in given] == [True, True, True, False]
    await until(lambda: server.listening == 1, "one watch is left")
    await vault.close()
    assert given[-1].aiohttp_session.closed
    await until(lambda: server.listening == 0, "none is left")
    logging_in.cancel()


async def until(condition: Callable[[], bool], what: str) -> None:
    await asyncio.to_thread(wait_until, condition, what)


@pytest.mark.parametrize(
    ("path", "gone"),
    [
        ("/apis/paramsync.dev/v1alpha1/parametersyncs", True),
        ("/apis/paramsync.dev/v1alpha1/namespaces/a/parametersyncs", True),
        ("/api/v1/namespaces", False),
    ],
)
async def test_a_definition_that_is_not_served_any_more_is_told(path: str, gone: bool) -> None:
    told = asyncio.Event()
    async with TestServer(web.Application()) as server:  # it serves nothing at all
        now = kopf.ConnectionInfo(server=str(server.make_url("")))
        made = session(now, lambda namespace, why: None, told)
        async with made.aiohttp_session as connections, connections.get(server.make_url(path)) as answer:
            assert answer.status == 404
    assert told.is_set() is gone
