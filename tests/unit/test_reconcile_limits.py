"""What a target may hold and what no update can change, seen by the reconcile of a sync, in virtual time."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from pydantic import JsonValue

from paramsync.core.parameters import Snapshot
from paramsync.core.routing import TargetRef
from paramsync.kube.errors import NamespaceEnds, NotFound
from tests.unit.builders import CONFIG_MAP, SECRET, parameter, secure, snapshot
from tests.unit.reconcile_world import World
from tests.unit.virtual_time import in_virtual_time

HOUR = 3600.0
SOON = 120.0
"""Seconds: a change has settled, and the sync has looked at its targets again."""

ENDS = NamespaceEnds("apply Secret app: the namespace is being deleted")


def holding(value: str, version: int = 1) -> Callable[[str], Snapshot]:
    def answer(path: str) -> Snapshot:
        plain = parameter(f"{path}/host", value, version=version)
        return snapshot(plain, secure(f"{path}/username", value, version=version), path=path)

    return answer


def status(world: World) -> dict[str, JsonValue]:
    assert isinstance(world.customs.status, dict)
    return world.customs.status


def problems(world: World) -> list[tuple[str, str]]:
    found = status(world).get("problems", [])
    assert isinstance(found, list)
    return [(str(each["reason"]), str(each["subject"])) for each in found if isinstance(each, dict)]


def change_spec(world: World, **spec: JsonValue) -> None:
    assert isinstance(world.customs.spec, dict)
    world.customs.spec = {**world.customs.spec, **spec}
    world.customs.generation += 1


@pytest.mark.parametrize("ref", [SECRET, CONFIG_MAP], ids=str)
def test_an_immutable_target_is_a_problem_only_while_it_is_not_what_it_should_be(ref: TargetRef) -> None:
    @in_virtual_time
    async def check() -> None:
        world = World(holding("old"))
        await world.run(5)
        world.targets.objects[ref] = replace(world.targets.objects[ref], immutable=True, resource_version="20")
        await world.run(SOON)
        assert world.condition("Ready") == "True Synced"
        assert problems(world) == []

        world.answer = holding("new", 2)
        before = dict(world.targets.objects)
        await world.run(SOON)
        assert world.condition("Ready") == "False TargetConflict"
        assert problems(world) == [("TargetConflict", str(ref))]
        assert f"kubectl delete {ref.kind.lower()} app -n payments" in str(status(world)["problems"])
        assert world.targets.objects == before, "neither target is written, and none is deleted"
        assert world.targets.deleted == []

        del world.targets.objects[ref]
        await world.run(61)
        assert world.condition("Ready") == "True Synced"
        assert not any(each.immutable for each in world.targets.objects.values())

    check()


@in_virtual_time
async def test_another_type_of_a_secret_that_nobody_touched_is_told_before_anything_is_written() -> None:
    world = World(holding("x"))
    await world.run(SOON)
    tries = world.targets.tries
    change_spec(world, targets=[{"kind": "Secret", "secretType": "kubernetes.io/basic-auth"}, {"kind": "ConfigMap"}])
    await world.run(SOON)
    assert world.condition("Stalled") == "True TargetConflict"
    assert world.targets.tries == tries
    assert "kubectl delete secret app -n payments" in str(status(world)["problems"])

    del world.targets.objects[SECRET]
    await world.run(61)
    assert world.condition("Ready") == "True Synced"
    assert world.targets.objects[SECRET].type == "kubernetes.io/basic-auth"
    assert set(world.targets.objects[SECRET].data or ()) == {"username"}


@in_virtual_time
async def test_a_required_key_that_vanishes_changes_nothing() -> None:
    world = World(holding("x"), targets=[{"kind": "Secret", "secretType": "kubernetes.io/basic-auth"}])
    await world.run(5)
    world.answer = lambda path: snapshot(parameter(f"{path}/host", "new", version=2), path=path)
    await world.run(SOON)
    assert world.condition("Ready") == "False KeyMissing"
    assert set(world.targets.objects[SECRET].data or ()) == {"HOST", "username"}


@in_virtual_time
async def test_what_is_nearly_full_is_told_once_and_stays_ready() -> None:
    world = World(holding("x" * 900_000))
    await world.run(HOUR)
    assert world.condition("Ready") == "True Synced"
    assert problems(world) == [("NearlyFull", "Secret app"), ("NearlyFull", "ConfigMap app")]
    assert [(each.type, each.reason) for each in world.notes.notes] == [
        ("Normal", "Synced"),
        ("Warning", "NearlyFull"),
        ("Warning", "NearlyFull"),
    ]
    writes = len(world.customs.writes)

    world.answer = holding("x" * 900_001, 2)
    await world.run(SOON)
    assert [each.reason for each in world.notes.notes[3:]] == ["Synced"], "it is told once"
    assert len(world.customs.writes) == writes + 1

    world.answer = holding("x", 3)
    await world.run(SOON)
    assert problems(world) == []


@in_virtual_time
async def test_a_namespace_that_ends_is_waited_for_without_haste_and_without_a_warning() -> None:
    world = World(holding("x"), interval="24h")
    await world.run(SOON)
    said = len(world.notes.notes)
    tries = world.targets.tries
    world.targets.objects.clear()
    world.targets.write_error = ENDS
    await world.run(HOUR)
    assert world.condition("Ready") == "False Pending"
    assert world.condition("Stalled") is None
    assert {each.type for each in world.notes.notes[said:]} == {"Normal"}
    assert world.targets.tries - tries <= 60, "once a minute at most"


@in_virtual_time
async def test_a_sync_that_went_while_it_was_reconciled_is_forgotten() -> None:
    world = World(holding("x"))
    world.customs.write_error = NotFound("write the status of ParameterSync payments/app: not found")
    await world.run(0.5)
    assert (len(world.polls), len(world.feeds), world.notes.notes) == (1, 0, [])
    world.customs.write_error = None
    await world.run(SOON)
    assert world.condition("Ready") == "True Synced"
