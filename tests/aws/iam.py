"""IAM in front of the stand-in: every call is authorised by policies, with the resources that AWS takes it for.

Of the listing of a path the literal path is the resource, of GetParameters each parameter; each SecureString that is
decrypted is a use of its key through SSM with the parameter's ARN as context; a role is assumed if its trust policy and
the policy of who assumes it allow that.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.aws.errors import denied, kms_denied

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tests.aws.wire import Call, Proceed, Reply

Json = dict[str, Any]
Context = dict[str, str]

KEY = "key/1234abcd-12ab-34cd-56ef-1234567890ab"
KEY_ID = re.compile(r"<AccessKeyId>(\w+)</AccessKeyId>")
KNOWN = {"Sid", "Effect", "Action", "Resource", "Principal", "Condition"}
"""What is understood of a statement; there is no Deny in what is tested here."""


@dataclass(frozen=True)
class Need:
    """Something that must be allowed, and what allows it: a role's policy, or the trust policy of one."""

    role: str
    is_trust: bool
    action: str
    resource: str = ""
    context: Context = field(default_factory=dict, hash=False)
    principal: tuple[str, str] | None = None

    def is_met_by(self, roles: Mapping[str, tuple[Json, Json]]) -> bool:
        """Whether the policies of roles, of permissions and of trust, allow it."""
        policy = roles[self.role][1 if self.is_trust else 0]
        return any(_allows(each, self) for each in policy["Statement"])


class Iam:
    """Authorises the calls of a proxy; add it as its fault. `denials` has what no policy allowed."""

    def __init__(self, roles: Mapping[str, tuple[Json, Json]]) -> None:
        """Know roles with their policies of permissions and of trust. Whose a session is, is learned from STS."""
        self.roles = dict(roles)
        self.sessions: dict[str, str] = {}
        self.asked: list[Need] = []
        self.denials: list[Need] = []

    async def __call__(self, call: Call, proceed: Proceed) -> Reply:
        if not self._grant(self._before(call)):
            return await denied()(call, proceed)
        reply = await proceed(call.body)
        if call.service == "sts":
            for key in KEY_ID.findall(reply.content.decode()):
                self.sessions[key] = call.body["RoleArn"]
        elif not self._grant(self._after(call, reply)):
            return await kms_denied()(call, proceed)
        return reply

    def _grant(self, needs: Iterable[Need]) -> bool:
        granted = [self._grants(need) for need in needs]  # all are recorded, also after one that is denied
        return all(granted)

    def _grants(self, need: Need) -> bool:
        self.asked.append(need)
        if need.is_met_by(self.roles):
            return True
        self.denials.append(need)
        return False

    def _before(self, call: Call) -> Iterator[Need]:
        if call.service == "ssm":
            for name in call.names:
                yield Need(self.sessions[call.access_key], False, f"ssm:{call.action}", self._parameter(call, name))
        elif call.action == "AssumeRoleWithWebIdentity":
            yield _by_token(call.body)
        elif call.action == "AssumeRole":
            yield from self._hop(call)
        else:
            assert call.action == "GetCallerIdentity", "which nobody needs to be allowed"

    def _hop(self, call: Call) -> Iterator[Need]:
        who, role, body = self.sessions[call.access_key], call.body["RoleArn"], call.body
        context = {"sts:ExternalId": body["ExternalId"]} if "ExternalId" in body else {}
        keys = [key for key in body if key.startswith("Tags.") and key.endswith(".Key")]
        tags = {f"aws:RequestTag/{body[key]}": body[f"{key.removesuffix('Key')}Value"] for key in keys}
        for action in ["sts:AssumeRole", *(["sts:TagSession"] if tags else [])]:
            yield Need(who, False, action, role, context | tags)
            yield Need(role, True, action, "", context | tags, ("AWS", who))

    def _after(self, call: Call, reply: Reply) -> Iterator[Need]:
        """The uses of keys: with WithDecryption, every SecureString in the answer was decrypted."""
        who = self.sessions[call.access_key]
        for found in reply.document().get("Parameters", []) if reply.ok and call.body.get("WithDecryption") else []:
            if found["Type"] == "SecureString":
                context = {
                    "kms:ViaService": f"ssm.{call.region}.amazonaws.com",
                    "kms:EncryptionContext:PARAMETER_ARN": self._parameter(call, found["Name"]),
                }
                yield Need(who, False, "kms:Decrypt", f"arn:aws:kms:{call.region}:{_account(who)}:{KEY}", context)

    def _parameter(self, call: Call, name: str) -> str:
        return f"arn:aws:ssm:{call.region}:{_account(self.sessions[call.access_key])}:parameter{name}"


def token(issuer: str, namespace: str, account: str) -> str:
    """A service account's token, as far as IAM reads it."""
    claims = {
        "iss": f"https://{issuer}",
        "aud": ["sts.amazonaws.com"],
        "sub": f"system:serviceaccount:{namespace}:{account}",
    }
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.c2ln"


def _by_token(body: Mapping[str, str]) -> Need:
    part = body["WebIdentityToken"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    issuer, role = claims["iss"].removeprefix("https://"), body["RoleArn"]
    (audience,) = claims["aud"]
    provider = f"arn:aws:iam::{_account(role)}:oidc-provider/{issuer}"
    context = {f"{issuer}:aud": audience, f"{issuer}:sub": claims["sub"]}
    return Need(role, True, "sts:AssumeRoleWithWebIdentity", "", context, ("Federated", provider))


def _account(role: str) -> str:
    return role.split(":")[4]


def _allows(statement: Json, need: Need) -> bool:
    assert set(statement) <= KNOWN, statement
    assert statement["Effect"] == "Allow"
    if need.principal is None:
        fits = any(_like(each, need.resource) for each in _list(statement["Resource"]))
    else:
        kind, arn = need.principal
        fits = arn in _list(statement["Principal"].get(kind, []))
    return fits and need.action in _list(statement["Action"]) and _meets(statement.get("Condition", {}), need.context)


def _meets(conditions: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """All keys must be met, by any of their values; what a request does not say meets nothing."""
    compare = {"StringEquals": str.__eq__, "StringLike": _like}
    return all(
        key in context and any(compare[operator](value, context[key]) for value in _list(values))
        for operator, keys in conditions.items()
        for key, values in keys.items()
    )


def _like(pattern: str, text: str) -> bool:
    parts = (".*" if part == "*" else "." if part == "?" else re.escape(part) for part in re.split(r"([*?])", pattern))
    return re.fullmatch("".join(parts), text) is not None


def _list(found: str | Sequence[str]) -> Sequence[str]:
    return [found] if isinstance(found, str) else found
