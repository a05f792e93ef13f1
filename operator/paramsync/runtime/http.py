"""``/healthz``, ``/readyz`` and ``/metrics``.

Healthy: the parts that must run are running. Ready: the definitions are served, the watch is up, a namespace
at least can be read, and the operator is not stopping. Neither says anything of AWS: a restart mends nothing there.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

Check = Callable[[], str | None]
"""What is wrong, or None."""


class Server:
    """Serves probes and metrics over HTTP."""

    def __init__(self, registry: CollectorRegistry, healthy: Check, ready: Check, trouble: Check) -> None:
        """Serve nothing yet.

        :param trouble: what a ready operator has to tell beside that.
        """
        self._registry = registry
        app = web.Application()
        app.router.add_get("/healthz", _probe(healthy))
        app.router.add_get("/readyz", _probe(ready, trouble))
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False)

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the port (of use if it was 0).

        :raises OSError: if the address cannot be listened on.
        """
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        bound: tuple[str, int] = self._runner.addresses[0][:2]
        return bound[1]

    async def close(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _probe(check: Check, trouble: Check = lambda: None) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_: web.Request) -> web.Response:
        wrong, but = check(), trouble()
        if wrong is not None:
            return web.Response(text=f"{wrong}\n", status=503)
        return web.Response(text="ok\n" if but is None else f"ok, but {but}\n")

    return answer
