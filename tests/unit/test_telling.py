"""How many Events a sync may have, and that what flaps is told no oftener."""

import logging
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramsync.aws.errors import SourceError
from paramsync.core.reasons import Reason
from paramsync.core.telling import BURST, PAUSE, Allowance, with_omitted
from tests.unit.builders import parameter, secure, snapshot
from tests.unit.reconcile_world import World
from tests.unit.virtual_time import in_virtual_time

if TYPE_CHECKING:
    from paramsync.core.parameters import Snapshot
    from paramsync.kube.events import Note

HOUR = 3600.0


def told(moments: list[float]) -> tuple[list[float], int]:
    """Which of the Events at these moments are told, and how many were left out after the last of them."""
    allowance, found = Allowance.full(moments[0]), []
    for moment in moments:
        allowance, may_tell = allowance.asked(moment)
        found += [moment] if may_tell else []
    return found, allowance.omitted


def test_a_burst_is_told_and_then_one_in_five_minutes() -> None:
    found, omitted = told([float(second) for second in range(7200)])

    assert found[:BURST] == list(range(BURST))
    later = found[BURST:]
    assert len(later) == 7200 // PAUSE - 1
    assert all(moment == pytest.approx((number + 1) * PAUSE, abs=1.1) for number, moment in enumerate(later))
    assert omitted == 7199 - later[-1]


def test_who_was_quiet_may_tell_a_burst_again_and_no_more() -> None:
    moments = [0.0] * 40 + [30 * HOUR] * 40

    assert told(moments) == ([0.0] * BURST + [30 * HOUR] * BURST, 40 - BURST)


@given(st.lists(st.floats(0, 900), min_size=1, max_size=200))
def test_no_window_has_more_than_its_share(pauses: list[float]) -> None:
    moments = [sum(pauses[: index + 1]) for index in range(len(pauses))]
    found, _ = told(moments)

    assert found[:BURST] == moments[:BURST]
    for begin, first in enumerate(found):
        for end in range(begin, len(found)):
            assert end - begin + 1 <= BURST + (found[end] - first) / PAUSE + 1e-6


def test_what_was_left_out_is_counted_and_said_with_the_next() -> None:
    allowance = Allowance.full(0)
    for _ in range(BURST + 3):
        allowance, _ = allowance.asked(0)

    assert allowance.omitted == 3
    assert with_omitted("Secret app: 1 add", allowance.omitted).startswith("(left out before this: 3")
    assert with_omitted("Secret app: 1 add", 0) == "Secret app: 1 add"
    allowance, may_tell = allowance.asked(PAUSE)
    assert (may_tell, allowance.omitted) == (True, 0)


class Flapping:
    """A path that AWS denies now and then does not, as often as it is listed."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, path: str) -> "Snapshot | Exception":
        self.times += 1
        if self.times % 2:
            return snapshot(parameter(), secure(), path=path)
        return SourceError(Reason.ACCESS_DENIED, f"AWS denies ssm:GetParametersByPath on {path}")


def test_a_sync_that_flaps_for_half_a_day_has_a_bounded_number_of_events(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="paramsync.runtime.notes")

    @in_virtual_time
    async def check() -> None:
        world = World(Flapping(), interval="30s")
        await world.run(12 * HOUR)
        changes = [record for record in caplog.records if record.msg == "a sync changed"]
        left_out = [record for record in caplog.records if record.msg == "an Event was left out"]
        assert len(changes) > 500, "it does flap"
        assert len(world.notes.notes) + len(left_out) == len(changes)
        for kind in ("Normal", "Warning"):
            assert BURST < len(of_type(world.notes.notes, kind)) <= BURST + 12 * HOUR / PAUSE
        assert {record.levelno for record in left_out} == {logging.DEBUG}
        assert world.notes.notes[-1].text.startswith("(left out before this: ")

    check()


def of_type(notes: "list[Note]", kind: str) -> "list[Note]":
    return [note for note in notes if note.type == kind]


@in_virtual_time
async def test_a_sync_that_is_made_anew_has_its_own() -> None:
    world = World(Flapping(), interval="30s")
    await world.run(6 * HOUR)
    world.customs.deleted_at = "2026-03-01T12:00:00Z"
    await world.run(60)
    world.customs.deleted_at = None
    before = len(world.notes.notes)
    await world.run(BURST * 30)
    assert len(world.notes.notes) >= before + BURST - 5
