"""Sources laid over one another."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from paramsync.core.overlay import Overlay, lay_over
from paramsync.core.parameters import Snapshot
from paramsync.core.reasons import Reason
from paramsync.core.want import Selection

from . import builders, strategies
from .builders import parameter, snapshot


def laid(snapshots: Sequence[Snapshot], *selections: Selection) -> Overlay:
    return lay_over(snapshots, selections or [Selection()] * len(snapshots))


def test_a_later_source_wins_by_relative_name() -> None:
    shared = snapshot(parameter("/shared/host"), parameter("/shared/port"), path="/shared")
    own = snapshot(parameter("/prod/pay/host"), parameter("/prod/pay/db/user"))
    overlay = laid([shared, own])
    assert {relative: each.name for relative, each in overlay.winners.items()} == {
        "db/user": "/prod/pay/db/user",
        "host": "/prod/pay/host",
        "port": "/shared/port",
    }
    assert {relative: each.source for relative, each in overlay.winners.items()} == {"db/user": 1, "host": 1, "port": 0}
    assert overlay.overlaid == 1
    assert overlay.problems == ()


def test_the_winner_keeps_its_own_type() -> None:
    plain = snapshot(parameter("/shared/password"), path="/shared")
    overlay = laid([plain, snapshot(builders.secure("/prod/pay/password"))])
    assert overlay.winners["password"].parameter.stamp.type is builders.SECURE_STRING


def test_one_name_with_and_without_a_slash_below_the_root_is_an_error_that_names_both() -> None:
    overlay = laid([snapshot(parameter("host"), parameter("/host"), path="/")])
    (problem,) = overlay.problems
    assert problem.reason is Reason.KEY_COLLISION
    assert problem.message.startswith("Parameters /host and host both give the name host")


def test_what_a_source_does_not_take_neither_hides_nor_counts() -> None:
    shared = snapshot(parameter("/shared/host"), parameter("/shared/port"), path="/shared")
    own = snapshot(parameter("/prod/pay/host"), parameter("/prod/pay/debug/x"))
    overlay = laid([shared, own], Selection(include=("ho*",)), Selection(exclude=("debug/**", "host")))
    assert {relative: each.name for relative, each in overlay.winners.items()} == {"host": "/shared/host"}
    assert (overlay.overlaid, overlay.taken) == (0, (1, 0))


@st.composite
def _several(draw: st.DrawFn) -> list[Snapshot]:
    paths = draw(st.lists(st.sampled_from(strategies.PATHS), max_size=3, unique=True))
    return [draw(strategies.snapshots(path)) for path in paths]


@given(_several())
def test_every_name_comes_from_the_last_source_that_has_it(snapshots: list[Snapshot]) -> None:
    overlay = laid(snapshots)
    listed = [
        (snapshot.subtree.relative_name(name), index, found)
        for index, snapshot in enumerate(snapshots)
        for name, found in snapshot.parameters.items()
    ]
    last = {relative: (index, found) for relative, index, found in listed}
    assert {relative: (each.source, each.parameter) for relative, each in overlay.winners.items()} == last
    assert overlay.overlaid == len(listed) - len(last)
    assert list(overlay.winners) == sorted(last)
