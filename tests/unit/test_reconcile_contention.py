"""Targets that somebody else changes, over hours in virtual time: what is repaired, told, and at last left alone."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from paramsync.core.drift import Seen
from paramsync.core.objects import Content, Live, Owner
from paramsync.core.parameters import Snapshot
from paramsync.core.routing import TargetRef
from paramsync.core.values import SecureValue
from paramsync.kube.errors import Stale
from tests.unit.builders import CONFIG_MAP, SECRET, given, parameter, secure, snapshot
from tests.unit.reconcile_world import FakeTargets, World
from tests.unit.virtual_time import in_virtual_time

if TYPE_CHECKING:
    from pydantic import JsonValue

MINUTE = 60.0
HOUR = 60 * MINUTE
EVIL = SecureValue.of("evil")

Change = Callable[[Live], Live | None]


def filled(path: str, version: int = 1) -> Snapshot:
    return snapshot(parameter(f"{path}/host"), secure(f"{path}/password", f"v{version}", version=version), path=path)


def edited(found: Live) -> Live:
    return replace(found, data={**(found.data or {}), "PASSWORD": EVIL}, editors={"PASSWORD": frozenset({"helm"})})


def added(found: Live) -> Live:
    theirs = frozenset({"MORE"})
    return replace(
        found, data={**(found.data or {}), "MORE": EVIL}, foreign_keys=theirs, editors={"MORE": frozenset({"helm"})}
    )


def relabelled(found: Live) -> Live:
    return replace(found, labels={"app.kubernetes.io/managed-by": "Helm"})


def disowned(found: Live) -> Live:
    return replace(found, controller=None)


def deleted(found: Live) -> None:
    return None


CHANGES: dict[str, Change] = {
    "edited": edited,
    "added to": added,
    "relabelled": relabelled,
    "disowned": disowned,
    "deleted": deleted,
}


class Rival(FakeTargets):
    """Targets of which somebody else changes the Secret, at once after every write, as long as ``change`` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.change: Change | None = None
        self.within = False
        """Whether the change is made within the write, as by an admission webhook."""
        self.writes: list[tuple[float, TargetRef]] = []

    def apply(self, content: Content, live: Live | None, owner: Owner) -> Seen:
        self.writes.append((asyncio.get_running_loop().time(), content.ref))
        seen = super().apply(content, live, owner)
        if content.ref == SECRET and self.change is not None:
            self.meddle(self.change)
            if self.within:
                raise Stale(f"apply {content.ref}: something else is there than what was applied")
        return seen

    def meddle(self, change: Change, ref: TargetRef = SECRET) -> None:
        """Somebody changes a target."""
        found = self.objects.pop(ref)
        if (made := change(found)) is not None:
            self.objects[ref] = replace(made, resource_version=str(int(found.resource_version) + 1))

    def written(self, ref: TargetRef = SECRET) -> list[float]:
        """When a target was written."""
        return [at for at, each in self.writes if each == ref]


def contested(**spec: str) -> tuple[World, Rival]:
    """A world that has been in order for a while."""
    world, rival = World(filled, **spec), Rival()
    world.targets = rival
    world.restart()
    return world, rival


def told(world: World, reason: str) -> list[str]:
    """What Events of a reason say."""
    return [note.text for note in world.notes.notes if note.reason == reason]


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_one_edit_is_repaired_and_told_once(change: Change) -> None:
    @in_virtual_time
    async def check() -> None:
        world, rival = contested()
        await world.run(5)
        was = rival.objects[SECRET]
        rival.meddle(change)
        await world.run(2 * MINUTE)
        assert len(rival.written()) == 2
        assert replace(rival.objects[SECRET], resource_version=was.resource_version) == was
        (text,) = told(world, "DriftRepaired")
        assert text.startswith("Secret app was ")
        assert world.condition("Ready") == "True Synced"
        await world.run(HOUR)
        assert len(rival.written()) == 2
        assert len(rival.written(CONFIG_MAP)) == 1

    check()


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize(("interval", "minutes"), [("60s", 4), ("5m", 12), ("10m", 22), ("24h", 22)])
def test_a_fight_is_told_and_costs_few_writes(change: Change, interval: str, minutes: int) -> None:
    @in_virtual_time
    async def check() -> None:
        world, rival = contested(interval=interval)
        await world.run(5)
        rival.change = change
        rival.meddle(change)
        await world.run(minutes * MINUTE)
        assert len(rival.written()) == 1 + 3
        assert world.condition("Ready") == "False Contended"
        assert world.condition("Stalled") == "True Contended"
        statuses, notes = len(world.customs.writes), len(world.notes.notes)

        await world.run(10 * HOUR)
        assert len(rival.written()) <= 1 + 3 + 60, "one in ten minutes"
        assert len(rival.written()) >= 1 + 3 + 30
        assert world.condition("Ready") == "False Contended"
        repairs = [note for note in world.notes.notes[notes:] if note.reason == "DriftRepaired"]
        assert len(repairs) == len(world.notes.notes) - notes, "nothing else is told again"
        assert [each for each in world.customs.writes[statuses:] if "Contended" not in str(each)] == []

    check()


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_somebody_did_while_the_operator_was_away_is_repaired(change: Change) -> None:
    @in_virtual_time
    async def check() -> None:
        world, rival = contested()
        await world.run(5)
        was = rival.objects[SECRET]
        rival.meddle(change)
        world.restart()
        await world.run(60)
        assert replace(rival.objects[SECRET], resource_version=was.resource_version) == was
        # A missing owner could be the work of another version of the operator.
        assert len(told(world, "DriftRepaired")) == (0 if change is disowned else 1)
        assert world.condition("Ready") == "True Synced"

    check()


@in_virtual_time
async def test_the_one_who_fights_is_named() -> None:
    world, rival = contested()
    await world.run(5)
    rival.change = edited
    rival.meddle(edited)
    await world.run(10 * MINUTE)
    assert told(world, "DriftRepaired") == ["Secret app was changed by helm: 1 key put back"] * 3
    (text,) = told(world, "Contended")
    assert text.startswith("Secret app does not stay as it is written: helm changes it again.")


@in_virtual_time
async def test_in_a_fight_the_other_target_is_kept_and_new_values_are_written() -> None:
    world, rival = contested()
    await world.run(5)
    rival.change = edited
    rival.meddle(edited)
    await world.run(4 * MINUTE)
    assert world.condition("Ready") == "False Contended"
    before = len(rival.written())

    rival.meddle(lambda found: replace(found, data={}), CONFIG_MAP)
    await world.run(65)
    assert rival.objects[CONFIG_MAP].data == {"HOST": "db.internal"}
    assert len(rival.written()) == before

    world.answer = lambda path: filled(path, version=2)
    await world.run(75)
    assert len(rival.written()) == before + 1, "a new value is written at once"
    await world.run(9 * MINUTE)
    assert len(rival.written()) == before + 1, "and counts"
    await world.run(2 * MINUTE)
    assert len(rival.written()) == before + 2
    assert world.condition("Ready") == "False Contended"


@in_virtual_time
async def test_a_fight_that_ends_is_forgotten_ten_minutes_after_the_last_repair() -> None:
    world, rival = contested()
    await world.run(5)
    rival.change = edited
    rival.meddle(edited)
    await world.run(5 * MINUTE)
    rival.change = None
    await world.run(10 * MINUTE)
    assert rival.objects[SECRET].data == {"PASSWORD": SecureValue.of("v1")}
    assert world.condition("Ready") == "False Contended", "the target stands, and nobody knows for how long"
    await world.run(10 * MINUTE)
    assert world.condition("Ready") == "True Synced"
    assert world.condition("Stalled") is None


@in_virtual_time
async def test_two_edits_are_no_fight_and_a_third_an_hour_later_neither() -> None:
    world, rival = contested()
    await world.run(5)
    for pause in (2 * MINUTE, HOUR, 2 * MINUTE, HOUR):
        rival.meddle(edited)
        await world.run(pause)
        assert world.condition("Ready") == "True Synced"
    assert len(told(world, "DriftRepaired")) == 4
    assert told(world, "Contended") == []


@in_virtual_time
async def test_a_restart_forgets_a_fight_and_finds_it_again() -> None:
    world, rival = contested()
    await world.run(5)
    rival.change = edited
    rival.meddle(edited)
    await world.run(5 * MINUTE)
    before = len(rival.written())
    world.restart()
    await world.run(30)
    assert world.condition("Ready") == "True Synced"
    await world.run(5 * MINUTE)
    assert world.condition("Ready") == "False Contended"
    assert len(rival.written()) == before + 3


@pytest.mark.parametrize("is_new", [False, True], ids=["later", "from the first write"])
def test_a_webhook_that_changes_every_write_is_a_fight(is_new: bool) -> None:
    @in_virtual_time
    async def check() -> None:
        world, rival = contested()
        if not is_new:
            await world.run(5)
            rival.meddle(added)
        rival.change, rival.within = added, True
        await world.run(5 * MINUTE)
        assert world.condition("Ready") == "False Contended"
        assert "Secret app does not stay as it is written: helm changes it again" in told(world, "Contended")[0]
        assert len(rival.written()) <= 1 + 3
        await world.run(HOUR)
        assert len(rival.written()) <= 1 + 3 + 6
        assert world.condition("Ready") == "False Contended"

        rival.change = None
        await world.run(HOUR)
        assert world.condition("Ready") == "True Synced"
        assert rival.objects[SECRET].data == {"PASSWORD": SecureValue.of("v1")}

    check()


@in_virtual_time
async def test_one_who_writes_all_the_time_is_not_written_against() -> None:
    """Who is faster than any read and write: nothing of ours is ever written."""
    world, rival = contested()
    await world.run(5)
    rival.meddle(edited)
    rival.write_error = Stale("apply Secret app: the object has changed since it was read")
    await world.run(5 * MINUTE)
    assert world.condition("Ready") == "False Contended"
    tries = len(rival.written())
    assert tries <= 1 + 3
    await world.run(HOUR)
    assert len(rival.written()) <= tries + 6


@in_virtual_time
async def test_what_was_put_back_is_told_although_another_target_holds_up_the_rest() -> None:
    world, rival = contested()
    await world.run(5)
    rival.meddle(edited)
    rival.meddle(lambda found: replace(found, data={}), CONFIG_MAP)
    apply = rival.apply

    def refuse_one(content: Content, live: Live | None, owner: Owner) -> Seen:
        if content.ref == CONFIG_MAP:
            raise Stale(f"apply {content.ref}: the object has changed since it was read")
        return apply(content, live, owner)

    rival.apply = refuse_one  # type: ignore[method-assign]
    await world.run(65)
    assert told(world, "DriftRepaired") == ["Secret app was changed by helm: 1 key put back"]


@in_virtual_time
async def test_what_was_given_in_place_of_a_target_is_taken_over_and_not_put_back() -> None:
    world, rival = contested()
    await world.run(5)
    rival.objects[SECRET] = given(SECRET, {"PASSWORD": EVIL})
    await world.run(2 * MINUTE)
    assert world.condition("Ready") == "True Synced"
    assert rival.objects[SECRET].data == {"PASSWORD": SecureValue.of("v1")}
    assert told(world, "DriftRepaired") == []
    assert "Secret app: taken over, 1 replace" in world.notes.notes[-1].text


@in_virtual_time
async def test_a_fight_over_a_target_that_was_given_up_is_over() -> None:
    world, rival = contested()
    await world.run(5)
    rival.change = edited
    rival.meddle(edited)
    await world.run(5 * MINUTE)
    assert world.condition("Ready") == "False Contended"
    targets: JsonValue = [{"kind": "Secret", "name": "other"}, {"kind": "ConfigMap"}]
    world.customs.spec = {"sources": [{"path": "/prod/pay"}], "interval": "60s", "targets": targets}
    world.customs.generation = 2
    await world.run(5)
    assert world.condition("Ready") == "True Synced"
    assert SECRET not in rival.objects
    assert world.reconciler._applying._fights._repairs == {}


@in_virtual_time
async def test_what_a_deleted_sync_was_in_is_forgotten() -> None:
    world, rival = contested()
    await world.run(5)
    rival.change = edited
    rival.meddle(edited)
    await world.run(5 * MINUTE)
    applying = world.reconciler._applying
    assert applying._fights._repairs != {}
    world.reconciler.forget(next(iter(applying._fights._repairs)))
    assert applying._fights._repairs == {}
