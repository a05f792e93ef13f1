"""Which requests reached the stub, one by one: when, for what, and how they were answered."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from tests.aws.listings import LISTING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.aws.wire import Call, Proceed, Reply


@dataclass(frozen=True, slots=True)
class Request:
    """One request to SSM."""

    at: float
    """Seconds since the epoch."""
    action: str
    name: str
    """The path, or the first of the parameters."""
    page: int
    ok: bool
    last: bool
    """Whether it ended a listing."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One complete listing of a path."""

    began: float
    ended: float
    pages: int


class Record:
    """A fault that changes nothing and records every request. Added first, it sees what is answered at last."""

    def __init__(self) -> None:
        self._requests: list[Request] = []

    async def __call__(self, call: Call, proceed: Proceed) -> Reply:
        """Let the request pass."""
        at = time.time()
        reply = await proceed(call.body)
        if call.service == "ssm":
            name, page = (call.names or [""])[0], call.page if call.action == LISTING else 0
            last = call.action == LISTING and reply.ok and b'"NextToken"' not in reply.content
            self._requests.append(Request(at, call.action, name, page, reply.ok, last))
        return reply

    def mark(self) -> int:
        """How many requests there are so far: `requests` and `listings` take it as `since`."""
        return len(self._requests)

    def requests(self, name: str | None = None, since: int = 0) -> list[Request]:
        """Return the requests for a path or a first parameter, or all, in order of their answers."""
        return [each for each in self._requests[since:] if name in {None, each.name}]

    def listings(self, since: int = 0) -> dict[str, list[Listing]]:
        """Return the complete listings by path, in order; one that began before the mark is left out."""
        began: dict[str, tuple[float, int]] = {}
        complete: dict[str, list[Listing]] = defaultdict(list)
        for each in self._requests[since:]:
            if each.action != LISTING or not each.ok:
                continue
            if each.page == 1:
                began[each.name] = each.at, 0
            if each.name in began:
                at, pages = began[each.name]
                began[each.name] = at, pages + 1
                if each.last:
                    complete[each.name].append(Listing(at, each.at, pages + 1))
                    del began[each.name]
        return complete


def longest_age(listings: Iterable[Listing]) -> float:
    """Return how old what is known from these listings of one path ever was: from a listing's begin to the next end."""
    ordered = list(listings)
    return max((later.ended - earlier.began for earlier, later in pairwise(ordered)), default=0.0)
