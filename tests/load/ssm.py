"""SSM's answers: GetParametersByPath and GetParameters."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.aws.corrections import ciphertext, refusal
from tests.aws.errors import AwsError, invalid_next_token, validation
from tests.aws.listings import LIMIT, LISTING
from tests.aws.tokens import Token
from tests.aws.wire import Reply
from tests.load.parameters import Listing

if TYPE_CHECKING:
    from tests.aws.wire import Body, Call
    from tests.load.counts import Place
    from tests.load.pages import PageSize
    from tests.load.parameters import Parameters, Version


def answer(
    call: Call, body: Body, place: Place, parameters: Parameters, page_size: PageSize, *, token_after_full: bool
) -> Reply:
    """Answer `body` as sent with this call, in its account and Region.

    Raises:
        NotImplementedError: AWS could answer, and this stub cannot.
    """
    found: Body | AwsError
    if call.action == LISTING:
        found = _page(body, place, parameters, page_size, token_after_full=token_after_full)
    elif call.action == "GetParameters":
        found = _named(body, place, parameters)
    else:
        raise NotImplementedError(f"the stub knows no {call.action}")
    return found.reply(call) if isinstance(found, AwsError) else Reply(200, json.dumps(found).encode())


def secure_values(document: Body) -> int:
    """Return how many SecureStrings an answer holds."""
    return sum(item["Type"] == "SecureString" for item in document.get("Parameters", ()))


def _page(
    body: Body, place: Place, parameters: Parameters, page_size: PageSize, *, token_after_full: bool
) -> Body | AwsError:
    if (error := refusal(body)) is not None:
        return error
    try:
        here = Token.asked(body)
    except ValueError:
        return invalid_next_token()
    limit = body.get("MaxResults", LIMIT)
    listing = Listing(body["Path"], bool(body.get("Recursive")), _labels(body))
    found, more = parameters.page(listing, here, min(page_size(here.page), limit))
    page: Body = {"Parameters": [_described(item, body, place) for item in found]}
    if more or (token_after_full and len(found) == limit):
        page["NextToken"] = here.following(here.start, found[-1].name if found else here.after).encoded()
    return page


def _labels(body: Body) -> list[str] | None:
    filters = body.get("ParameterFilters")
    if not filters:
        return None
    if len(filters) != 1 or filters[0]["Key"] != "Label" or filters[0].get("Option", "Equals") != "Equals":
        raise NotImplementedError(f"the stub filters by labels that equal, not by {filters}")
    values: list[str] = filters[0]["Values"]
    return values


def _named(body: Body, place: Place, parameters: Parameters) -> Body | AwsError:
    names: list[str] = body.get("Names", [])
    if not 1 <= len(names) <= LIMIT:
        rule = "less than or equal to 10" if names else "greater than or equal to 1"
        return validation(
            f"1 validation error detected: Value '[{', '.join(names)}]' at 'names' failed to satisfy constraint: "
            f"Member must have length {rule}"
        )
    known, unknown = [], []
    for asked in names:
        name, _, selector = asked.partition(":")
        if (version := parameters.find(name, selector)) is None:
            unknown.append(asked)
        else:
            known.append(_described(version, body, place) | ({"Selector": f":{selector}"} if selector else {}))
    return {"Parameters": known, "InvalidParameters": unknown}


def _described(version: Version, body: Body, place: Place) -> Body:
    account, region = place
    described: Body = {
        "Name": version.name,
        "Type": version.type,
        "Value": version.value,
        "Version": version.number,
        "LastModifiedDate": version.modified,
        "ARN": f"arn:aws:ssm:{region}:{account}:parameter/{version.name.removeprefix('/')}",
        "DataType": "text",
    }
    if version.type == "SecureString" and not body.get("WithDecryption"):
        described["Value"] = ciphertext(described)
    return described
