"""Faults of a listing's pages: everything that GetParametersByPath may do, and a little that it should not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.aws.tokens import Token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.aws.wire import Call, Fault, Proceed, Reply

LIMIT = 10
LISTING = "GetParametersByPath"


def pages(sizes: Sequence[int], *, overlap: int = 0) -> Fault:
    """The upstream's complete listing, cut into pages of these sizes; what is left follows in pages of ten.

    Every given page is served, the ones past the end empty; a page has a token if another one follows. So for
    13 names `[3, 0, 10, 0]` has an empty page in the middle, and a full page whose token leads to an empty end.
    With `overlap` each page starts with the last names of the page before. A smaller MaxResults is obeyed. Add
    it before other rules for the same listing: they then see its pages.

    Raises:
        ValueError: A size is not one that AWS could serve.
    """
    if any(not 0 <= size <= LIMIT for size in sizes):
        raise ValueError(f"a page has 0 to {LIMIT} parameters, not {sizes}")

    async def fault(call: Call, proceed: Proceed) -> Reply:
        async def window(start: int, size: int) -> list[dict[str, Any]]:
            if size == 0:
                return []
            token = Token(here.listing, start=start).encoded()
            reply = await proceed({**call.body, "NextToken": token, "MaxResults": size})
            found: list[dict[str, Any]] = reply.document()["Parameters"]
            return found

        # As it came, for the checks that every listing has to pass.
        reply = await proceed(call.body)
        if call.action != LISTING or not reply.ok:
            return reply
        here = Token.asked(call.body)
        limit = call.body.get("MaxResults", LIMIT)
        size = min(sizes[here.page - 1], limit) if here.page <= len(sizes) else limit
        following = here.following(here.start + (max(size - overlap, 1) if size else 0))
        document: dict[str, Any] = {"Parameters": await window(here.start, size)}
        if here.page < len(sizes) or await window(here.start + size, 1):
            document["NextToken"] = following.encoded()
        return reply.holding(document)

    return fault


def repeat_token() -> Fault:
    """A listing without an end: from its second page on, each page gives the token that it was asked with."""

    async def fault(call: Call, proceed: Proceed) -> Reply:
        reply = await proceed(call.body)
        if call.action != LISTING or not reply.ok:
            return reply
        document = reply.document()
        asked = call.body.get("NextToken") or document.get("NextToken")
        document["NextToken"] = asked or Token.asked(call.body).following(0).encoded()
        return reply.holding(document)

    return fault
