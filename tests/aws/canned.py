"""A server with canned answers of SSM and of all who give credentials: fast, where moto is not needed.

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
METADATA_PATH: Final = "/latest/meta-data/iam/security-credentials/"
METADATA_TOKEN: Final = "token-of-the-instance"
SSO_TOKEN: Final = "token-of-single-sign-on"


class Canned:
    """A running server; its attributes may be changed at any time."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.url = ""
        self.lifetime = 3600.0
        self.status = 200
        self.calls: list[Call] = []
        self.authorizations: list[str] = []
        """What the container credentials' endpoint was shown."""
        self.asked: list[str] = []
        """What the instance's metadata and single sign-on were asked."""
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
        if (answer := self._instance(request) or self._single_sign_on(request)) is not None:
            self.asked.append(f"{request.method} {request.path}")
            return answer
        call = Call.read(request.headers, await request.read())
        self.calls.append(call)
        if call.service == "ssm":
            return web.Response(body=json.dumps({"Parameters": []}), content_type=JSON_TYPE)
        return web.Response(body=self._sts(call), content_type="text/xml", status=self.status)

    def _instance(self, request: web.BaseRequest) -> web.Response | None:
        """The metadata of an EC2 instance, to who has asked for a token."""
        if (request.method, request.path) == ("PUT", "/latest/api/token"):
            return web.Response(text=METADATA_TOKEN)
        if not request.path.startswith(METADATA_PATH):
            return None
        if request.headers.get("X-aws-ec2-metadata-token") != METADATA_TOKEN:
            return web.Response(status=401)
        if request.path == METADATA_PATH:
            return web.Response(text="node")
        return web.json_response(self._credentials() | {"Code": "Success"})

    def _single_sign_on(self, request: web.BaseRequest) -> web.Response | None:
        """AWS SSO: a new token for the one that has ended, and credentials for the new one."""
        if request.path == "/token":
            return web.json_response({"accessToken": SSO_TOKEN, "expiresIn": 3600, "tokenType": "Bearer"})
        if request.path != "/federation/credentials":
            return None
        if request.headers.get("x-amz-sso_bearer_token") != SSO_TOKEN:
            return web.Response(status=401)
        got = self._credentials()
        names = {"accessKeyId": "AccessKeyId", "secretAccessKey": "SecretAccessKey", "sessionToken": "Token"}
        end = datetime.fromisoformat(got["Expiration"]).timestamp()
        answer = {name: got[of] for name, of in names.items()} | {"expiration": int(end * 1000)}
        return web.json_response({"roleCredentials": answer})

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
