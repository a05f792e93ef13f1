"""Whose parameters a feed knows: those of one account, and of no other."""

from dataclasses import dataclass

import pytest

from paramsync.core.known import Known
from paramsync.core.listing import Listed
from paramsync.core.want import Want

from .builders import ACCOUNT, NOW, parameter, subtree

OTHER = "444455556666"


@dataclass(frozen=True)
class Listing:
    """A listing: when it begins, of which account, and which names it shows."""

    at: float
    account: str
    names: str = "host"

    @property
    def listed(self) -> Listed:
        made = {f"/prod/pay/{name}": parameter(f"/prod/pay/{name}", self.account) for name in self.names.split()}
        return Listed(made, self.account if made else None, 1)


def known(first: Listing, *more: Listing) -> Known:
    found = Known.first(subtree(), first.listed, Want(), first.at, NOW, 0.1)
    for each in more:
        found = found.then(each.listed, each.at, NOW, 0.1)
    return found


@pytest.mark.parametrize(
    ("more", "account", "names"),
    [
        ([Listing(60, ACCOUNT, "")], ACCOUNT, {"/prod/pay/host"}),
        ([Listing(60, ACCOUNT, ""), Listing(106, ACCOUNT, "")], None, set()),
        ([Listing(60, OTHER, "port")], OTHER, {"/prod/pay/port"}),
        ([Listing(60, OTHER, ""), Listing(70, OTHER, "port")], OTHER, {"/prod/pay/port"}),
        ([Listing(60, OTHER, ""), Listing(106, OTHER, ""), Listing(109, OTHER, "port")], OTHER, set()),
    ],
    ids=["retained", "nothing left", "another", "another in two steps", "another after nothing"],
)
def test_the_account_is_that_of_what_is_published(more: list[Listing], account: str | None, names: set[str]) -> None:
    found = known(Listing(0, ACCOUNT), *more)
    assert found.account == account
    assert found.snapshot.parameters.keys() == names


def test_of_another_account_everything_is_new_and_nothing_is_confirmed() -> None:
    before = known(Listing(0, ACCOUNT), Listing(60, ACCOUNT))
    assert before.snapshot.settled
    assert before.snapshot.absence_settled
    found = before.then(Listing(120, OTHER).listed, 120, NOW, 0.1)
    assert [each.value for each in found.snapshot.parameters.values()] == [OTHER]
    assert not found.snapshot.settled
    assert not found.snapshot.absence_settled
