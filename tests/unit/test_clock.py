"""Times as Kubernetes writes them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramsync.core.clock import timestamp, when


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC), "2026-03-01T12:00:00Z"),
        (datetime(2026, 3, 1, 12, 0, 0, 999_999, tzinfo=UTC), "2026-03-01T12:00:00Z"),
        (datetime(2026, 3, 1, 1, 0, 0, tzinfo=timezone(timedelta(hours=2))), "2026-02-28T23:00:00Z"),
    ],
)
def test_times_are_utc_with_whole_seconds(moment: datetime, text: str) -> None:
    assert timestamp(moment) == text


@given(st.datetimes(min_value=datetime(2000, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_what_was_written_is_read_again(moment: datetime) -> None:
    assert when(timestamp(moment)) == moment.replace(microsecond=0)


def test_what_is_no_time_is_an_error() -> None:
    with pytest.raises(ValueError, match="isoformat"):
        when("yesterday")
