"""A forward proxy as a company has one: it passes on what it is asked to, records it, and can refuse."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING

from tests.aws.background import in_background

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

TARGET = re.compile(rb"^([A-Z]+) (?:http://)?([^/ ]+)(\S*) HTTP/1\.[01]\r\n")


class Tunnel:
    """A running forward proxy. `asked` has each host and port it was asked for, of http with the method before it."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[str] = []
        self._open: set[asyncio.StreamWriter] = set()
        self._running: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Pass on connections on a free port. Only the loopback is reached; anything else is refused."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield
        finally:
            server.close()
            for writer in self._open:
                writer.close()
            await asyncio.gather(*self._running)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._handle(reader, writer))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            found = TARGET.match(head)
            assert found is not None, head
            method, target, path = (part.decode() for part in found.groups())
            self.asked.append(f"{method} {target}")
            host, _, port = target.partition(":")
            if host != "localhost":
                writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            else:
                far_reader, far_writer = await asyncio.open_connection("127.0.0.1", int(port or 80))
                self._open.add(far_writer)
                if method == "CONNECT":
                    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                else:
                    far_writer.write(head.replace(f"http://{target}{path}".encode(), path.encode(), 1))
                await asyncio.gather(_pipe(reader, far_writer), _pipe(far_reader, writer))
        writer.close()


@contextmanager
def run_tunnel() -> Iterator[Tunnel]:
    """Run a forward proxy on a free port of the loopback."""
    tunnel = Tunnel()
    with in_background(tunnel.serving()):
        yield tunnel


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
