"""Those who quote the Secrets that they are shown: an admission policy, a webhook, a gateway."""

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from urllib.parse import quote

from aiohttp import web
from kubernetes.client.exceptions import ApiException

from tests.aws.background import in_background
from tests.cluster.cluster import Cluster
from tests.cluster.waiting import wait_until
from tests.e2e.gateway import Answer
from tests.e2e.scene import Json

ADMISSION = "/apis/admissionregistration.k8s.io/v1"
PROBE = {"PROBE": base64.b64encode(b"quoted").decode()}
RULE = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["secrets"]}


def quoted(secret: Json) -> str:
    """A Secret with its values, and its values in clear."""
    clear = [base64.b64decode(each).decode() for each in secret.get("data", {}).values()]
    return "\n".join([json.dumps(secret), *clear])


def of_namespace(namespace: str) -> Json:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}


@contextmanager
def quoting_policy(cluster: Cluster, namespace: str, *, denies: str, warns: str) -> Iterator[None]:
    """Deny one Secret of a namespace, and warn of another one, with messages that quote their data."""
    made = []
    for action, secret in (("Warn", warns), ("Deny", denies)):
        name = f"{action.lower()}-{namespace}"
        validation = {
            "expression": "false",
            # At run time the values are in base64 here, and CEL cannot decode it.
            "messageExpression": "object.data.map(k, k + ' is ' + string(object.data[k])).join(', ')",
        }
        rules = {"resourceRules": [{**RULE, "resourceNames": [secret]}]}
        policy = {"metadata": {"name": name}, "spec": {"matchConstraints": rules, "validations": [validation]}}
        spec = {"policyName": name, "validationActions": [action], "matchResources": of_namespace(namespace)}
        for kind, body in (("policies", policy), ("policybindings", {"metadata": {"name": name}, "spec": spec})):
            cluster.request("POST", f"{ADMISSION}/validatingadmission{kind}", body)
            made.append(f"{ADMISSION}/validatingadmission{kind}/{name}")
    try:
        wait_until(
            lambda: f"PROBE is {PROBE['PROBE']}" in _probed(cluster, namespace, denies), "the policy is in force"
        )
        yield
    finally:
        for path in reversed(made):
            cluster.request("DELETE", path)


WEBHOOK = "quotes.example.com"


def _denial(code: int, text: str, **status: object) -> Json:
    return {"allowed": False, "status": {"code": code, "message": text, **status}}


def _causes(text: str) -> Json:
    return {"name": text, "kind": text, "causes": [{"field": text, "message": text, "reason": text}]}


REVIEWS: dict[str, Callable[[Json], Json]] = {
    "message": lambda secret: _denial(403, quoted(secret)),
    "reason": lambda secret: _denial(403, "no", reason=quoted(secret)),
    "fields": lambda secret: _denial(422, quoted(secret), reason="Invalid", details=_causes(quoted(secret))),
    "warnings": lambda secret: {"allowed": True, "warnings": [f"{k} is {v}" for k, v in secret["data"].items()]},
}
"""What the webhook says of a Secret, by what comes after the last dash of its name: ``refused-by-message``."""


@dataclass
class QuotingWebhook:
    """A validating webhook. What it has no review for, it fails to review, and quotes it in its error."""

    tls: ssl.SSLContext = field(repr=False)
    url: str = ""
    seen: list[str] = field(default_factory=list)
    """The names of the Secrets that it was asked about."""

    _open: set[asyncio.Transport] = field(default_factory=set)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["QuotingWebhook"]:
        """Listen on a free port."""
        runner = web.ServerRunner(web.Server(self._review, access_log=None), shutdown_timeout=0.01)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self.tls).start()
            self.url = f"https://127.0.0.1:{runner.addresses[0][1]}/"
            yield self
        finally:
            await runner.cleanup()
            # The API server keeps its connections, and the end of TLS would wait for it longer than this loop runs.
            for transport in self._open:
                transport.abort()

    async def _review(self, request: web.BaseRequest) -> web.Response:
        if request.transport is not None:
            self._open.add(request.transport)
        review = json.loads(await request.read())
        asked = review["request"]
        self.seen.append(asked["name"])
        answer = REVIEWS.get(asked["name"].rpartition("-")[2])
        if answer is None:
            return web.Response(status=500, text=quoted(asked["object"]))
        response = {"uid": asked["uid"], **answer(asked["object"])}
        return web.json_response({"apiVersion": review["apiVersion"], "kind": review["kind"], "response": response})


@contextmanager
def quoting_webhook(cluster: Cluster, namespace: str, prefix: str) -> Iterator[QuotingWebhook]:
    """A webhook that is asked about all Secrets of a namespace whose names begin so."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(cluster.certificates.server.certificate, cluster.certificates.server.key)
    with in_background(QuotingWebhook(tls).serving()) as running:
        authority = base64.b64encode(cluster.certificates.authority.read_bytes()).decode()
        webhook = {
            "name": WEBHOOK,
            "clientConfig": {"url": running.url, "caBundle": authority},
            "rules": [RULE],
            "matchConditions": [{"name": "ours", "expression": f"request.name.startsWith('{prefix}')"}],
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            **of_namespace(namespace),
        }
        path, name = f"{ADMISSION}/validatingwebhookconfigurations", f"quotes-{namespace}"
        cluster.request("POST", path, {"metadata": {"name": name}, "webhooks": [webhook]})
        try:
            probe = f"{prefix}probe-message"
            wait_until(lambda: WEBHOOK in _probed(cluster, namespace, probe), "the webhook is asked")
            yield running
        finally:
            cluster.request("DELETE", f"{path}/{name}")


def _probed(cluster: Cluster, namespace: str, name: str) -> str:
    """Why a Secret of this name would be refused."""
    probe = {"metadata": {"name": name}, "data": PROBE}
    try:
        cluster.request("POST", f"/api/v1/namespaces/{namespace}/secrets", probe, query={"dryRun": "All"})
    except ApiException as error:
        return str(error.body)
    return ""


def _status(code: int, content: bytes, **more: object) -> web.Response:
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "message": _text(content), **more}
    return web.json_response(body, status=code)


def _invalid(content: bytes) -> web.Response:
    """As the API server says it of a label; of a Secret's data it quotes nothing."""
    cause = f'Invalid value: "{_text(content)}": a valid label must be an empty string or consist of alphanumerics'
    causes = [{"reason": "FieldValueInvalid", "message": cause, "field": "metadata.labels"}]
    return _status(422, content, reason="Invalid", details={"kind": "Secret", "causes": causes})


def _text(content: bytes) -> str:
    return quoted(json.loads(content))


ECHOES: dict[str, Answer] = {
    "error": lambda content: _status(500, content, reason="InternalError"),
    "page": lambda content: web.Response(
        status=500, content_type="text/html", text=f"<html><pre>{_text(content)}</pre></html>"
    ),
    "invalid": _invalid,
    "reason": lambda content: _status(403, content, reason=_text(content), details=_causes(_text(content))),
    "busy": lambda content: web.Response(
        status=429, text=_text(content), headers={"Retry-After": quote(_text(content))}
    ),
    "large": lambda content: web.Response(status=413, text=_text(content)),
    "gone": lambda content: web.Response(status=410, text=_text(content), reason="Gone"),
    "redirect": lambda content: web.Response(
        status=307, headers={"Location": f"http://127.0.0.1:1/{quote(_text(content))}"}
    ),
    "success": lambda content: web.Response(content_type="text/html", text=f"<html>{_text(content)}</html>"),
    "object": lambda content: web.json_response({"metadata": {"name": "a"}, "data": {"A": _text(content)}}),
    "raw": lambda content: content + b"\r\n\r\n",
    "header": lambda content: b"HTTP/1.1 500 Oops\r\n" + content + b"\r\nContent-Length: 0\r\n\r\n",
    "line": lambda content: b"HTTP/1.1 500 " + content + b"\r\nContent-Length: 0\r\n\r\n",
}
"""What a gateway makes of a Secret in a request, or in the API server's answer."""


def where_values_are(echo: Answer, seen: list[bytes]) -> Answer:
    """Quote what is read with its values, which is noted as seen; what is read without them passes."""

    def answer(content: bytes) -> web.Response | bytes:
        if "data" not in json.loads(content):
            return web.Response(body=content, content_type="application/json")
        seen.append(content)
        return echo(content)

    return answer
