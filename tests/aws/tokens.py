"""The tokens of a listing, as the proxy gives them out: opaque to a client, and the proxy keeps no state."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Token:
    """The place in a listing at which a page starts: after the name `after`, else at the number `start`."""

    listing: str
    page: int = 1
    start: int = 0
    after: str = ""

    def following(self, start: int, after: str = "") -> Token:
        """Return the token of the page after this one, which starts there."""
        return replace(self, page=self.page + 1, start=start, after=after)

    def encoded(self) -> str:
        """Return what a client gets as NextToken."""
        place = json.dumps([self.listing, self.page, self.start, self.after])
        return base64.urlsafe_b64encode(place.encode()).decode()

    @classmethod
    def asked(cls, body: Mapping[str, Any]) -> Token:
        """Return the place that a GetParametersByPath asks for: its token's, else the beginning.

        Raises:
            ValueError: The token is none of ours, or belongs to another listing.
        """
        first = cls(json.dumps([body.get("Path"), bool(body.get("Recursive")), *body.get("ParameterFilters", [])]))
        if body.get("NextToken") is None:
            return first
        try:
            listing, page, start, after = json.loads(base64.b64decode(body["NextToken"], b"-_", validate=True))
        except (TypeError, binascii.Error) as error:
            raise ValueError("not a token") from error
        if listing != first.listing:
            raise ValueError("a token of another listing")
        return cls(listing, int(page), int(start), str(after))
