"""What the proxy puts right in moto's answers, so that no test proves what is not true of AWS.

Put right here:

- a path without a leading slash, with an empty part or with other characters than `[a-zA-Z0-9._-]` is refused
  (moto lists nothing, or the root), and so is MaxResults outside 1 to 10 (moto takes 0 and never ends);
- a token is opaque, belongs to its listing, and a bad one is `InvalidNextToken` (moto answers 500, or counts from
  the end);
- without WithDecryption a SecureString's value is ciphertext (moto gives the plaintext with a prefix).

Right in moto as it is, and checked in `tests/edge/test_proxy.py`: `/a` does not list `/ab/x` nor `/a` itself, a
plain listing has direct children only, `/` lists everything (also names without a slash), ten names at most in
GetParameters, a missing name or version is in InvalidParameters.

Still wrong or unknown, and not to be tested here: `Label` filters by path; the size and name rules of PutParameter
(`Emulator.put` keeps them); `/a` and `a` are one parameter; a name of wrong form in GetParameters (moto: invalid
parameter), a name twice in it, and `Selector` in its answer; KMS (no key is ever looked up); whether a type can
change and what version follows a re-creation; eventual consistency; throttling; IAM and the signature (everything is
allowed; use `errors.denied`); sessions never expire; after a listing of `/aws/service/...` its public parameters
also appear under `/` until the next reset.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING, Any

from tests.aws.errors import AwsError, invalid_next_token, validation
from tests.aws.listings import LIMIT, LISTING
from tests.aws.tokens import Token

if TYPE_CHECKING:
    from tests.aws.wire import Body, Call, Proceed, Reply

PATH = re.compile(r"/|(/[a-zA-Z0-9._-]+)+/?")
NAME_RULE = (
    "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash "
    '"/". It can\'t be prefixed with "aws" or "ssm" (case-insensitive). It must use only letters, numbers, or the '
    "following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if "
    'specified, must use the forward slash symbol "/". Valid example: /get/parameters2-/by1./path0_.'
)


async def corrected(call: Call, proceed: Proceed) -> Reply:
    """Answer as AWS would where moto does not. It has the shape of a fault, and is behind all of them."""
    if call.service != "ssm":
        return await proceed(call.body)
    reply = await _listing(call, proceed) if call.action == LISTING else await proceed(call.body)
    if not reply.ok or call.body.get("WithDecryption"):
        return reply
    document = reply.document()
    for parameter in [*document.get("Parameters", []), document.get("Parameter", {})]:
        if parameter.get("Type") == "SecureString":
            parameter["Value"] = ciphertext(parameter)
    return reply.holding(document)


def ciphertext(parameter: dict[str, Any]) -> str:
    """Return what stands for the encrypted value: the same for the same version, and free of the plaintext."""
    digest = hashlib.sha512(f"{parameter['Name']}:{parameter['Version']}".encode()).digest()
    return "AQICAH" + base64.b64encode(digest).decode()


async def _listing(call: Call, proceed: Proceed) -> Reply:
    if (error := refusal(call.body)) is not None:
        return error.reply(call)
    try:
        here = Token.asked(call.body)
    except ValueError:
        return invalid_next_token().reply(call)
    # A token of moto's is the number of parameters to skip.
    reply = await proceed({**call.body, "NextToken": str(here.start)})
    if not reply.ok:
        return reply
    document = reply.document()
    if (following := document.pop("NextToken", None)) is not None:
        document["NextToken"] = here.following(int(following)).encoded()
    return reply.holding(document)


def refusal(body: Body) -> AwsError | None:
    """Return what AWS says to a listing that it cannot make, and None for one that it can."""
    size = body.get("MaxResults", LIMIT)
    if not PATH.fullmatch(body.get("Path", "")):
        return validation(NAME_RULE)
    if size > LIMIT:
        return validation(_constraint(size, f"less than or equal to {LIMIT}"))
    if size < 1:
        return validation(_constraint(size, "greater than or equal to 1"))
    return None


def _constraint(size: int, rule: str) -> str:
    return (
        f"1 validation error detected: Value '{size}' at 'maxResults' failed to satisfy constraint: "
        f"Member must have value {rule}"
    )
