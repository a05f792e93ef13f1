"""What happens to a feed while something else happens: failures in the middle, syncs that come and go, refreshes."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from paramsync.aws.errors import SourceError
from paramsync.core.listing import Listed
from paramsync.core.parameters import Stamp, Subtree
from paramsync.core.reasons import Reason
from paramsync.core.search import Opened
from paramsync.core.values import Sealed, SecureValue, Value
from paramsync.core.want import Selection
from paramsync.runtime.feeds.look import Urgent
from paramsync.runtime.keys import SyncKey

from .builders import SECURE_STRING, secure
from .feed_world import ALL, ONE, PAY, THREE, TWO, World
from .parameter_store import ParameterStore, now
from .virtual_time import in_virtual_time

DOWN = SourceError(Reason.SOURCE_UNAVAILABLE, "no answer in time")
DENIED = SourceError(Reason.ACCESS_DENIED, "AWS denies ssm:GetParametersByPath")


class Interrupted(ParameterStore):
    """Once it is armed, the second decryption gets no answer."""

    count: int | None = None

    def arm(self) -> None:
        self.count = 0

    async def open(self, subtree: Subtree, stamps: Sequence[Stamp], *, urgent: Urgent) -> Opened:
        if self.count is not None:
            self.count += 1
            if self.count == 2:
                self.count = None
                raise DOWN
        return await super().open(subtree, stamps, urgent=urgent)


class Slow(ParameterStore):
    """A first listing that decrypts page by page, each a second long."""

    async def read(self, subtree: Subtree, *, decrypt: bool, urgent: Urgent, admit: Callable[[int], None]) -> Listed:
        for number in range(1, 6 if decrypt else 1):
            await asyncio.sleep(1)
            admit(100 * number)
        return await super().read(subtree, decrypt=decrypt, urgent=urgent, admit=admit)


def twenty(world: World, size: int = 40) -> World:
    world.store.put(*(secure(f"/prod/pay/s{number:02}", "x" * size) for number in range(20)))
    return world


def value(world: World, sync: SyncKey, name: str, selection: Selection = ALL) -> Value | None:
    snapshot = world.needs(sync, selection=selection, every=60).snapshot
    return snapshot.parameters[f"/prod/pay/{name}"].value if snapshot is not None else None


class TestPlaintext:
    @in_virtual_time
    async def test_old_and_new_values_together_are_bounded_and_end_no_feed(self) -> None:
        store = Interrupted()
        world = twenty(World(store, most_decrypted=1000, shortest_pause=1.0))
        world.needs(ONE, selection=ALL, every=60)
        await world.until(61)
        store.arm()
        for number in range(20):
            store.write(f"/prod/pay/s{number:02}", "y" * 40, SECURE_STRING)
        await world.until(200)
        error = world.needs(ONE, selection=ALL, every=60).error
        assert error is not None
        assert error.reason is Reason.TOO_LARGE
        assert world.plaintext.total <= 1000
        listings = len(store.listings())
        await world.until(1500)
        assert len(store.listings()) > listings, "it goes on, though more slowly"

    @in_virtual_time
    async def test_what_is_decrypted_again_after_a_failure_is_published(self) -> None:
        store = Interrupted()
        world = twenty(World(store, shortest_pause=1.0))
        world.needs(ONE, selection=ALL, every=60)
        await world.until(61)
        store.arm()
        for number in range(20):
            store.write(f"/prod/pay/s{number:02}", "y" * 40, SECURE_STRING)
        await world.until(200)
        assert value(world, ONE, "s19") == SecureValue.of("y" * 40)
        assert store.decrypted == 20

    @in_virtual_time
    async def test_what_a_failed_look_has_left_goes_with_the_last_who_wants_it(self) -> None:
        store = Interrupted()
        world = twenty(World(store, shortest_pause=1.0))
        world.needs(ONE, every=60)
        await world.until(1)
        store.arm()
        world.needs(TWO, selection=ALL, every=60)
        await world.until(1.5)
        assert world.plaintext.total == 400
        store.error = DOWN
        world.feeds.release(TWO)
        assert world.plaintext.total == 0

    @pytest.mark.parametrize("leaves", [True, False])
    def test_what_was_too_much_is_tried_at_once_with_less(self, leaves: bool) -> None:
        @in_virtual_time
        async def check() -> None:
            world = World(most_decrypted=100, shortest_pause=1.0)
            world.store.put(*(secure(f"/prod/pay/s{number}", "x" * 40) for number in range(5)))
            narrow = Selection(include=("s1",), secure=True)
            world.needs(ONE, selection=narrow if leaves else ALL, every=60)
            if leaves:
                world.needs(TWO, selection=ALL, every=60)
            await world.until(10)
            assert world.needs(ONE, selection=narrow if leaves else ALL, every=60).error is not None
            if leaves:
                world.feeds.release(TWO)
            world.needs(ONE, selection=narrow, every=60)
            await world.until(20)
            assert world.needs(ONE, selection=narrow, every=60).error is None
            assert world.plaintext.total == 40

        check()

    @in_virtual_time
    async def test_what_was_kept_for_a_wish_that_was_never_served_goes_with_it(self) -> None:
        world = World(shortest_pause=1.0)
        world.store.put(secure("/prod/pay/a"), secure("/prod/pay/b"))
        world.needs(ONE, every=60)
        world.needs(TWO, selection=Selection(include=("a", "b"), secure=True), every=60)
        await world.until(10)
        world.needs(TWO, selection=Selection(include=("a",), secure=True), every=60)
        world.feeds.release(TWO)
        assert world.plaintext.total == 0
        assert not isinstance(value(world, ONE, "a", Selection()), SecureValue)

    @in_virtual_time
    async def test_what_moved_is_not_counted_twice(self) -> None:
        world = twenty(World(most_decrypted=1500, shortest_pause=1.0), size=70)
        world.needs(ONE, every=60)
        await world.until(1)
        world.store.hidden.add("/prod/pay/s19")
        world.needs(ONE, selection=ALL, every=60)
        await world.until(1.2)
        world.store.hidden.clear()
        await world.until(20)
        assert world.needs(ONE, selection=ALL, every=60).error is None
        assert world.plaintext.total == 1400

    @in_virtual_time
    async def test_a_listing_under_way_is_counted_whoever_comes_and_goes(self) -> None:
        world = World(Slow(), shortest_pause=1.0)
        world.store.put(*(secure(f"/prod/pay/s{number}", "x" * 100) for number in range(5)))
        for sync in (ONE, TWO):
            world.needs(sync, selection=ALL, every=60)
        await world.until(3.2)
        assert world.plaintext.total == 300
        world.needs(THREE, every=60)
        world.feeds.release(THREE)
        assert world.plaintext.total == 300


class TestSeals:
    LETTERS = "abcdefgh"

    def world(self) -> World:
        world = World(shortest_pause=1.0)
        world.store.put(*(secure(f"/prod/pay/{letter}") for letter in self.LETTERS))
        return world

    @in_virtual_time
    async def test_three_that_stay_bad_hold_up_none_that_is_good(self) -> None:
        world = self.world()
        world.store.locked |= {f"/prod/pay/{letter}" for letter in "abc"}
        some = Selection(include=tuple("defgh"), secure=True)
        world.needs(ONE, selection=some, every=60)
        world.needs(TWO, selection=ALL, every=60)
        await world.until(700)
        assert [isinstance(value(world, ONE, letter, some), SecureValue) for letter in "defgh"] == [True] * 5
        assert [isinstance(value(world, TWO, letter), Sealed) for letter in "abc"] == [True] * 3

    @in_virtual_time
    async def test_those_that_are_mended_behind_three_bad_ones_are_found(self) -> None:
        world = self.world()
        world.store.locked |= {f"/prod/pay/{letter}" for letter in "abcde"}
        world.needs(TWO, selection=ALL, every=60)
        await world.until(100)
        world.store.locked -= {"/prod/pay/d", "/prod/pay/e"}
        await world.until(1500)
        assert [isinstance(value(world, TWO, letter), Sealed) for letter in self.LETTERS] == [True] * 3 + [False] * 5

    @in_virtual_time
    async def test_a_seal_is_tried_again_in_its_time_however_long_the_interval(self) -> None:
        world = self.world()
        world.store.locked.add("/prod/pay/a")
        world.needs(ONE, selection=ALL, every=86400)
        await world.until(1)
        world.store.locked.clear()
        await world.until(302)
        assert world.store.listings() == [0, 0], "the one that failed, and a plain one"
        snapshot = world.needs(ONE, selection=ALL, every=86400).snapshot
        assert snapshot is not None
        assert isinstance(snapshot.parameters["/prod/pay/a"].value, SecureValue)
        assert world.wakes(ONE)[-1] == pytest.approx(300, abs=1)

    @in_virtual_time
    async def test_a_refresh_breaks_them_although_the_first_try_fails(self) -> None:
        world = self.world()
        world.store.locked.add("/prod/pay/a")
        world.needs(ONE, selection=ALL, every=60)
        await world.until(1)
        world.store.locked.clear()
        world.store.error = DOWN
        world.needs(ONE, selection=ALL, every=60, not_before=now(), urgent=True)
        world.feeds.retry_sealed(ONE)
        await world.until(2.5)
        world.store.error = None
        await world.until(60)
        assert isinstance(value(world, ONE, "a"), SecureValue)


class TestFailures:
    @in_virtual_time
    async def test_who_waits_for_a_vanishing_secret_hears_of_an_outage(self) -> None:
        world = World(shortest_pause=1.0)
        world.store.put(secure())
        world.needs(ONE, every=60)
        await world.until(59)
        world.store.delete("/prod/pay/password")
        await world.until(61)
        world.needs(TWO, selection=ALL, every=60)
        await world.until(63)
        assert world.needs(ONE, every=60).snapshot is not None, "a plain sync does not wait for it"
        world.store.error = DOWN
        await world.until(3000)
        assert world.needs(TWO, selection=ALL, every=60).error is DOWN

    @in_virtual_time
    async def test_to_decrypt_what_was_listed_before_is_no_success_after_a_failed_listing(self) -> None:
        world = World(shortest_pause=1.0)
        world.store.put(secure())
        world.needs(ONE, every=300)
        await world.until(10)
        world.store.takes = 2.0
        asked = now()
        world.needs(ONE, every=300, not_before=asked, urgent=True)
        await world.until(11)
        world.needs(TWO, selection=ALL, every=300)
        world.store.error = DENIED
        await world.until(12.5)
        assert world.needs(ONE, every=300, not_before=asked, urgent=True).error is DENIED
        world.store.error = None
        world.needs(TWO, selection=ALL, every=300)
        await world.until(20)
        reading = world.needs(ONE, every=300, not_before=asked, urgent=True)
        assert reading.error is None
        assert reading.snapshot is not None
        assert reading.snapshot.began > asked

    @in_virtual_time
    async def test_who_waits_for_a_confirmation_does_not_spoil_the_back_off(self) -> None:
        world = World(shortest_pause=1.0)
        snapshot = world.needs(ONE, every=60).snapshot
        await world.until(1)
        snapshot = world.needs(ONE, every=60).snapshot
        assert snapshot is not None
        world.store.error = DOWN
        for _ in range(100):
            world.feeds.confirm(ONE, [snapshot])
            await asyncio.sleep(1)
        assert len(world.store.listings()) < 12


@in_virtual_time
async def test_a_confirmation_that_came_while_a_reconcile_was_under_way_is_told() -> None:
    world = World(shortest_pause=1.0)
    for sync in (ONE, TWO):
        world.needs(sync, every=600)
    await world.until(1)
    early = world.needs(TWO, every=600).snapshot
    assert early is not None
    world.feeds.confirm(TWO, [early])
    await world.until(2.9)
    seen = world.needs(ONE, every=600).snapshot
    assert seen is not None
    assert not seen.settled
    await world.until(3.5)
    assert len(world.wakes(ONE)) == 1
    world.feeds.confirm(ONE, [seen])
    await world.until(4)
    assert len(world.wakes(ONE)) == 2


@in_virtual_time
async def test_whoever_comes_during_a_first_listing_needs_no_other() -> None:
    world = twenty(World(shortest_pause=1.0))
    world.store.takes = 30
    for number in range(6):
        world.needs(SyncKey("payments", f"s{number}"), PAY, Selection(include=(f"s{number:02}",), secure=True))
        await asyncio.sleep(4)
    await world.until(100)
    assert len(world.store.listings()) == 1
    assert world.store.decrypted == 6
