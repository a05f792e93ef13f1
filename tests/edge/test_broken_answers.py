"""Answers of whatever stands in for the API server that are no HTTP, or lead elsewhere: they are not quoted."""

import base64
import io
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from paramsync.kube.errors import Unavailable
from paramsync.kube.transport import Transport, connect
from tests.unit.hidden import logged

VALUE = b"hunter2-9xQ"
BODY = {"data": {"PASSWORD": base64.b64encode(VALUE).decode()}}
SHOWN = (VALUE.decode(), BODY["data"]["PASSWORD"])

ECHOES: dict[str, Callable[[bytes], bytes]] = {
    "no status line": lambda body: body + b"\r\n\r\n",
    "a header without a name": lambda body: b"HTTP/1.1 200 OK\r\n" + body + b"\r\nContent-Length: 2\r\n\r\n{}",
    "a status that is none": lambda body: b"HTTP/1.1 " + body + b"\r\n\r\n",
    "a chunk without a size": lambda body: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body + b"\r\n",
    "an encoding that it has not": lambda body: b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + body,
    "an error page": lambda body: b"HTTP/1.1 502 Bad Gateway\r\n\r\n<html><pre>" + body + b"</pre></html>",
    "a status that quotes": lambda body: b"HTTP/1.1 500 " + body + b"\r\nContent-Length: 0\r\n\r\n",
    "a redirect that quotes": lambda body: b"HTTP/1.1 307 Gone\r\nLocation: http://127.0.0.1:1/" + body + b"\r\n\r\n",
}


class Server:
    """Answers every request with what is made of its body, and closes the connection."""

    def __init__(self) -> None:
        self.answer: Callable[[bytes], bytes] = ECHOES["no status line"]
        self.asked: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with closing(connection):
                asked = connection.recv(65536)
                self.asked.append(asked)
                connection.sendall(self.answer(asked.partition(b"\r\n\r\n")[2] or VALUE))

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve)
    thread.start()
    yield server
    server.close()
    thread.join()


@pytest.fixture
def transport(server: Server, tmp_path: Path) -> Iterator[Transport]:
    kubeconfig = {
        "clusters": [{"name": "a", "cluster": {"server": server.url}}],
        "users": [{"name": "a", "user": {}}],
        "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
        "current-context": "a",
    }
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(kubeconfig))
    transport = connect(str(tmp_path / "kubeconfig"), None, 1)
    yield transport
    transport.close()


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    with logged("text") as written:
        yield written


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("echo", ECHOES)
def test_an_answer_that_is_broken_is_not_quoted(
    server: Server, transport: Transport, log: io.StringIO, method: str, echo: str
) -> None:
    server.answer = ECHOES[echo]
    told = ""
    try:
        transport.request(method, "/api", what="apply Secret pay", body=None if method == "GET" else BODY)
    except Unavailable as error:
        told = str(error)
    logging.getLogger("paramsync").debug("a line")
    assert server.asked
    assert "a line" in log.getvalue()
    assert [form for form in SHOWN if form in told + log.getvalue()] == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_a_redirect_is_not_followed(
    server: Server, transport: Transport, log: io.StringIO, method: str, status: int
) -> None:
    elsewhere = Server()
    with closing(elsewhere):
        server.answer = lambda _: (
            f"HTTP/1.1 {status} Moved\r\nLocation: {elsewhere.url}/api\r\nContent-Length: 0\r\n\r\n".encode()
        )
        with pytest.raises(
            Unavailable, match="no answer from the API server: it redirects elsewhere; is there a proxy"
        ):
            transport.request(method, "/api", what="apply Secret pay", body=None if method == "GET" else BODY)
        elsewhere._socket.setblocking(False)
        with pytest.raises(BlockingIOError):
            elsewhere._socket.accept()
