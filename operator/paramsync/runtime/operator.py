"""The operator's process: probes and metrics, signals, waiting for the definitions, and the parts' start and end.

At SIGTERM: not ready; the queue and the feeds close; running applies end (at most 20 s); then the fence
closes, Kopf stops, and the process ends.
"""

import asyncio
import logging
import signal
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from paramsync.kube.customs import Customs
from paramsync.kube.errors import ApiError
from paramsync.kube.transport import Transport

from .http import Server, probes
from .kopf_watch import run_kopf
from .leadership import Alone, ByOneLease, Leadership, LeaseName
from .logs import crash, lost_task
from .metrics import Metrics
from .metrics.serving import Protection, metrics_app
from .replica import AWS_THREADS, Replica
from .settings import Settings
from .threads import Threads

log = logging.getLogger(__name__)

KUBE_THREADS: Final = 8
API_CONNECTIONS: Final = KUBE_THREADS + AWS_THREADS + 1
"""To the API server: those who ask AWS ask it for tokens of service accounts; one renews the Lease."""

KOPF_ENDS: Final = 10.0
"""Seconds that Kopf has to end. When it ends by itself it waits for all tasks that are younger, also for ours."""


class OperatorEnded(Exception):  # noqa: N818
    """The operator cannot go on."""


@dataclass(frozen=True, slots=True)
class Listen:
    """Where probes and metrics are served."""

    host: str = ""
    port: int = 8080
    """Of the probes."""

    port_file: Path | None = None
    """Where the port is written once it is listened on."""

    metrics_port: int = 8081
    metrics_port_file: Path | None = None
    metrics_protection: Protection = field(default_factory=Protection)


def _ended(part: asyncio.Task[object], *_: asyncio.Task[object]) -> OperatorEnded:
    """Why the operator cannot go on without a part of it."""
    failure = None if part.cancelled() else part.exception()
    log.error("a part of the operator ended", extra={"part": part.get_name(), "crash": failure and crash(failure)})
    if part.get_name() in ("kopf", "definitions"):
        return OperatorEnded("the watch ended; are the definitions still there, and the rights to watch them?")
    if part.get_name() == "lease":
        return OperatorEnded("the Lease is lost; another replica may lead now")
    return OperatorEnded(f"a part of the operator ended by itself: {part.get_name()}; see the log")


class Operator:
    """One operator process."""

    def __init__(
        self, transport: Transport, settings: Settings, listen: Listen, lease: LeaseName | None = None
    ) -> None:
        """Make the parts, and start none.

        :param lease: None: this is the only replica.
        """
        self._transport = transport
        self._listen = listen
        self._metrics = Metrics(per_object=settings.metrics.has_objects)
        self._kube = Threads("kube", KUBE_THREADS)
        leadership: Leadership = Alone() if lease is None else ByOneLease(transport, lease)
        self._customs = Customs(transport, leadership)
        self._replica = Replica(transport, self._customs, self._kube, settings, leadership, self._metrics)
        self._watching = asyncio.Event()
        self._gone = asyncio.Event()
        self._stop_kopf = asyncio.Event()
        self._stopping = asyncio.Event()
        self._probes = Server(probes(self._unhealthy, self._unready, self._replica.namespaces.trouble))
        how = listen.metrics_protection
        self._exporter = Server(
            metrics_app(self._metrics.page, how.token_file), how.certificate.context if how.certificate else None
        )

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT.

        :raises OSError: if probes and metrics cannot be served.
        :raises OperatorEnded: if the watch ended by itself, or the Lease is lost.
        """
        asyncio.get_running_loop().set_exception_handler(lost_task)
        listen = self._listen
        port = await self._probes.start(listen.host, listen.port, listen.port_file)
        metrics_port = await self._exporter.start(listen.host, listen.metrics_port, listen.metrics_port_file)
        log.info("serving probes and metrics", extra={"port": port, "metrics_port": metrics_port})
        self._on_signals()
        try:
            if await self._kinds_served():
                await self._work()
        finally:
            await self._close_servers()
            self._replica.close()
            self._kube.close()
            self._transport.close()
        log.info("stopped")

    async def _work(self) -> None:
        parts = await self._replica.begin()
        # Kopf cancels every task that was made after its start, so it must be stopped last.
        kopf = asyncio.create_task(
            run_kopf(
                self._replica.watch,
                self._transport.connection,
                self._replica.namespaces,
                self._replica.refused,
                self._gone,
                self._watching,
                self._stop_kopf,
            ),
            name="kopf",
        )
        after_kopf = asyncio.create_task(self._signals_after_kopf(), name="signals")
        stopping = asyncio.create_task(self._stopping.wait(), name="stopping")
        gone = asyncio.create_task(self._gone.wait(), name="definitions")
        ended, _ = await asyncio.wait([kopf, gone, stopping, *parts], return_when=asyncio.FIRST_COMPLETED)
        ended_by_itself = not self._stopping.is_set()
        self._stopping.set()
        log.info("stopping")
        await self._replica.end()
        after_kopf.cancel()
        # For each connection that is left open, as Prometheus does, Kopf would wait for five seconds.
        await self._close_servers()
        self._stop_kopf.set()
        gone.cancel()
        await asyncio.gather(after_kopf, stopping, gone, return_exceptions=True)
        await asyncio.wait([kopf], timeout=KOPF_ENDS)
        if ended_by_itself:
            raise _ended(*ended)

    async def _close_servers(self) -> None:
        await asyncio.gather(self._probes.close(), self._exporter.close())

    async def _kinds_served(self) -> bool:
        """Wait until the API server serves our kinds: Kopf is deaf for ever to kinds that are absent at its start."""
        said = None
        while not self._stopping.is_set():
            try:
                if await self._kube.run(self._customs.are_served, self._replica.namespaces.kinds):
                    return True
                wrong = "the definitions are not served yet; apply crds/"
            except ApiError as error:
                wrong = str(error)
            if wrong != said:
                log.warning("waiting for the API server", extra={"what": wrong})
                said = wrong
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._stopping.wait()
        return False

    def _on_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._stopping.set)

    async def _signals_after_kopf(self) -> None:
        """Kopf installs its own signal handlers before it is ready; those that are set after that win."""
        await self._watching.wait()
        self._on_signals()
        log.info("watching")

    def _unready(self) -> str | None:
        if self._stopping.is_set():
            return "stopping"
        if not self._watching.is_set():
            return "not watching yet: are the definitions applied?"
        namespaces = self._replica.namespaces
        if not self._replica.has_listed or not namespaces.readable:
            return namespaces.trouble() or "not listed yet: may the operator list syncs and stores?"
        return None

    def _unhealthy(self) -> str | None:
        if not self._stopping.is_set() and self._replica.has_lost_a_worker:
            return "a worker has ended"
        return None
