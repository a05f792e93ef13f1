"""A feed decrypts what its syncs want, when it is new, and nothing else; what cannot be decrypted stops no other."""

from datetime import timedelta
from itertools import pairwise

import pytest

from paramsync.aws.errors import SourceError, Undecryptable
from paramsync.core.reasons import Reason
from paramsync.core.values import NOT_OPENED, Sealed, SecureValue, Value
from paramsync.core.want import Selection

from .builders import NOW, SECURE_STRING, secure
from .feed_world import ALL, ONE, PAY, PLAIN, THREE, TWO, World
from .parameter_store import now
from .virtual_time import in_virtual_time

UNAVAILABLE = SourceError(Reason.SOURCE_UNAVAILABLE, "Reading /prod/pay failed")


def stocked(count: int = 3) -> World:
    world = World()
    world.store.put(*(secure(f"/prod/pay/s{number:02}", f"secret {number}") for number in range(count)))
    return world


def value(world: World, name: str, selection: Selection = ALL) -> Value:
    snapshot = world.needs(ONE, selection=selection).snapshot
    assert snapshot is not None
    return snapshot.parameters[f"/prod/pay/{name}"].value


class TestWhatIsDecrypted:
    @in_virtual_time
    async def test_who_needs_none_asks_for_none(self) -> None:
        world = stocked()
        world.needs(ONE, every=60)
        await world.until(130)
        assert {each.what for each in world.store.asked} == {"list"}
        assert value(world, "s00", PLAIN) is NOT_OPENED

    @in_virtual_time
    async def test_a_first_read_of_all_is_one_pass(self) -> None:
        world = stocked(30)
        world.needs(ONE, selection=ALL, every=60)
        await world.until(130)
        assert [each.what for each in world.store.asked] == ["list decrypted", "list", "list"]
        assert value(world, "s00") == SecureValue.of("secret 0")

    @in_virtual_time
    async def test_a_first_read_of_some_decrypts_just_those(self) -> None:
        world = stocked()
        world.needs(ONE, selection=Selection(exclude=("s01",), secure=True))
        await world.until(100)
        assert [each.what for each in world.store.asked] == ["list", "open s00 s02"]
        assert world.store.decrypted == 2
        assert value(world, "s01", Selection(exclude=("s01",), secure=True)) is NOT_OPENED

    @in_virtual_time
    async def test_what_stands_is_not_decrypted_again(self) -> None:
        world = stocked()
        world.needs(ONE, selection=ALL, every=60)
        await world.until(100)
        world.store.write("/prod/pay/s01", "new", SECURE_STRING)
        await world.until(400)
        assert world.store.opened() == ["s01"]
        assert world.store.decrypted == 1
        assert world.store.listings() == [0, 60, 120, 123, 183, 243, 303, 363]
        assert value(world, "s01") == SecureValue.of("new")

    @in_virtual_time
    async def test_a_value_that_was_created_anew_at_version_1_is_another_one(self) -> None:
        world = stocked()
        world.needs(ONE, selection=ALL, every=60)
        await world.until(70)
        world.store.put(secure("/prod/pay/s01", "other", version=1, modified=NOW + timedelta(seconds=70)))
        await world.until(130)
        assert world.store.opened() == ["s01"]
        assert value(world, "s01") == SecureValue.of("other")

    @in_virtual_time
    async def test_a_wish_for_more_costs_no_other_listing(self) -> None:
        world = stocked(12)
        world.needs(ONE)
        await world.until(10)
        assert world.needs(TWO, selection=ALL).snapshot is None, "what is there was not decrypted"
        await world.until(20)
        names = [f"s{number:02}" for number in range(12)]
        assert world.store.listings() == [0]
        assert world.store.opened() == [" ".join(names[:10]), " ".join(names[10:])]
        assert len(world.wakes(TWO)) == 1
        assert world.needs(TWO, selection=ALL).snapshot is not None

    @in_virtual_time
    async def test_plaintext_goes_with_the_last_who_wants_it(self) -> None:
        world = stocked()
        world.needs(ONE, every=60)
        world.needs(TWO, every=60, selection=Selection(include=("s00", "s01"), secure=True))
        world.needs(THREE, every=60, selection=Selection(include=("s01",), secure=True))
        await world.until(70)
        assert world.plaintext.total == len("secret 0") * 2
        world.feeds.release(TWO)
        assert world.plaintext.total == len("secret 0")
        assert (value(world, "s00", PLAIN), value(world, "s01", PLAIN)) == (NOT_OPENED, SecureValue.of("secret 1"))
        world.needs(THREE, every=60)
        assert world.plaintext.total == 0

    @in_virtual_time
    async def test_what_was_dropped_is_decrypted_for_whoever_wants_it_later(self) -> None:
        world = stocked()
        world.needs(ONE)
        world.needs(TWO, selection=ALL)
        await world.until(10)
        world.feeds.release(TWO)
        world.needs(THREE, selection=ALL)
        await world.until(20)
        assert world.store.opened() == ["s00 s01 s02"]
        assert len(world.wakes(THREE)) == 1
        assert world.needs(THREE, selection=ALL).snapshot is not None

    @in_virtual_time
    async def test_a_wider_wish_of_one_sync_is_not_taken_for_granted(self) -> None:
        world = stocked()
        world.needs(ONE, selection=Selection(include=("s00",), secure=True))
        await world.until(10)
        assert world.needs(ONE, selection=ALL).snapshot is None
        await world.until(20)
        assert value(world, "s02") == SecureValue.of("secret 2")

    @in_virtual_time
    async def test_memory_for_plaintext_is_bounded(self) -> None:
        world = World(most_decrypted=20)
        world.store.put(*(secure(f"/prod/pay/s{number:02}", "12345678") for number in range(3)))
        world.needs(ONE, selection=ALL)
        world.needs(TWO)
        await world.until(1)
        error = world.needs(ONE, selection=ALL).error
        assert error is not None
        assert error.reason is Reason.TOO_LARGE
        assert "maxDecryptedMiB" in str(error)
        assert world.plaintext.total == 0
        world.needs(ONE, selection=Selection(include=("s00", "s01"), secure=True), not_before=now())
        await world.until(20)
        assert world.plaintext.total == 16


class TestWhatCannotBeDecrypted:
    @in_virtual_time
    async def test_it_is_found_by_halving_and_left_alone_then(self) -> None:
        world = stocked(16)
        world.store.locked.add("/prod/pay/s03")
        world.needs(ONE, selection=ALL, every=60)
        await world.until(200)
        assert [each.what for each in world.store.asked][:2] == ["list decrypted", "list"]
        assert world.store.opened() == [
            "s00 s01 s02 s03 s04 s05 s06 s07 s08 s09",
            "s00 s01 s02 s03 s04",
            "s00 s01",
            "s02 s03 s04",
            "s02",
            "s03 s04",
            "s03",
            "s04",
            "s05 s06 s07 s08 s09",
            "s10 s11 s12 s13 s14 s15",
        ]
        assert world.store.decrypted == 15
        assert value(world, "s03") == Sealed(
            Reason.DECRYPTION_FAILED,
            "Parameter /prod/pay/s03 cannot be decrypted: AWS denies kms:Decrypt; allow it for the operator's role",
        )
        assert value(world, "s04") == SecureValue.of("secret 4")

    @in_virtual_time
    async def test_it_is_tried_again_after_5_minutes_then_10_then_up_to_an_hour(self) -> None:
        world = stocked(2)
        world.store.locked.add("/prod/pay/s00")
        world.needs(ONE, selection=ALL, every=60)
        await world.until(4 * 3600)
        tries = [each.at for each in world.store.asked if each.what == "open s00"]
        pauses = [round(after - before, -2) for before, after in pairwise(tries)]
        assert pauses == [300, 600, 1200, 2400, 3600, 3600]

    @in_virtual_time
    async def test_a_new_version_is_tried_at_once(self) -> None:
        world = stocked(2)
        world.store.locked.add("/prod/pay/s00")
        world.needs(ONE, selection=ALL, every=60)
        await world.until(10)
        world.store.locked.clear()
        world.store.write("/prod/pay/s00", "good again", SECURE_STRING)
        await world.until(70)
        assert value(world, "s00") == SecureValue.of("good again")
        assert len(world.wakes(ONE)) == 2

    @in_virtual_time
    async def test_a_refresh_tries_it_at_once_and_its_syncs_hear_of_it(self) -> None:
        world = stocked(2)
        world.store.locked.add("/prod/pay/s00")
        world.needs(ONE, selection=ALL)
        world.needs(TWO, selection=ALL)
        await world.until(10)
        world.store.locked.clear()
        world.feeds.retry_sealed(ONE)
        world.needs(ONE, selection=ALL, not_before=now())
        await world.until(20)
        assert value(world, "s00") == SecureValue.of("secret 0")
        assert (len(world.wakes(ONE)), len(world.wakes(TWO))) == (2, 2)

    @in_virtual_time
    async def test_a_refresh_in_the_middle_of_a_listing_is_not_forgotten(self) -> None:
        world = stocked(2)
        world.store.locked.add("/prod/pay/s00")
        world.needs(ONE, selection=ALL)
        await world.until(10)
        world.store.takes = 5
        world.feeds.poll(PAY)
        await world.until(12)
        world.store.locked.clear()
        world.feeds.retry_sealed(ONE)
        world.needs(ONE, selection=ALL, not_before=now())
        await world.until(30)
        assert value(world, "s00") == SecureValue.of("secret 0")

    @in_virtual_time
    async def test_three_bad_and_none_good_end_the_search(self) -> None:
        world = stocked(40)
        world.store.locked |= set(world.store.parameters)
        world.needs(ONE, selection=ALL)
        await world.until(10)
        assert len(world.store.opened()) <= 8
        assert all(isinstance(value(world, f"s{number:02}"), Sealed) for number in range(40))
        assert world.wakes(ONE) == [0]

    @in_virtual_time
    async def test_one_that_a_sync_excludes_is_never_tried(self) -> None:
        world = stocked(3)
        world.store.locked.add("/prod/pay/s01")
        rest = Selection(exclude=("s01",), secure=True)
        world.needs(ONE, selection=rest)
        world.needs(TWO)
        await world.until(700)
        assert all("s01" not in names for names in world.store.opened())
        assert world.needs(ONE, selection=rest).error is None

    @in_virtual_time
    async def test_without_the_right_to_get_parameters_plain_ones_can_be_read(self) -> None:
        world = stocked(3)
        world.needs(TWO)
        await world.until(1)
        world.store.open_error = Undecryptable(Reason.ACCESS_DENIED, "AWS denies ssm:GetParameters; allow it")
        world.needs(ONE, selection=ALL)
        await world.until(10)
        sealed = value(world, "s00")
        assert isinstance(sealed, Sealed)
        assert (sealed.reason, "ssm:GetParameters" in sealed.message) == (Reason.ACCESS_DENIED, True)
        assert world.needs(TWO).error is None


class TestWhatMoves:
    @in_virtual_time
    async def test_what_is_not_there_as_it_was_listed_goes_back_to_the_list(self) -> None:
        world = stocked(3)
        world.needs(ONE)
        await world.until(1)
        world.store.write("/prod/pay/s01", "newer", SECURE_STRING)
        world.needs(ONE, selection=ALL)
        await world.until(2)
        assert world.store.opened()[0] == "s00 s01 s02"
        assert world.needs(ONE, selection=ALL).snapshot is None, "the new version is about to be confirmed"
        await world.until(10)
        assert value(world, "s01") == SecureValue.of("newer")
        assert len(world.store.listings()) <= 4
        assert world.store.decrypted == 3, "what was decrypted before is not decrypted again"

    @in_virtual_time
    async def test_what_does_not_appear_is_a_passing_failure_and_no_removal(self) -> None:
        world = stocked(3)
        world.store.hidden.add("/prod/pay/s01")
        world.needs(ONE)
        await world.until(1)
        world.needs(ONE, selection=ALL)
        await world.until(1.5)
        error = world.needs(ONE, selection=ALL).error
        assert error is not None
        assert error.reason is Reason.SOURCE_UNAVAILABLE
        world.store.hidden.clear()
        await world.until(10)
        assert value(world, "s01") == SecureValue.of("secret 1")
        assert world.store.decrypted == 3

    @in_virtual_time
    async def test_one_that_vanishes_before_it_was_decrypted_is_waited_for(self) -> None:
        world = stocked(2)
        world.needs(ONE, every=10)
        await world.until(1)
        world.store.delete("/prod/pay/s01")
        await world.until(11)
        assert world.needs(TWO, every=10, selection=ALL).snapshot is None
        await world.until(40)
        assert world.needs(TWO, every=10, selection=ALL).snapshot is None, "it may come back"
        assert world.needs(TWO, every=10, selection=ALL).error is None
        await world.until(70)
        snapshot = world.needs(TWO, every=10, selection=ALL).snapshot
        assert snapshot is not None
        assert sorted(snapshot.parameters) == ["/prod/pay/host", "/prod/pay/s00"]

    @pytest.mark.parametrize("moment", [1, 100])
    @in_virtual_time
    async def test_a_failure_in_the_middle_publishes_nothing_and_keeps_what_was_decrypted(self, moment: int) -> None:
        world = stocked(25)
        world.needs(ONE)
        await world.until(moment)
        world.store.open_error = UNAVAILABLE
        world.needs(ONE, selection=ALL)
        await world.until(moment + 0.5)
        assert world.needs(ONE, selection=ALL).snapshot is None
        world.store.open_error = None
        await world.until(moment + 30)
        assert value(world, "s24") == SecureValue.of("secret 24")
        assert world.store.decrypted == 25
