"""A reverse proxy in front of the API server: it records what is asked, holds a request, answers one, lets none pass.

Plain HTTP comes in, HTTPS goes out, with the token that came in; watches are streamed.
"""

import asyncio
import re
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from aiohttp import ClientConnectionError, ClientPayloadError, ClientSession, ClientTimeout, TCPConnector, web
from multidict import CIMultiDict
from yarl import URL

from tests.aws.background import in_background
from tests.cluster.asking import asking
from tests.cluster.cluster import AccountKubeconfig, Cluster

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
OF_THE_HOP = {"host", "connection", "keep-alive", "transfer-encoding", "content-length", "te", "trailer", "upgrade"}


@dataclass(frozen=True)
class Asked:
    """One request that came in."""

    method: str
    path: str
    """Without the query."""
    accept: str

    @property
    def writes(self) -> bool:
        """Whether it would change something."""
        return self.method in WRITES

    @property
    def metadata_only(self) -> bool:
        """Whether its answer is to have no values."""
        return "as=PartialObjectMetadata;" in self.accept


class Hold:
    """Holds one request that it matches, or its answer, and lets the others pass.

    Its methods are for the test's thread.
    """

    def __init__(self, method: str, path: str, skip: int, *, answer: bool) -> None:
        self._method = method
        self._path = re.compile(path)
        self._skip = skip
        self.holds_answer = answer
        self._taken = False
        self._arrived = threading.Event()
        # This kind of future can be set by the test's thread and awaited on the gateway's loop.
        self._end: Future[bool] = Future()

    def arrived(self, timeout: float = 30) -> None:
        """Wait until the request, or its answer, is here. Raises AssertionError if it does not come."""
        assert self.came(timeout), f"no {self._method} of {self._path.pattern} within {timeout} s"

    def came(self, timeout: float) -> bool:
        """Wait until the request, or its answer, is here, but not longer than so many seconds; whether it is."""
        return self._arrived.wait(timeout)

    def release(self) -> None:
        """Let the request go on."""
        self._end.set_result(True)

    def drop(self) -> None:
        """Never let the request go on: the API server does not see it, or nobody gets to know its answer.

        If it has not come, there is nothing to be held any more.
        """
        self._end.set_result(False)

    def takes(self, asked: Asked) -> bool:
        """Whether this is the request."""
        if self._taken or self._end.done():
            return False
        if asked.method != self._method or self._path.search(asked.path) is None:
            return False
        self._skip -= 1
        self._taken = self._skip < 0
        return self._taken

    async def passes(self) -> bool:
        """Hold what is here, and say at the end whether it may go on."""
        self._arrived.set()
        return await asyncio.shield(asyncio.wrap_future(self._end))


Answer = Callable[[bytes], web.Response | bytes]
"""What a gateway answers itself: bytes are sent as they are, be they HTTP or not.

It is given the body of the request; of one that reads, the body that the API server would answer with.
"""


@dataclass
class Fault:
    """Requests that the gateway answers itself."""

    method: str
    path: re.Pattern[str]
    answer: Answer
    hits: int = 0

    def takes(self, asked: Asked) -> bool:
        """Whether this is such a request."""
        return asked.method == self.method and bool(self.path.search(asked.path))


@dataclass
class Gateway:
    """A running gateway; all methods are for the test's thread."""

    kubeconfig: AccountKubeconfig
    upstream: str
    user: dict[str, object]
    """The user in its kubeconfig."""
    warnings: list[str] = field(default_factory=list, init=False)
    """The headers by which the API server has warned so far."""

    tls: ssl.SSLContext = field(repr=False)
    _asked: list[Asked] = field(default_factory=list)
    _holds: list[Hold] = field(default_factory=list)
    _faults: list[Fault] = field(default_factory=list)
    _open: set[asyncio.Transport] = field(default_factory=set)
    _closed: bool = False
    _loop: asyncio.AbstractEventLoop | None = None

    def hold(self, method: str, path: str, *, skip: int = 0, answer: bool = False) -> Hold:
        """Hold the next request of a method to a path, given as a regular expression.

        :param skip: how many such requests pass before.
        :param answer: whether to hold the API server's answer instead, when the request has been carried out.
        """
        hold = Hold(method, path, skip, answer=answer)
        self._holds.append(hold)
        return hold

    @contextmanager
    def answering(self, method: str, path: str, answer: Answer) -> Iterator[Fault]:
        """Answer the requests of a method to a path, a regular expression, until the end of the context."""
        fault = Fault(method, re.compile(path), answer)
        self._faults.append(fault)
        try:
            yield fault
        finally:
            self._faults.remove(fault)

    def asked(self, path: str = "") -> list[Asked]:
        """The requests so far whose path has such a part, in order."""
        return [asked for asked in self._asked if path in asked.path]

    def writes(self, path: str = "") -> list[Asked]:
        """The requests among them that would change something."""
        return [asked for asked in self.asked(path) if asked.writes]

    def forget(self) -> None:
        """Start the record again."""
        self._asked.clear()

    def close(self) -> None:
        """Let nothing pass any more, and end what is open: the API server cannot be reached."""
        self._closed = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._end_open)

    def open(self) -> None:
        """Let everything pass again."""
        self._closed = False

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Gateway"]:
        """Listen on a free port, and write the kubeconfig for it."""
        self._loop = asyncio.get_running_loop()
        async with ClientSession(
            connector=TCPConnector(ssl=self.tls, limit=0), timeout=ClientTimeout(total=None), auto_decompress=False
        ) as session:

            async def handle(request: web.BaseRequest) -> web.StreamResponse:
                transport = request.transport
                if transport is None:
                    return web.Response()
                self._open.add(transport)
                try:
                    return await self._handle(request, session)
                except (ClientConnectionError, ClientPayloadError, ConnectionResetError):
                    return _dropped(request)
                finally:
                    self._open.discard(transport)

            server = web.Server(handle, access_log=None, handler_cancellation=True)
            runner = web.ServerRunner(server, shutdown_timeout=0.01)
            await runner.setup()
            try:
                await web.TCPSite(runner, "127.0.0.1", 0).start()
                self.kubeconfig.write_text(
                    yaml.safe_dump(_kubeconfig(f"http://127.0.0.1:{runner.addresses[0][1]}", self.user))
                )
                yield self
            finally:
                self._end_open()
                await runner.cleanup()

    def _end_open(self) -> None:
        for transport in self._open:
            transport.abort()

    async def _handle(self, request: web.BaseRequest, session: ClientSession) -> web.StreamResponse:
        body = await request.read()
        if self._closed:
            return _dropped(request)
        asked = Asked(request.method, request.path, request.headers.get("Accept", ""))
        self._asked.append(asked)
        hold = next((hold for hold in self._holds if hold.takes(asked)), None)
        if hold is not None and not hold.holds_answer and not await hold.passes():
            return _dropped(request)
        kept = {name: value for name, value in request.headers.items() if name.lower() not in OF_THE_HOP}
        url = URL(f"{self.upstream}{request.raw_path}", encoded=True)
        fault = next((fault for fault in self._faults if fault.takes(asked)), None)
        if fault is not None and asked.writes:
            return _answered(request, fault, body)
        async with asking(session, request.method, url, headers=kept, data=body or None) as answer:
            if hold is not None and hold.holds_answer and not await hold.passes():
                return _dropped(request)
            if fault is not None:
                return _answered(request, fault, await answer.read())
            self.warnings += answer.headers.getall("Warning", [])
            headers = CIMultiDict((k, v) for k, v in answer.headers.items() if k.lower() not in OF_THE_HOP)
            response = web.StreamResponse(status=answer.status, headers=headers)
            await response.prepare(request)
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
            await response.write_eof()
            return response


@contextmanager
def run_gateway(cluster: Cluster, file: Path, account: AccountKubeconfig) -> Iterator[Gateway]:
    """Run a gateway to a control plane, and write the kubeconfig that leads through it.

    :param account: with the token to come with.
    """
    tls = ssl.create_default_context(cafile=str(cluster.certificates.authority))
    (user,) = (each["user"] for each in yaml.safe_load(account.read_text())["users"])
    with in_background(Gateway(AccountKubeconfig(file), cluster.url, user, tls=tls).serving()) as gateway:
        yield gateway


def _answered(request: web.BaseRequest, fault: Fault, content: bytes) -> web.Response:
    fault.hits += 1
    answer = fault.answer(content)
    if isinstance(answer, web.Response):
        return answer
    if request.transport is not None:
        # The connection ends with it: what follows could not be told from a second answer.
        request.transport.write(answer)
    return _dropped(request)


def _dropped(request: web.BaseRequest) -> web.Response:
    if request.transport is not None:
        request.transport.close()
    return web.Response()


def _kubeconfig(url: str, user: dict[str, object]) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "gateway", "cluster": {"server": url}}],
        "users": [{"name": "nobody", "user": user}],
        "contexts": [{"name": "gateway", "context": {"cluster": "gateway", "user": "nobody"}}],
        "current-context": "gateway",
    }
