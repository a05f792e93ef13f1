"""A listing is all of its pages, or nothing."""

import pytest

from paramsync.core.listing import BrokenListing, Listed, Listing, Page
from paramsync.core.parameters import Parameter

from .builders import ACCOUNT, parameter, secure, subtree


def page(*parameters: Parameter, token: str | None = None, account: str | None = ACCOUNT) -> Page:
    return Page(parameters, token, account if parameters else None)


def names(listed: Listed | None) -> list[str] | None:
    return None if listed is None else sorted(listed.parameters)


def test_there_is_nothing_before_the_last_page() -> None:
    listing = Listing(subtree())
    assert listing.add(page(parameter("/prod/pay/a"), token="1")) is None
    assert listing.add(page(parameter("/prod/pay/b"), token="2")) is None
    listed = listing.add(page(secure("/prod/pay/c")))
    assert listed is not None
    assert names(listed) == ["/prod/pay/a", "/prod/pay/b", "/prod/pay/c"]
    assert (listed.account, listed.pages, listing.secure_bytes) == (ACCOUNT, 3, len("hunter2"))


def test_a_page_may_be_empty_and_still_have_a_token() -> None:
    listing = Listing(subtree())
    assert listing.add(page(token="1")) is None
    assert names(listing.add(page(parameter("/prod/pay/a")))) == ["/prod/pay/a"]


def test_the_last_page_may_be_empty() -> None:
    listing = Listing(subtree())
    assert listing.add(page(parameter("/prod/pay/a"), token="1")) is None
    listed = listing.add(page())
    assert names(listed) == ["/prod/pay/a"]
    assert listed is not None
    assert listed.account == ACCOUNT


def test_a_listing_may_be_empty() -> None:
    listed = Listing(subtree()).add(page())
    assert listed is not None
    assert (listed.parameters, listed.account) == ({}, None)


@pytest.mark.parametrize(
    ("pages", "says"),
    [
        ([page(parameter("/prod/pay/a"), token="1"), page(parameter("/prod/pay/a"))], "/prod/pay/a was listed twice"),
        ([page(parameter("/prod/pay/a"), parameter("/prod/pay/a", version=2))], "/prod/pay/a was listed twice"),
        ([page(token="1"), page(token="2"), page(token="1")], "a page's token came twice"),
        ([page(parameter("/prod/payroll/a"))], "/prod/payroll/a is not below /prod/pay"),
        ([page(parameter("/prod/pay"))], "/prod/pay is not below /prod/pay"),
    ],
    ids=["twice on two pages", "twice on a page", "a circle", "another path", "the path itself"],
)
def test_pages_that_do_not_belong_together_give_nothing(pages: list[Page], says: str) -> None:
    listing = Listing(subtree())
    for each in pages[:-1]:
        assert listing.add(each) is None
    with pytest.raises(BrokenListing, match=says):
        listing.add(pages[-1])


def test_a_deeper_name_does_not_belong_to_a_flat_listing() -> None:
    with pytest.raises(BrokenListing, match="not below"):
        Listing(subtree(recursive=False)).add(page(parameter("/prod/pay/a/b")))
