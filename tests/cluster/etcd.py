"""etcd: how it is started, and a look at the raw keys and values behind the API server."""

import json
import ssl
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any

from tests.cluster.certificates import Certificates

PAGE = 500


def etcd_arguments(port: int, data: Path, certificates: Certificates) -> list[str]:
    """The command line of an etcd on loopback that trades durability for speed."""
    url = f"https://127.0.0.1:{port}"
    return [
        f"--data-dir={data}",
        f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}",
        "--listen-peer-urls=http://127.0.0.1:0",
        f"--cert-file={certificates.server.certificate}",
        f"--key-file={certificates.server.key}",
        f"--trusted-ca-file={certificates.authority}",
        "--client-cert-auth",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


class Etcd:
    """A client of etcd's HTTP gateway."""

    def __init__(self, port: int, certificates: Certificates) -> None:
        self._port = port
        self._tls = ssl.create_default_context(cafile=str(certificates.authority))
        self._tls.load_cert_chain(certificates.server.certificate, certificates.server.key)

    def healthy(self) -> bool:
        """Whether etcd takes requests now."""
        try:
            with closing(self._connect(timeout=1)) as connection:
                connection.request("GET", "/health")
                with connection.getresponse() as response:
                    return bool(json.load(response)["health"] == "true")
        except (OSError, HTTPException, ValueError, KeyError):
            return False

    def dump(self, prefix: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """All keys below a prefix with their current values, page by page, as of one moment.

        Raises OSError or HTTPException if etcd does not answer.
        """
        start = prefix or b"\0"
        end = _end_of(prefix)
        revision = 0
        with closing(self._connect()) as connection:
            while True:
                page = self._range(connection, start, end, revision)
                revision = int(page["header"]["revision"])
                for pair in page.get("kvs", ()):
                    start = b64decode(pair["key"]) + b"\0"
                    yield b64decode(pair["key"]), b64decode(pair.get("value", ""))
                if not page.get("more"):
                    return

    def _range(self, connection: HTTPSConnection, start: bytes, end: bytes, revision: int) -> Any:
        ask = {
            "key": b64encode(start).decode(),
            "range_end": b64encode(end).decode(),
            "limit": PAGE,
            "revision": revision,
        }
        connection.request("POST", "/v3/kv/range", json.dumps(ask), {"Content-Type": "application/json"})
        with connection.getresponse() as response:
            body = response.read()
        if response.status != 200:
            raise HTTPException(f"etcd answered {response.status} {body[:200]!r}")
        return json.loads(body)

    def _connect(self, timeout: float = 10) -> HTTPSConnection:
        return HTTPSConnection("127.0.0.1", self._port, timeout=timeout, context=self._tls)


def _end_of(prefix: bytes) -> bytes:
    """The first key after all that begin with the prefix; one zero byte means the end of everything."""
    kept = prefix.rstrip(b"\xff")
    return kept[:-1] + bytes([kept[-1] + 1]) if kept else b"\0"
