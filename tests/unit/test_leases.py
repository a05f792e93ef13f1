"""When a Lease may be taken, and what is written into it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramsync.core.leases import DEADLINE, DURATION, LOOK, RENEWAL, Lease, Sighting, may_take, released, sighted, taken

from .builders import NOW

THEIRS = Lease("other", 15.0, NOW, NOW, 3, "7")


@pytest.mark.parametrize(
    ("lease", "waited", "free"),
    [
        (Lease(), 0.0, True),
        (replace(THEIRS, holder=""), 0.0, True),
        (replace(THEIRS, holder="me"), 0.0, True),
        (THEIRS, 0.0, False),
        (THEIRS, 14.9, False),
        (THEIRS, 15.0, True),
        (replace(THEIRS, renewed=NOW - timedelta(days=1)), 14.9, False),
        (replace(THEIRS, renewed=NOW + timedelta(days=1)), 15.0, True),
    ],
)
def test_it_may_be_taken_when_it_is_free_or_was_seen_unchanged_for_as_long_as_it_says(
    lease: Lease, waited: float, free: bool
) -> None:
    assert may_take(Sighting(lease, 100.0), "me", 100.0 + waited) is free


def test_every_change_begins_the_wait_anew() -> None:
    first = sighted(None, THEIRS, 1.0)
    assert sighted(first, THEIRS, 9.0) == first
    renewed = replace(THEIRS, renewed=NOW + timedelta(seconds=2), version="8")
    assert sighted(first, renewed, 9.0) == Sighting(renewed, 9.0)


def test_one_that_was_deleted_while_it_was_held_is_waited_for() -> None:
    held = sighted(None, THEIRS, 1.0)
    assert sighted(held, Lease(), 9.0) == held
    assert not may_take(sighted(held, Lease(), 9.0), "me", 15.0)
    free = sighted(None, replace(THEIRS, holder=""), 1.0)
    assert may_take(sighted(free, Lease(), 9.0), "me", 9.0)


def test_who_takes_it_is_its_holder_and_counts() -> None:
    assert taken(Lease(), "me", NOW) == Lease("me", DURATION, NOW, NOW, 0, None)
    assert taken(THEIRS, "me", NOW) == Lease("me", DURATION, NOW, NOW, 4, "7")


def test_who_renews_it_changes_nothing_else() -> None:
    later = NOW + timedelta(seconds=5)
    mine = Lease("me", DURATION, NOW, NOW, 4, "8")
    assert taken(mine, "me", later) == replace(mine, renewed=later)
    assert released(mine, later) == replace(mine, holder="", renewed=later)


@given(st.floats(0, 5), st.floats(0, 60), st.floats(0, 60))
def test_nobody_may_take_it_while_its_holder_may_write(lasts: float, until_read: float, waits: float) -> None:
    """A renewal begins, takes a while, and is read by another replica at any moment after it was carried out."""
    began = 100.0
    read_at = began + lasts + until_read
    seen = sighted(None, Lease("other", DURATION, version="1"), read_at)
    if may_take(seen, "me", read_at + waits):
        assert read_at + waits >= began + DEADLINE


def test_a_renewal_can_fail_before_the_holder_has_to_stop() -> None:
    assert 3 * RENEWAL < DEADLINE < DURATION
    assert DURATION + LOOK < 15, "after a crash another one takes over within 15 s"
