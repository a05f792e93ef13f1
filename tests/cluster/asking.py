"""Requests of a test's own loop to a server with TLS."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import ClientResponse, ClientSession
    from yarl import URL


@asynccontextmanager
async def asking(session: ClientSession, method: str, url: str | URL, **options: Any) -> AsyncIterator[ClientResponse]:
    """Send a request; an answer that is not read to its end, like a watch, ends its connection at once.

    To close it, as aiohttp does, is to wait until the other side has closed too. The loop of a test ends before.
    """
    async with session.request(method, url, **options) as answer:
        try:
            yield answer
        finally:
            if answer.connection is not None and answer.connection.transport is not None:
                answer.connection.transport.abort()
