"""A listing of a subtree: all pages or nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from .parameters import Parameter, Snapshot, Subtree


class BrokenListing(Exception):  # noqa: N818
    """Pages that do not belong together; the listing starts over."""


@dataclass(frozen=True, slots=True)
class Page:
    """One answer to GetParametersByPath: at most ten parameters, perhaps none, and perhaps a token for more."""

    parameters: tuple[Parameter, ...]
    token: str | None
    account: str | None
    """The account in the parameters' ARNs; None for an empty page."""


class Listing:
    """Collects the pages of a subtree and gives a snapshot once, and only if, they are complete."""

    def __init__(self, subtree: Subtree, began: datetime) -> None:
        self._subtree = subtree
        self._began = began
        self._parameters: dict[str, Parameter] = {}
        self._tokens: set[str] = set()
        self._account: str | None = None

    def add(self, page: Page) -> Snapshot | None:
        """Add the next page; the snapshot if it was the last one, None if there are more.

        :raises BrokenListing: if a token or a name comes again, or a name is not of this subtree.
        """
        self._add(page.parameters)
        self._account = self._account or page.account
        if page.token is None:
            return Snapshot(self._subtree, self._parameters, self._began, self._account)
        if page.token in self._tokens:
            raise BrokenListing("a page's token came twice")
        self._tokens.add(page.token)
        return None

    def _add(self, parameters: Iterable[Parameter]) -> None:
        for parameter in parameters:
            name = parameter.stamp.name
            if name in self._parameters:
                raise BrokenListing(f"parameter {name} was listed twice")
            if not self._subtree.covers(name):
                raise BrokenListing(f"parameter {name} is not below {self._subtree.path}")
            self._parameters[name] = parameter
