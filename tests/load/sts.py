"""STS's answers: GetCallerIdentity, AssumeRole and AssumeRoleWithWebIdentity."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import uuid4

from tests.aws.errors import AwsError
from tests.aws.wire import Reply
from tests.load.identities import ROLE, Session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.aws.wire import Body, Call
    from tests.load.identities import Caller, Identities

SHORTEST, LONGEST = 900, 3600
"""Seconds. More than an hour is for roles that were set so, and never for a role assumed by another."""
SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}")
EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}")
WEB_IDENTITY = "AssumeRoleWithWebIdentity"

Fields = dict[str, "str | Fields"]


def answer(call: Call, body: Body, caller: Caller | None, identities: Identities, lifetime: float | None) -> Reply:
    """Answer `body` as sent with this call.

    A session lives as long as was asked for, or for `lifetime` seconds.

    Raises:
        NotImplementedError: AWS could answer, and this stub cannot.
    """
    if call.action == WEB_IDENTITY:
        result = _assumed(body, None, identities, lifetime)
    else:
        result = identities.refusal(call, caller) or _signed(call, body, caller, identities, lifetime)
    return result.reply(call) if isinstance(result, AwsError) else _reply(call.action, result)


def _signed(
    call: Call, body: Body, caller: Caller | None, identities: Identities, lifetime: float | None
) -> Fields | AwsError:
    assert caller is not None, "nobody has been refused"
    match call.action:
        case "GetCallerIdentity":
            return {"Arn": caller.arn, "UserId": caller.unique_id, "Account": caller.account}
        case "AssumeRole":
            return _assumed(body, caller, identities, lifetime)
        case _:
            raise NotImplementedError(f"the stub knows no {call.action}")


def _assumed(body: Body, caller: Caller | None, identities: Identities, lifetime: float | None) -> Fields | AwsError:
    role, name, external_id = body.get("RoleArn", ""), body.get("RoleSessionName", ""), body.get("ExternalId")
    duration, token = body.get("DurationSeconds", str(LONGEST)), body.get("WebIdentityToken")
    if not ROLE.fullmatch(role):
        return _invalid(f"{role} is invalid")
    if not SESSION_NAME.fullmatch(name):
        return _invalid(
            _constraint(name, "roleSessionName", f"satisfy regular expression pattern: {SESSION_NAME.pattern}")
        )
    if external_id is not None and not EXTERNAL_ID.fullmatch(external_id):
        return _invalid(
            _constraint(external_id, "externalId", f"satisfy regular expression pattern: {EXTERNAL_ID.pattern}")
        )
    if not duration.isdecimal() or int(duration) < SHORTEST:
        return _invalid(_constraint(duration, "durationSeconds", f"have value greater than or equal to {SHORTEST}"))
    if int(duration) > LONGEST:
        return _invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    if caller is None and not token:
        return _invalid(_constraint("", "webIdentityToken", "have length greater than or equal to 4"))
    if not identities.may_assume(role, external_id):
        return _denied(role, caller)
    session = identities.issue(
        role,
        name,
        int(duration) if lifetime is None else lifetime,
        by=caller.identity if caller else "",
        external_id=external_id,
        tags=_tags(body),
        web_identity_token=token,
    )
    return _credentials(session) | ({} if caller else _web_identity(session))


def _credentials(session: Session) -> Fields:
    return {
        "AssumedRoleUser": {"AssumedRoleId": session.unique_id, "Arn": session.arn},
        "Credentials": {
            "AccessKeyId": session.access_key,
            "SecretAccessKey": session.secret_key,
            "SessionToken": session.token,
            # AWS tells whole seconds.
            "Expiration": session.expiration.strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
        "PackedPolicySize": "6",
    }


def _web_identity(session: Session) -> Fields:
    return {
        "SubjectFromWebIdentityToken": session.name,
        "Audience": "sts.amazonaws.com",
        "Provider": f"arn:aws:iam::{session.account}:oidc-provider/stub",
    }


def _tags(body: Body) -> Mapping[str, str]:
    tags: dict[str, str] = {}
    number = 1
    while (key := body.get(f"Tags.member.{number}.Key")) is not None:
        tags[key] = body.get(f"Tags.member.{number}.Value", "")
        number += 1
    return tags


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationError", message)


def _constraint(value: str, field: str, rule: str) -> str:
    return f"1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: Member must {rule}"


def _denied(role: str, caller: Caller | None) -> AwsError:
    if caller is None:
        return AwsError("AccessDenied", f"Not authorized to perform sts:{WEB_IDENTITY}", 403)
    message = f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on resource: {role}"
    return AwsError("AccessDenied", message, 403)


def _reply(action: str, result: Fields) -> Reply:
    content = (
        f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        f"<{action}Result>{_xml(result)}</{action}Result>"
        f"<ResponseMetadata><RequestId>{uuid4()}</RequestId></ResponseMetadata></{action}Response>"
    )
    return Reply(200, content.encode(), "text/xml")


def _xml(fields: Fields) -> str:
    # Without escapes: in what was checked, and in what is made here, there is nothing to escape.
    return "".join(
        f"<{key}>{value if isinstance(value, str) else _xml(value)}</{key}>" for key, value in fields.items()
    )
