"""A store that means another account or Region than before changes nothing."""

import pytest

from paramsync.api.sources import StoreRef
from paramsync.core.provenance import Origin
from paramsync.core.reasons import Reason

from .builders import (
    ACCOUNT,
    CONFIG_MAP,
    SECRET,
    SECURE_STRING,
    entry,
    origin,
    ours,
    parameter,
    planned,
    secure,
    snapshot,
    source,
    spec,
)

OTHER = "444455556666"
LIVE = {"HOST": entry("host")}


@pytest.mark.parametrize(
    ("before", "moved"),
    [
        (origin(), False),
        (origin(account=None), False),
        (origin(account=OTHER), True),
        (origin(region="us-east-1"), True),
        (origin(account=None, region="us-east-1"), True),
        (origin(account=OTHER, store=None), True),
        (origin(account=OTHER, store="ClusterParameterStore other"), False),
        (origin(account=OTHER, label="live"), False),
        (origin("/shared", account=OTHER), False),
    ],
    ids=[
        "the same",
        "an account that was not known",
        "another account",
        "another Region",
        "another Region, no account known",
        "written by an older version",
        "the sync names another store",
        "another label",
        "another path",
    ],
)
def test_the_same_store_and_path_in_another_place_is_a_move(before: Origin, moved: bool) -> None:
    plan = planned(
        snapshot(parameter(value="other", version=2), secure()),
        live=[ours(CONFIG_MAP, {"HOST": "db.internal"}, entries=LIVE, origins=[before])],
    )
    assert [hold.reason for hold in plan.holds] == [Reason.SOURCE_MOVED] * moved
    assert bool(plan.contents) is not moved


def test_it_says_from_where_to_where_and_what_to_do() -> None:
    plan = planned(
        snapshot(parameter(), secure(), account=OTHER),
        live=[ours(SECRET, entries={"PASSWORD": entry("password", kind=SECURE_STRING)})],
    )
    (hold,) = plan.holds
    assert hold.subject == "/prod/pay"
    assert hold.message == (
        "ClusterParameterStore default now reads /prod/pay from account 444455556666 in eu-west-1, but the targets were"
        f" written from account {ACCOUNT} in eu-west-1; nothing is written. Set the store back, or name another store"
        " in the sync"
    )


def test_a_target_without_keys_has_no_place() -> None:
    plan = planned(
        snapshot(parameter(), account=OTHER), live=[ours(SECRET, {}), ours(CONFIG_MAP, {})], spec=spec("/prod/pay")
    )
    assert plan.holds == ()


def test_an_empty_listing_of_another_account_is_told_as_empty() -> None:
    plan = planned(snapshot(account=OTHER), live=[ours(CONFIG_MAP, {"HOST": "x"}, entries=LIVE)])
    assert [problem.reason for problem in plan.problems] == [Reason.NO_PARAMETERS]


def test_two_stores_of_one_sync_are_two_places() -> None:
    two = spec(source(), source("/shared"))
    stores = (two.sources[0], two.sources[1].model_copy(update={"store_ref": StoreRef(name="other")}))
    made = two.model_copy(update={"sources": stores})
    before = [origin(), origin("/shared", account=OTHER, store="ClusterParameterStore other")]
    plan = planned(
        snapshot(parameter(), secure()),
        snapshot(parameter("/shared/port"), path="/shared", account=OTHER, region="us-east-1"),
        spec=made,
        live=[ours(CONFIG_MAP, {"HOST": "x"}, entries=LIVE, origins=before)],
    )
    assert [hold.subject for hold in plan.holds] == ["/shared"]
