"""``/metrics``, for everybody who reaches the port, or for those who know a token.

A token in a file, and not the review of a Kubernetes token by the API server: that needs rights on the whole cluster,
which an installation for some namespaces does not have, and lets whoever reaches the port make work for the API server.
"""

import hmac
import logging
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from aiohttp import web

from .certificates import Certificate
from .exposition import CONTENT_TYPE

log = logging.getLogger(__name__)


class ListenError(Exception):
    """Metrics cannot be served as they were told to be; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Protection:
    """How metrics are protected."""

    certificate: Certificate | None = None
    """None: HTTP without TLS."""

    token_file: Path | None = None
    """None: for everybody who reaches the port."""

    def check(self) -> None:
        """Return if it can be done so.

        :raises ListenError: if it cannot.
        """
        if self.token_file is None:
            return
        if self.certificate is None:
            raise ListenError("a token would be sent in clear; give a certificate, too")
        if _token(self.token_file) is None:
            raise ListenError(f"{self.token_file}: there is no token in it, or it cannot be read")


def metrics_app(page: Callable[[], bytes], token_file: Path | None = None) -> web.Application:
    """The application that answers to Prometheus.

    :param token_file: read for each request, so that a token which is renewed in it is used at once.
    """

    async def answer(request: web.Request) -> web.Response:
        if token_file is not None and not _is_admitted(request.headers.get("Authorization", ""), token_file):
            return web.Response(
                text="a bearer token is needed, and it must be the one in the operator's file\n",
                status=HTTPStatus.UNAUTHORIZED,
                headers={"WWW-Authenticate": "Bearer"},
            )
        return web.Response(body=page(), headers={"Content-Type": CONTENT_TYPE})

    app = web.Application()
    app.router.add_get("/metrics", answer)
    return app


def _is_admitted(authorization: str, file: Path) -> bool:
    wanted = _token(file)
    if wanted is None:
        log.warning("the token for metrics cannot be read", extra={"path": str(file)})
        return False
    scheme, _, given = authorization.partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), wanted)


def _token(file: Path) -> bytes | None:
    """The token in a file; None if there is none."""
    try:
        return file.read_bytes().strip() or None
    except OSError:
        return None
