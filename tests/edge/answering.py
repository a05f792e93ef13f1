"""A server in the API server's place that gives one answer to all."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import yaml

from tests.cluster.certificates import Pair
from tests.running.objects import Json


class Answering(ThreadingHTTPServer):
    """The server. It keeps the headers ``Authorization`` that it has seen."""

    def __init__(self, status: int, body: bytes) -> None:
        """Nobody has asked yet."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.body = status, body
        self.proofs: list[str | None] = []

    def handle_error(self, request: object, client_address: object) -> None:
        """A handshake that the other side breaks off is nothing to tell."""


class _Handler(BaseHTTPRequestHandler):
    server: Answering

    def do_GET(self) -> None:
        self.server.proofs.append(self.headers.get("Authorization"))
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextmanager
def answering(status: int = 200, body: bytes = b"{}", shows: Pair | None = None) -> Iterator[Answering]:
    """A server that answers.

    :param shows: its certificate; None: it speaks plain HTTP.
    """
    with Answering(status, body) as server:
        if shows is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(shows.certificate, shows.key)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def write_kubeconfig(path: Path, cluster: Json, user: Json) -> Path:
    """A kubeconfig with one context."""
    content = {
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "a", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "a",
    }
    path.write_text(yaml.safe_dump(content))
    return path
