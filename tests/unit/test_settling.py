"""When what a listing shows is believed: properties over whole histories."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramsync.api.sync import ParameterType
from paramsync.core.parameters import Parameter
from paramsync.core.settling import ABSENCE, AGREEMENT, STEADY_CHANGE, Seen, first_seen, observe, with_values
from paramsync.core.values import NOT_OPENED, SecureValue

from .builders import SECURE_STRING, STRING, parameter, secure

KINDS = {"s": STRING, "e": SECURE_STRING}
Listing = Mapping[str, Parameter]


def listing(*texts: str) -> Listing:
    """Parameters from ``name type version``, such as ``a s 1``."""
    made = {}
    for text in texts:
        name, kind, version = text.split()
        made[name] = parameter(name, "v", kind=KINDS[kind], version=int(version))
    return made


def shown(seen: Seen) -> list[str]:
    """What is published, in the same words."""
    codes = {kind: code for code, kind in KINDS.items()}
    stamps = [each.stamp for each in seen.published.values()]
    return sorted(f"{stamp.name} {codes[stamp.type]} {stamp.version}" for stamp in stamps)


def kinds(found: Listing) -> set[tuple[str, ParameterType]]:
    """Names with their types."""
    return {(name, each.stamp.type) for name, each in found.items()}


def history(*steps: tuple[float, Listing], lasted: float = 0.0) -> Seen:
    (at, first), *rest = steps
    seen = first_seen(first, at, lasted)
    for at, listed in rest:
        seen = observe(seen, listed, at, lasted)
    return seen


A1, A2, AB = listing("a s 1"), listing("a s 2"), listing("a s 1", "b s 1")


@pytest.mark.parametrize(
    ("steps", "published"),
    [
        ([(0, A1)], ["a s 1"]),
        ([(0, A1), (100, A2)], ["a s 1"]),
        ([(0, A1), (100, A2), (102.9, A2)], ["a s 1"]),
        ([(0, A1), (100, A2), (103, A2)], ["a s 2"]),
        ([(0, A1), (100, A2), (102, A2), (103, A2)], ["a s 2"]),
        ([(0, A1), (100, A2), (103, A1), (106, A1)], ["a s 1"]),
        ([(0, A1), (100, AB), (103, listing("a s 1", "b s 2"))], ["a s 1"]),
        ([(0, A1), (100, AB), (103, listing("a s 1", "b s 2")), (106, listing("a s 1", "b s 2"))], ["a s 1", "b s 2"]),
        ([(0, AB), (100, A1), (144.9, A1)], ["a s 1", "b s 1"]),
        ([(0, AB), (100, A1), (145, A1)], ["a s 1"]),
        ([(0, AB), (100, A1), (120, AB), (150, A1), (194, A1)], ["a s 1", "b s 1"]),
        ([(0, AB), (100, A1), (120, AB), (150, A1), (195, A1)], ["a s 1"]),
        ([(0, AB), (100, A2), (103, A2)], ["a s 2", "b s 1"]),
        ([(0, AB), (100, A2), (145, listing("a s 3"))], ["a s 1"]),
        ([(0, A1), (100, listing("a e 2")), (103, listing("a e 2"))], ["a s 1"]),
        ([(0, A1), (100, listing("a e 2")), (145, listing("a e 2"))], ["a e 2"]),
        ([(0, A1), (100, listing("a e 2")), (145, listing("a e 3"))], ["a s 1"]),
        ([(0, A1), (100, listing("a e 2")), (145, listing("a e 3")), (148, listing("a e 3"))], ["a e 3"]),
        ([(0, AB), (100, listing("a e 2", "b s 2")), (103, listing("a e 2", "b s 2"))], ["a s 1", "b s 2"]),
    ],
)
def test_a_history_gives_what_can_be_believed(steps: list[tuple[float, Listing]], published: list[str]) -> None:
    assert shown(history(*steps)) == published


def test_a_minute_of_steady_change_is_enough() -> None:
    steps = [(100 + 2.0 * number, listing(f"a s {number + 2}")) for number in range(40)]
    seen, first = first_seen(A1, 0), None
    for at, listed in steps:
        seen = observe(seen, listed, at)
        if first is None and shown(seen) != ["a s 1"]:
            first = at
    assert first == 160


@pytest.mark.parametrize(
    ("steps", "at"),
    [
        ([(0, A1)], None),
        ([(0, A1), (100, A1)], None),
        ([(0, A1), (100, A2)], 103),
        ([(0, A1), (100, A2), (159, listing("a s 3"))], 160),
        ([(0, AB), (100, A1)], 145),
        ([(0, AB), (100, A1), (110, A2)], 113),
        ([(0, A1), (100, A2), (103, A2)], None),
    ],
)
def test_the_next_look_is_when_something_can_settle(steps: list[tuple[float, Listing]], at: float | None) -> None:
    assert history(*steps).look_again_at == at


@pytest.mark.parametrize(
    ("steps", "confirmed", "absence", "full_at"),
    [
        ([(0, A1)], False, False, 3),
        ([(0, A1), (2, A1)], False, False, 3),
        ([(0, A1), (3, A1)], True, False, 45),
        ([(0, A1), (3, A2)], False, False, 6),
        ([(0, A1), (45, A1)], True, True, 45),
        ([(0, A1), (61, A2)], True, False, 64),
    ],
)
def test_a_first_listing_is_confirmed_by_a_second(
    steps: list[tuple[float, Listing]], confirmed: bool, absence: bool, full_at: float
) -> None:
    seen = history(*steps)
    assert (seen.confirmed, seen.absence_confirmed, seen.full_confirmation_at) == (confirmed, absence, full_at)


LONG = 40.0
"""Seconds that a listing takes: what it misses may have been there until its end."""


@pytest.mark.parametrize(
    ("steps", "published"),
    [
        ([(0, AB), (100, A1), (150, A1), (184.9, A1)], ["a s 1", "b s 1"]),
        ([(0, AB), (100, A1), (150, A1), (185, A1)], ["a s 1"]),
        ([(0, A1), (100, listing("a e 2")), (150, listing("a e 2"))], ["a s 1"]),
        ([(0, A1), (100, A2), (140, A2)], ["a s 2"]),
    ],
)
def test_what_a_long_listing_misses_is_missing_since_its_end(
    steps: list[tuple[float, Listing]], published: list[str]
) -> None:
    assert shown(history(*steps, lasted=LONG)) == published


def test_what_a_long_first_listing_did_not_show_is_missing_since_its_end() -> None:
    steps = [(0.0, A1), (45.0, A1), (84.9, A1)]
    assert not history(*steps, lasted=LONG).absence_confirmed
    assert history(*steps, lasted=LONG).full_confirmation_at == LONG + ABSENCE
    assert history(*steps, (85.0, A1), lasted=LONG).absence_confirmed


def test_what_comes_back_after_a_start_was_not_missing_for_long_enough() -> None:
    steps = [(0.0, A1), (3.0, A1), (44.0, AB), (46.0, AB)]
    assert not history(*steps).absence_confirmed, "it is about to be published"
    assert history(*steps).full_confirmation_at == 47, "nobody asks for more in the meantime"
    seen = history(*steps, (47.0, AB))
    assert (shown(seen), seen.absence_confirmed) == (["a s 1", "b s 1"], True)
    assert history(*steps, (47.0, AB), (50.0, listing("a s 1", "b s 1", "c s 1"))).absence_confirmed, "it stays so"


def test_an_unchanged_listing_keeps_the_very_same_objects() -> None:
    first = first_seen({"a": secure("a")}, 0)
    again = observe(first, {"a": parameter("a", None, kind=SECURE_STRING)}, 60)
    assert again.published is first.published
    assert again.latest is again.published
    assert again.changed_at is None


def test_values_are_put_in_without_a_change_of_what_was_seen() -> None:
    closed = secure("a")
    seen = observe(first_seen({"a": closed}, 0), {"a": secure("a", version=2)}, 60)
    opened = with_values(seen, {"a": secure("a", "other")})
    assert opened.published["a"].value == SecureValue.of("other")
    assert (opened.latest["a"].stamp.version, opened.pending_since) == (2, 60)
    assert with_values(seen, {}) is seen
    assert NOT_OPENED.message


LISTINGS = st.dictionaries(st.sampled_from("abc"), st.tuples(st.sampled_from("se"), st.integers(1, 2)), max_size=3).map(
    lambda made: listing(*(f"{name} {kind} {version}" for name, (kind, version) in made.items()))
)
HISTORIES = st.lists(st.tuples(st.sampled_from([0.5, 2.0, 3.0, 10.0, 44.0, 46.0]), LISTINGS), max_size=12)


def replayed(first: Listing, steps: list[tuple[float, Listing]]) -> list[tuple[float, Seen, Listing]]:
    at, seen, made = 0.0, first_seen(first, 0.0), []
    for pause, listed in steps:
        at += pause
        seen = observe(seen, listed, at)
        made.append((at, seen, listed))
    return made


@given(LISTINGS, HISTORIES)
def test_nothing_is_published_that_was_never_listed(first: Listing, steps: list[tuple[float, Listing]]) -> None:
    ever = {each.stamp for each in first.values()}
    for _, seen, listed in replayed(first, steps):
        ever |= {each.stamp for each in listed.values()}
        assert {each.stamp for each in seen.published.values()} <= ever


@given(LISTINGS, HISTORIES)
def test_nothing_that_was_missing_for_less_than_45_seconds_goes(
    first: Listing, steps: list[tuple[float, Listing]]
) -> None:
    last_there = dict.fromkeys(((name, each.stamp.type) for name, each in first.items()), 0.0)
    before = first_seen(first, 0.0)
    for at, seen, listed in replayed(first, steps):
        for name in before.published.keys() - seen.published.keys():
            assert at - last_there[name, before.published[name].stamp.type] >= ABSENCE
        last_there |= dict.fromkeys(((name, each.stamp.type) for name, each in listed.items()), at)
        before = seen


@given(LISTINGS, HISTORIES)
def test_an_absence_is_confirmed_when_what_is_not_published_was_missing_for_45_seconds(
    first: Listing, steps: list[tuple[float, Listing]]
) -> None:
    every = {(name, kind) for name in "abc" for kind in KINDS.values()}
    missing_since = dict.fromkeys(every - kinds(first), 0.0)
    for at, seen, listed in replayed(first, steps):
        missing_since = {each: missing_since.get(each, at) for each in every - kinds(listed)}
        if seen.absence_confirmed:
            gone = missing_since.keys() - kinds(seen.published)
            assert all(at >= missing_since[each] + ABSENCE for each in gone)


def test_a_name_that_came_and_went_before_it_was_published_is_missing_since_then() -> None:
    nothing: Listing = {}
    steps = [(0.0, A1), (100.0, nothing), (145.0, nothing), (200.0, AB), (202.0, A1), (205.0, A1)]
    seen = history(*steps)
    assert shown(seen) == ["a s 1"]
    assert (seen.confirmed, seen.absence_confirmed, seen.full_confirmation_at) == (True, False, 247.0)
    assert not observe(seen, A1, 246.9).absence_confirmed
    assert observe(seen, A1, 247.0).absence_confirmed


@given(LISTINGS, HISTORIES, LISTINGS)
def test_what_stays_is_published_in_the_end(first: Listing, steps: list[tuple[float, Listing]], final: Listing) -> None:
    steps = [*steps, (10.0, final), (AGREEMENT, final), (ABSENCE, final), (STEADY_CHANGE, final)]
    *_, (_, seen, _) = replayed(first, steps)
    assert {name: each.stamp for name, each in seen.published.items()} == {
        name: each.stamp for name, each in final.items()
    }
    assert (seen.look_again_at, seen.is_pending, seen.confirmed, seen.absence_confirmed) == (None, False, True, True)


@given(LISTINGS, HISTORIES)
def test_what_is_open_says_when_to_look_and_never_in_the_past(
    first: Listing, steps: list[tuple[float, Listing]]
) -> None:
    for at, seen, listed in replayed(first, steps):
        differs = {n: e.stamp for n, e in seen.published.items()} != {n: e.stamp for n, e in listed.items()}
        assert (seen.look_again_at is not None) is differs
        if seen.look_again_at is not None:
            assert seen.look_again_at > at
