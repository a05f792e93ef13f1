"""A reader of the targets: it watches the Secrets and ConfigMaps of a namespace, and misses no event."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from aiohttp import ClientSession, ClientTimeout, TCPConnector

from tests.aws.background import in_background
from tests.cluster.asking import asking
from tests.cluster.waiting import wait_until
from tests.kill.rules import Event
from tests.running.objects import PLURALS, decoded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.cluster.cluster import Cluster

END = "the-end"
LONGEST_LINE = 2**24


class Reader:
    """What was seen so far; its methods are for the test's thread."""

    def __init__(self, cluster: Cluster, namespace: str, ignored: frozenset[str]) -> None:
        self._cluster = cluster
        self._path = f"/api/v1/namespaces/{namespace}"
        self._ignored = ignored
        self._ended: set[str] = set()
        self._events: list[Event] = []

    def events(self) -> list[Event]:
        """All that has happened up to now."""
        for kind, plural in PLURALS.items():
            body = {"apiVersion": "v1", "kind": kind, "metadata": {"name": END}}
            self._cluster.request("POST", f"{self._path}/{plural}", body)
        wait_until(lambda: self._ended == set(PLURALS), "the reader has seen the last event")
        return list(self._events)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reader]:
        """Watch until the end of the context."""
        tls = ssl.create_default_context(cafile=str(self._cluster.certificates.authority))
        admin = self._cluster.certificates.admin
        tls.load_cert_chain(admin.certificate, admin.key)
        timeout = ClientTimeout(total=None)
        connector = TCPConnector(ssl=tls)
        async with ClientSession(connector=connector, timeout=timeout, read_bufsize=LONGEST_LINE) as session:
            versions = {kind: await self._version(session, plural) for kind, plural in PLURALS.items()}
            tasks = [asyncio.create_task(self._watch(session, kind, at)) for kind, at in versions.items()]
            yield self
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def _version(self, session: ClientSession, plural: str) -> str:
        async with session.get(f"{self._cluster.url}{self._path}/{plural}") as answer:
            version: str = (await answer.json())["metadata"]["resourceVersion"]
            return version

    async def _watch(self, session: ClientSession, kind: str, version: str) -> None:
        query = {"watch": "1", "resourceVersion": version, "timeoutSeconds": "86400"}
        async with asking(session, "GET", f"{self._cluster.url}{self._path}/{PLURALS[kind]}", params=query) as answer:
            async for line in answer.content:
                self._take(kind, json.loads(line))
        raise AssertionError(f"the watch of {PLURALS[kind]} ended, and what came after that was not seen")

    def _take(self, kind: str, shown: dict[str, Any]) -> None:
        target = {"kind": kind, **shown["object"]}
        metadata = target["metadata"]
        if metadata["name"] == END:
            self._ended.add(kind)
        elif metadata["name"] not in self._ignored:
            data = None if shown["type"] == "DELETED" else decoded(target)
            ref = (kind, metadata["name"])
            self._events.append(Event(int(metadata["resourceVersion"]), time.monotonic(), ref, data))


@contextmanager
def run_reader(cluster: Cluster, namespace: str) -> Iterator[Reader]:
    """Watch the targets of a namespace, from now on. What a new namespace has of its own is no target."""
    with in_background(Reader(cluster, namespace, frozenset({"kube-root-ca.crt"})).reading()) as reader:
        yield reader
