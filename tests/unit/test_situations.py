"""Every reason is brought about; and then it says the same for as long as nothing changes."""

import pytest

from paramsync.core.reasons import ONLY_OF_STORES, Reason
from paramsync.core.remedies import REMEDIES, anchor
from tests.unit.situations import HOUR, SITUATIONS, left, told
from tests.unit.virtual_time import in_virtual_time


def test_every_reason_has_a_situation_and_a_remedy() -> None:
    assert list(SITUATIONS) == [reason for reason in Reason if reason not in ONLY_OF_STORES]
    assert list(REMEDIES) == list(Reason)


@pytest.mark.parametrize("reason", SITUATIONS)
def test_a_reason_is_told_in_its_situation(reason: Reason) -> None:
    assert reason in told(left(reason))


@pytest.mark.parametrize("reason", SITUATIONS)
def test_what_goes_on_is_neither_written_nor_told_again(reason: Reason) -> None:
    @in_virtual_time
    async def check() -> None:
        world = await SITUATIONS[reason].brought_about()
        status, writes, notes = world.customs.status, len(world.customs.writes), list(world.notes.notes)
        looks = world.customs.looks

        await world.run(HOUR)
        world.restart()
        await world.run(HOUR)

        assert (world.customs.status, len(world.customs.writes)) == (status, writes)
        assert world.notes.notes == notes
        assert world.customs.looks >= looks + 12, "it was looked at again and again"

    check()


@pytest.mark.parametrize("reason", SITUATIONS)
def test_a_remedy_is_one_sentence_that_a_table_can_hold(reason: Reason) -> None:
    assert REMEDIES[reason].endswith(".")
    assert "|" not in REMEDIES[reason]
    assert "\n" not in REMEDIES[reason]
    assert anchor(reason) == f"docs/reference/reasons.md#{reason.value.lower()}"
