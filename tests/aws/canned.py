"""A server with canned answers of STS, SSM and the container credentials' endpoint: fast, where moto is not needed.

Every parameter listing is empty. Every credential has a serial number, and lives as long as the test says.
"""

from __future__ import annotations

import itertools
import json
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from aiohttp import web

from tests.aws.background import in_background
from tests.aws.errors import ACCOUNT
from tests.aws.wire import JSON_TYPE, Call

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Iterator

CREDENTIALS_PATH: Final = "/v1/credentials"


class Canned:
    """A running server; its attributes may be changed at any time."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.url = ""
        self.lifetime = 3600.0
        self.status = 200
        self.calls: list[Call] = []
        self.authorizations: list[str] = []
        """What the container credentials' endpoint was shown."""
        self._tls = tls
        self._serial = itertools.count(1)

    def count(self, action: str) -> int:
        """How often an action was asked for."""
        return sum(call.action == action for call in self.calls)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Answer requests on a free port."""
        runner = web.ServerRunner(web.Server(handler=self._handle, access_log=None), shutdown_timeout=0.01)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self._tls).start()
            self.url = f"{'https' if self._tls else 'http'}://localhost:{runner.addresses[0][1]}"
            yield
        finally:
            await runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == CREDENTIALS_PATH:
            self.authorizations.append(request.headers.get("Authorization", ""))
            return web.json_response(self._credentials() | {"AccountId": ACCOUNT}, status=self.status)
        call = Call.read(request.headers, await request.read())
        self.calls.append(call)
        if call.service == "ssm":
            return web.Response(body=json.dumps({"Parameters": []}), content_type=JSON_TYPE)
        return web.Response(body=self._sts(call), content_type="text/xml", status=self.status)

    def _credentials(self) -> dict[str, str]:
        end = datetime.now(UTC) + timedelta(seconds=self.lifetime)
        number = next(self._serial)
        return {
            "AccessKeyId": f"ASIA{number:016}",
            "SecretAccessKey": "dummy",
            "Token": f"token-{number}",
            "Expiration": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    def _sts(self, call: Call) -> str:
        if self.status != 200:
            return "<ErrorResponse><Error><Code>ServiceUnavailable</Code><Message/></Error></ErrorResponse>"
        if call.action == "GetCallerIdentity":
            return _result(
                call, f"<Arn>arn:aws:iam::{ACCOUNT}:user/x</Arn><UserId>x</UserId><Account>{ACCOUNT}</Account>"
            )
        got = self._credentials()
        got["SessionToken"] = got.pop("Token")
        fields = "".join(f"<{key}>{value}</{key}>" for key, value in got.items())
        arn = call.body["RoleArn"].replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")
        who = f"<AssumedRoleUser><AssumedRoleId>x</AssumedRoleId><Arn>{arn}/x</Arn></AssumedRoleUser>"
        return _result(call, f"<Credentials>{fields}</Credentials>{who}")


@contextmanager
def run_canned(tls: ssl.SSLContext | None = None) -> Iterator[Canned]:
    """Run a server on a free port of the loopback, with TLS if it is given how."""
    server = Canned(tls)
    with in_background(server.serving()):
        yield server


def _result(call: Call, content: str) -> str:
    return (
        f'<{call.action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        f"<{call.action}Result>{content}</{call.action}Result></{call.action}Response>"
    )
