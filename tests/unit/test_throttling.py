"""Whether AWS throttles again and again: told late, and not taken back for a moment of quiet."""

from hypothesis import given
from hypothesis import strategies as st

from paramsync.core.throttling import QUIET, SUSTAINED, Throttling


def after(*moments: float) -> Throttling:
    row = Throttling()
    for moment in moments:
        row.throttled(moment)
    return row


def test_one_answer_is_no_state() -> None:
    assert Throttling().lasts(0.0) is None
    assert after(100.0).lasts(100.0) is None
    assert after(100.0).lasts(100.0 + SUSTAINED) is None


def test_a_row_is_told_from_its_beginning_until_it_has_been_quiet() -> None:
    row = after(100.0, 110.0, 100.0 + SUSTAINED)
    assert row.lasts(100.0 + SUSTAINED) == SUSTAINED
    assert row.lasts(100.0 + SUSTAINED + QUIET) == SUSTAINED + QUIET
    assert row.lasts(100.0 + SUSTAINED + QUIET + 1.0) is None


def test_after_quiet_another_row_begins() -> None:
    row = after(0.0, SUSTAINED)
    row.throttled(SUSTAINED + QUIET + 1.0)
    assert row.lasts(SUSTAINED + QUIET + 1.0) is None


@given(st.lists(st.floats(0.5, 900.0), max_size=60))
def test_it_changes_seldom_whatever_comes(pauses: list[float]) -> None:
    row, now, changes, was = Throttling(), 0.0, [0.0], False
    for pause in pauses:
        for at in (now + pause / 2, now + pause):
            if (row.lasts(at) is not None) is not was:
                was = not was
                changes.append(at)
        now += pause
        row.throttled(now)
        if (row.lasts(now) is not None) is not was:
            was = not was
            changes.append(now)
    ends = changes[2::2]
    assert all(end - began > QUIET / 2 for began, end in zip(changes[1::2], ends, strict=False))
