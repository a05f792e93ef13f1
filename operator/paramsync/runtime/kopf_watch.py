"""Kopf, which watches syncs and stores: ``on.event`` and nothing else of it.

See docs/decisions/0001-on-event-and-a-queue.md. It ends when a definition is deleted, and when it is refused for a
minute: a namespace that may not be read any more is therefore taken from it as soon as it is refused there.
"""

import asyncio
import re
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Final, Protocol
from urllib.parse import unquote

import aiohttp
import kopf
from kopf._cogs.structs.references import Insights, NamespaceName
from pydantic import JsonValue

from paramsync.api.base import GROUP, VERSION
from paramsync.api.sources import StoreKind
from paramsync.kube.credentials import Connection
from paramsync.kube.customs import CLUSTER_STORES, PARAMETER_STORES, SYNCS
from paramsync.kube.wire import CustomObject

from .login import Login
from .namespaces import Namespaces
from .watch import Watch

NONE_BY_NAME: Final = "!*"
"""A pattern that names no namespace: those to watch are told later. Without any, Kopf would watch the whole cluster."""

_COLLECTION: Final = re.compile(rf"/apis/{GROUP}/{VERSION}/(?:namespaces/([^/]+)/)?([^/]+)")


class Refused(Protocol):
    """Is told when the API server refuses to let a namespace be watched."""

    def __call__(self, namespace: str, why: str) -> None:
        """Take it in."""


async def run_kopf(
    watch: Watch,
    connection: Callable[[], Connection],
    namespaces: Namespaces,
    refused: Refused,
    gone: asyncio.Event,
    ready: asyncio.Event,
    stop: asyncio.Event,
) -> None:
    """Run Kopf until it is stopped or ends.

    :param gone: set when a definition is not served any more. Kopf ends then, but waits for all tasks of the process.
    """
    insights = Insights()
    registry = _registry(watch, connection, namespaces, refused, gone)
    if namespaces.are_all:
        await _run(registry, insights, ready, stop, clusterwide=True)
        return
    following = asyncio.create_task(_follow(namespaces, insights), name="namespaces")
    try:
        await _run(registry, insights, ready, stop, clusterwide=False)
    finally:
        following.cancel()


async def _run(
    registry: kopf.OperatorRegistry, insights: Insights, ready: asyncio.Event, stop: asyncio.Event, *, clusterwide: bool
) -> None:
    await kopf.operator(
        registry=registry,
        settings=_settings(),
        insights=insights,
        standalone=True,
        clusterwide=clusterwide,
        namespaces=() if clusterwide else (NONE_BY_NAME,),
        ready_flag=ready,
        stop_flag=stop,
    )


async def _follow(namespaces: Namespaces, insights: Insights) -> None:
    """Let Kopf watch the namespaces that may be read, and no others. One that it is told of later it lists first."""
    changed = asyncio.Event()
    namespaces.follow(changed.set)
    while True:
        changed.clear()
        async with insights.revised:
            insights.namespaces.clear()
            insights.namespaces.update(map(NamespaceName, namespaces.readable))
            insights.revised.notify_all()
        await changed.wait()


def _registry(
    watch: Watch,
    connection: Callable[[], Connection],
    namespaces: Namespaces,
    refused: Refused,
    gone: asyncio.Event,
) -> kopf.OperatorRegistry:
    registry = kopf.OperatorRegistry()
    logins = Login(connection)

    @kopf.on.login(registry=registry)
    async def login(**_: object) -> kopf.AiohttpSession:
        return await logins.now(partial(session, refused=refused, gone=gone))

    @kopf.on.event(GROUP, VERSION, SYNCS, registry=registry)
    async def sync_event(type: str | None, body: kopf.Body, **_: object) -> None:  # noqa: A002
        watch.sync(_parsed(dict(body)), deleted=type == "DELETED")

    @kopf.on.event(GROUP, VERSION, PARAMETER_STORES, registry=registry)
    async def store_event(type: str | None, body: kopf.Body, **_: object) -> None:  # noqa: A002
        watch.store(StoreKind.PARAMETER_STORE, _parsed(dict(body)), deleted=type == "DELETED")

    if CLUSTER_STORES in namespaces.kinds:

        @kopf.on.event(GROUP, VERSION, CLUSTER_STORES, registry=registry)
        async def cluster_store_event(type: str | None, body: kopf.Body, **_: object) -> None:  # noqa: A002
            watch.store(StoreKind.CLUSTER_PARAMETER_STORE, _parsed(dict(body)), deleted=type == "DELETED")

    return registry


def session(now: kopf.ConnectionInfo, refused: Refused, gone: asyncio.Event) -> kopf.AiohttpSession:
    """A session such as Kopf makes itself, that tells of refusals. Kopf closes it when it expires or is refused."""
    tracing = aiohttp.TraceConfig()

    async def seen(_session: object, _context: object, answered: aiohttp.TraceRequestEndParams) -> None:
        place = _COLLECTION.fullmatch(answered.url.path)
        if place is None:
            return
        if answered.response.status == HTTPStatus.NOT_FOUND:
            gone.set()
        if answered.response.status == HTTPStatus.FORBIDDEN and place[1] is not None:
            namespace, plural = unquote(place[1]), place[2]
            verb = "watch" if "watch" in answered.url.query else "list"
            refused(namespace, f"{verb} {plural} in namespace {namespace}: the API server refuses (Forbidden)")

    tracing.on_request_end.append(seen)
    connections = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ssl=now.as_ssl_context()),
        headers=now.as_http_headers(),
        trace_configs=[tracing],
    )
    return kopf.AiohttpSession(server=now.server, aiohttp_session=connections, expiration=now.expiration)


def _parsed(body: dict[str, JsonValue]) -> CustomObject:
    return CustomObject.model_validate(body)


def _settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 5
    # A minute in all, as by default; but when the API server is there again, the watch is soon there, too.
    settings.networking.error_backoffs = (1, 1, 2, 3, *(5 for _ in range(10)))
    settings.watching.server_timeout = 600
    settings.watching.connect_timeout = 5
    settings.watching.chunk_size = 500
    # Half the memory at 10,000 objects: a worker per object does not outlive its event.
    settings.queueing.idle_timeout = 0.1
    settings.queueing.exit_timeout = 0.1
    return settings
