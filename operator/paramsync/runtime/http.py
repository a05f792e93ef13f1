"""What listens: an application on a port; and the probes ``/healthz`` and ``/readyz``.

Healthy: the parts that must run are running. Ready: the definitions are served, the watch is up, a namespace
at least can be read, and the operator is not stopping. Neither says anything of AWS: a restart mends nothing there.
"""

import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

Check = Callable[[], str | None]
"""What is wrong, or None."""


class Server:
    """Serves an application over HTTP, or over TLS."""

    def __init__(self, app: web.Application, tls: ssl.SSLContext | None = None) -> None:
        """Serve nothing yet."""
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False)
        self._tls = tls

    async def start(self, host: str, port: int, port_file: Path | None = None) -> int:
        """Listen, and return the port (of use if it was 0).

        :param port_file: where the port is written once it is listened on.
        :raises OSError: if the address cannot be listened on.
        """
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, ssl_context=self._tls)
        await site.start()
        bound: tuple[str, int] = self._runner.addresses[0][:2]
        _tell(bound[1], port_file)
        return bound[1]

    async def close(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()


def probes(healthy: Check, ready: Check, trouble: Check) -> web.Application:
    """The application that answers probes.

    :param trouble: what a ready operator has to tell beside that.
    """
    app = web.Application()
    app.router.add_get("/healthz", _probe(healthy))
    app.router.add_get("/readyz", _probe(ready, trouble))
    return app


def _tell(port: int, file: Path | None) -> None:
    if file is not None:
        file.write_text(str(port))


def _probe(check: Check, trouble: Check = lambda: None) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_: web.Request) -> web.Response:
        wrong, but = check(), trouble()
        if wrong is not None:
            return web.Response(text=f"{wrong}\n", status=503)
        return web.Response(text="ok\n" if but is None else f"ok, but {but}\n")

    return answer
