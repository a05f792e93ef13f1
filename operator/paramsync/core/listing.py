"""A listing of a subtree: all pages or nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .parameters import Parameter, Subtree
from .values import SecureValue


class BrokenListing(Exception):  # noqa: N818
    """Pages that do not belong together; the listing starts over."""


@dataclass(frozen=True, slots=True)
class Page:
    """One answer to GetParametersByPath: at most ten parameters, perhaps none, and perhaps a token for more."""

    parameters: tuple[Parameter, ...]
    token: str | None
    account: str | None
    """The account in the parameters' ARNs; None for an empty page."""

    @property
    def decrypted(self) -> int:
        """How many SecureStrings came with their values."""
        return sum(isinstance(parameter.value, SecureValue) for parameter in self.parameters)


@dataclass(frozen=True, slots=True)
class Listed:
    """All parameters of a subtree, by full name."""

    parameters: Mapping[str, Parameter]
    account: str | None
    """The account that the parameters' ARNs name; None for an empty listing."""

    pages: int


class Listing:
    """Collects the pages of a subtree and gives them out once, and only if, they are complete."""

    def __init__(self, subtree: Subtree) -> None:
        self._subtree = subtree
        self._parameters: dict[str, Parameter] = {}
        self._tokens: set[str] = set()
        self._account: str | None = None
        self._pages = 0
        self.secure_bytes = 0
        """How many bytes of decrypted values it holds so far."""

    def add(self, page: Page) -> Listed | None:
        """Add the next page; the listing if it was the last one, None if there are more.

        :raises BrokenListing: if a token or a name comes again, or a name is not of this subtree.
        """
        self._add(page.parameters)
        self._account = self._account or page.account
        self._pages += 1
        if page.token is None:
            return Listed(self._parameters, self._account, self._pages)
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
            if isinstance(parameter.value, SecureValue):
                self.secure_bytes += parameter.value.size
