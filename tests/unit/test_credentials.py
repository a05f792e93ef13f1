"""Credentials are renewed ahead, asked for with back-off, and used for as long as they are good."""

import logging
import threading
from typing import TYPE_CHECKING

import pytest
from botocore.credentials import ReadOnlyCredentials

from paramsync.aws.errors import SourceError
from paramsync.aws.identities.backoff import FIRST, LONGEST, QUIET, BackOff
from paramsync.aws.identities.credentials import AHEAD, Fetched, Kept
from paramsync.core.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

DOWN = SourceError(Reason.SOURCE_UNAVAILABLE, "STS is down")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Source:
    """Gives credentials of a lifetime, numbered, or fails."""

    def __init__(self, clock: Clock, lifetime: float = 3600) -> None:
        self.clock, self.lifetime = clock, lifetime
        self.calls = 0
        self.error: SourceError | None = None
        self.before: Callable[[], object] = lambda: None

    def __call__(self) -> Fetched:
        self.calls += 1
        self.before()
        if self.error is not None:
            raise self.error
        end = self.clock() + self.lifetime
        return Fetched(
            ReadOnlyCredentials(f"key{self.calls}", "hunter2", "hunter2"), lambda seconds: self.clock() + seconds > end
        )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def source(clock: Clock) -> Source:
    return Source(clock)


@pytest.fixture
def kept(source: Source, clock: Clock) -> Kept:
    return Kept("role/x", source, clock)


def key(kept: Kept) -> str | None:
    return kept.get_frozen_credentials().access_key


def fails(kept: Kept) -> SourceError:
    with pytest.raises(SourceError) as raised:
        kept.get_frozen_credentials()
    return raised.value


def run(kept: Kept, clock: Clock, seconds: int, step: int = 5) -> None:
    for _ in range(seconds // step):
        key(kept)
        clock.now += step


class TestBackOff:
    def test_it_doubles_to_its_longest(self, clock: Clock) -> None:
        backoff, waits = BackOff(clock), []
        for _ in range(8):
            backoff.failed()
            start = clock.now
            while backoff.waits:
                clock.now += 1
            waits.append(clock.now - start)
        assert waits == [FIRST, 20, 40, 80, 160, LONGEST, LONGEST, LONGEST]

    def test_a_success_makes_the_next_failure_a_first_one(self, clock: Clock) -> None:
        backoff = BackOff(clock)
        for _ in range(5):
            backoff.failed()
        backoff.succeeded()
        assert not backoff.waits
        backoff.failed()
        clock.now += FIRST
        assert not backoff.waits

    @pytest.mark.parametrize(("quiet", "wait"), [(QUIET - 1, 40), (QUIET + 1, FIRST)])
    def test_quiet_makes_the_next_failure_a_first_one(self, clock: Clock, quiet: float, wait: float) -> None:
        backoff = BackOff(clock)
        backoff.failed()
        backoff.failed()
        clock.now += 20 + quiet
        backoff.failed()
        clock.now += wait - 1
        assert backoff.waits
        clock.now += 1
        assert not backoff.waits


class TestRenewal:
    def test_they_are_got_at_the_first_use_and_kept(self, kept: Kept, source: Source) -> None:
        assert (source.calls, kept.is_ready) == (0, False)
        assert {key(kept) for _ in range(5)} == {"key1"}
        assert (source.calls, kept.is_ready) == (1, True)

    def test_an_hour_takes_two_calls_at_most(self, kept: Kept, source: Source, clock: Clock) -> None:
        run(kept, clock, 10 * 3600)
        assert source.calls <= 14, "3,600 s of which 2,700 are used: 13.3 calls in ten hours"

    def test_they_are_renewed_ahead_of_their_end(self, kept: Kept, source: Source, clock: Clock) -> None:
        key(kept)
        clock.now += 3600 - AHEAD
        assert key(kept) == "key1"
        clock.now += 1
        assert not kept.is_ready
        assert key(kept) == "key2"

    @pytest.mark.parametrize("lifetime", [1000, 900, 600, 60])
    def test_short_lived_ones_are_not_renewed_at_every_request(
        self, kept: Kept, source: Source, clock: Clock, lifetime: int
    ) -> None:
        source.lifetime = lifetime
        run(kept, clock, 3600, step=1)
        assert source.calls <= 2 * 3600 / lifetime + 1

    def test_one_renews_and_the_others_go_on(self, kept: Kept, source: Source, clock: Clock) -> None:
        key(kept)
        clock.now += 3000
        begun, end = threading.Event(), threading.Event()

        def hold() -> None:
            begun.set()
            end.wait(10)

        source.before = hold
        renewing = threading.Thread(target=kept.get_frozen_credentials)
        renewing.start()
        assert begun.wait(10)
        assert key(kept) == "key1"
        assert not kept.is_ready
        end.set()
        renewing.join()
        assert (key(kept), source.calls) == ("key2", 2)

    def test_all_wait_for_one_where_none_are_left(self, kept: Kept, source: Source) -> None:
        end = threading.Event()
        source.before = lambda: end.wait(10)
        got: list[str | None] = []
        threads = [threading.Thread(target=lambda: got.append(key(kept))) for _ in range(5)]
        for thread in threads:
            thread.start()
        end.set()
        for thread in threads:
            thread.join()
        assert (got, source.calls) == (["key1"] * 5, 1)


class TestFailure:
    def test_good_ones_go_on_being_used_to_their_end(
        self, kept: Kept, source: Source, clock: Clock, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        key(kept)
        source.error = DOWN
        clock.now += 2701
        run(kept, clock, 895)
        assert source.calls - 1 == 7, "after 0, 10, 30, 70, 150, 310 and 610 s"
        assert key(kept) == "key1"
        clock.now += 10
        assert str(fails(kept)) == "STS is down"
        source.error = None
        clock.now += LONGEST
        assert key(kept) == f"key{source.calls}"
        assert [record.getMessage() for record in caplog.records] == [
            "credentials cannot be renewed",
            "credentials are renewed again",
        ], "a line for each change"

    def test_nothing_left_is_the_same_error_without_a_call_each(self, kept: Kept, source: Source, clock: Clock) -> None:
        source.error = DOWN
        errors = [fails(kept) for _ in range(20)]
        assert source.calls == 1
        assert {(error.reason, str(error)) for error in errors} == {(Reason.SOURCE_UNAVAILABLE, "STS is down")}
        assert str(kept.failure) == "STS is down"
        clock.now += FIRST
        assert kept.failure is None
        fails(kept)
        assert source.calls == 2
        clock.now += FIRST
        fails(kept)
        assert source.calls == 2
        clock.now += FIRST
        source.error = None
        assert key(kept) == "key3"
        assert kept.failure is None

    def test_after_a_success_the_back_off_begins_anew(self, kept: Kept, source: Source, clock: Clock) -> None:
        source.lifetime = 60
        for error in (DOWN, DOWN, DOWN, None, DOWN):
            source.error = error
            if error is None:
                key(kept)
            else:
                fails(kept)
            clock.now += 61
        assert source.calls == 5, "61 s are longer than the first three waits, and than the first one again"
        clock.now -= 61 - FIRST
        fails(kept)
        assert source.calls == 6

    def test_while_backing_off_good_ones_are_ready(self, kept: Kept, source: Source, clock: Clock) -> None:
        key(kept)
        source.error = DOWN
        clock.now += 2701
        ready = [kept.is_ready]
        key(kept)
        ready.append(kept.is_ready)
        clock.now += 890
        key(kept)
        ready.append(kept.is_ready)
        clock.now += 10
        ready.append(kept.is_ready)
        assert ready == [False, True, True, False], "due, backing off, backing off, and ended"

    def test_an_error_that_is_raised_again_gathers_nothing(self, kept: Kept, source: Source) -> None:
        source.error = DOWN
        fails(kept)
        first, second = fails(kept), fails(kept)
        assert first is not second
        assert first.__context__ is None

    def test_ones_that_have_ended_when_they_come(self, kept: Kept, source: Source, clock: Clock) -> None:
        source.lifetime = -30
        error = fails(kept)
        assert error.reason is Reason.ACCESS_DENIED
        assert "check the clock" in str(error)
        fails(kept)
        assert source.calls == 1

    def test_nothing_shows_them(self, kept: Kept, source: Source) -> None:
        assert "hunter2" in str(kept.get_frozen_credentials())
        assert "hunter2" not in repr(source())
        assert "hunter2" not in repr(kept)
        assert "hunter2" not in str({name: repr(value) for name, value in vars(kept).items()})


class TestRefused:
    def test_others_are_had_at_the_next_use(self, kept: Kept, source: Source) -> None:
        key(kept)
        kept.refused()
        assert not kept.is_ready
        assert key(kept) == "key2"

    def test_the_refused_ones_are_not_used_again(self, kept: Kept, source: Source) -> None:
        key(kept)
        kept.refused()
        source.error = DOWN
        fails(kept)

    def test_shared_ones_stay_in_use_until_others_come(self, source: Source, clock: Clock) -> None:
        kept = Kept("the operator's role", source, clock, shared=True)
        key(kept)
        source.error = DOWN
        kept.refused()
        assert key(kept) == "key1"
        clock.now += FIRST
        source.error = None
        assert key(kept) == "key3"
        assert kept.is_ready

    def test_shared_ones_are_renewed_with_back_off(self, source: Source, clock: Clock) -> None:
        kept = Kept("the operator's role", source, clock, shared=True)
        for _ in range(600):
            key(kept)
            kept.refused()
            clock.now += 1
        assert source.calls <= 7, "at first, and after 0, 10, 30, 70, 150 and 310 s"
