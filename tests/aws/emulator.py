"""moto's server for SSM and STS, in a thread of the test's process."""

from __future__ import annotations

import re
import threading
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from typing import TYPE_CHECKING

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from tests.aws.clients import REGION, ssm_client
from tests.aws.errors import ACCOUNT
from tests.aws.names import STANDARD, check

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIEnvironment

    from mypy_boto3_ssm import SSMClient

    from tests.aws.names import ParameterType

ACCOUNT_OF_KEY = re.compile(r"Credential=AKIA(\d{12})/")


class Emulator:
    """A running emulator. Read its parameters through a proxy: asked directly, moto says things AWS does not."""

    def __init__(self, host: str, port: int, clients: ExitStack) -> None:
        self.url = f"http://{host}:{port}"
        self._address = (host, port)
        self._clients = clients
        self._writers: dict[tuple[str, str], SSMClient] = {}

    def client(self, region: str = REGION, *, account: str = ACCOUNT) -> SSMClient:
        """Return a client that asks moto directly; it is closed with the emulator."""
        client = ssm_client(self.url, region, account)
        self._clients.callback(client.close)
        return client

    def put(
        self,
        name: str,
        value: str,
        type: ParameterType = "String",  # noqa: A002 - as boto3 and AWS call it
        *,
        region: str = REGION,
        account: str = ACCOUNT,
    ) -> int:
        """Create the parameter, or a new version of it, and return the version.

        Raises:
            ValueError: AWS would not take this name or value; moto would.
        """
        size = check(name, value)
        answer = self._writer(region, account).put_parameter(
            Name=name,
            Value=value,
            Type=type,
            Tier="Standard" if size <= STANDARD else "Advanced",
            Overwrite=True,
        )
        return answer["Version"]

    def delete(self, name: str, *, region: str = REGION, account: str = ACCOUNT) -> None:
        """Delete the parameter. Raises the client's ParameterNotFound if there is none."""
        self._writer(region, account).delete_parameter(Name=name)

    def reset(self) -> None:
        """Forget everything, in all accounts and Regions."""
        connection = HTTPConnection(*self._address, timeout=10)
        try:
            connection.request("POST", "/moto-api/reset")
            status = connection.getresponse().status
        finally:
            connection.close()
        if status != 200:
            raise RuntimeError(f"the emulator answered {status} to a reset")

    def _writer(self, region: str, account: str) -> SSMClient:
        if (region, account) not in self._writers:
            self._writers[region, account] = self.client(region, account=account)
        return self._writers[region, account]


@contextmanager
def run_emulator() -> Iterator[Emulator]:
    """Run an emulator on a free port of the loopback."""
    server = make_server("127.0.0.1", 0, _Application(), threaded=True, request_handler=_QuietHandler)
    thread = threading.Thread(target=server.serve_forever, name="aws-emulator", daemon=True)
    thread.start()
    try:
        with ExitStack() as clients:
            yield Emulator("127.0.0.1", server.server_port, clients)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _QuietHandler(MotoRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing for a request."""


class _Application:
    """moto's application, with the account of the access key, one request at a time.

    moto iterates over dictionaries that a request in another thread may change, and then answers 500.
    """

    def __init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if found := ACCOUNT_OF_KEY.search(environ.get("HTTP_AUTHORIZATION", "")):
            # moto finds the account of a role's session itself, by its temporary key.
            environ["HTTP_X_MOTO_ACCOUNT_ID"] = found[1]
        with self._lock:
            answer: Iterable[bytes] = self._moto(environ, start_response)
            return answer
