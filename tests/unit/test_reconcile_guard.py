"""Holds, approvals and plans of a sync over hours, in virtual time."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from paramsync.api.status import SyncStatus
from paramsync.api.sync import ParameterType
from paramsync.core.parameters import Snapshot
from paramsync.kube.errors import Unavailable
from tests.unit.builders import CONFIG_MAP, SECRET, STRING, parameter, secure, snapshot
from tests.unit.reconcile_world import World
from tests.unit.virtual_time import in_virtual_time

if TYPE_CHECKING:
    from pydantic import JsonValue

APPROVE = "paramsync.dev/approve"
MINUTE, HOUR = 60.0, 3600.0


def listing(*numbers: int, kind: ParameterType = STRING, version: int = 1) -> Callable[[str], Snapshot]:
    """Some numbered parameters of one type, beside a host and a password."""
    made = [parameter(f"/prod/pay/p{number}", "v", kind=kind, version=version) for number in numbers]
    return lambda path: snapshot(*made, parameter(), secure(), path=path)


def status(world: World) -> SyncStatus:
    return SyncStatus.model_validate(world.customs.status)


def keys(world: World) -> set[str]:
    """The numbered keys of the ConfigMap."""
    return {key for key in world.targets.objects[CONFIG_MAP].data or {} if key != "HOST"}


def digest(world: World) -> str:
    plan = status(world).plan
    assert plan is not None
    assert plan.digest is not None
    return plan.digest


@in_virtual_time
async def test_a_hold_is_told_with_its_keys_and_the_command_that_approves_it() -> None:
    world = World(listing(*range(8)))
    await world.run(2 * MINUTE)
    world.answer = listing(0, 1)
    await world.run(5 * MINUTE)
    assert keys(world) == {f"P{number}" for number in range(8)}
    assert (world.condition("Ready"), world.condition("Stalled")) == ("False RemovalBlocked", "True RemovalBlocked")
    assert world.notes.notes[-1].reason == "RemovalBlocked"
    said = status(world)
    assert said.plan is not None
    assert [(each.action, each.name, each.key, each.held) for each in said.plan.actions] == [
        ("remove", "app", f"P{number}", True) for number in range(2, 8)
    ]
    of_sync = {"namespace": "payments", "name": "app"}
    value = world.metrics.registry.get_sample_value
    assert value("paramsync_sync_held_actions", of_sync) == 6
    assert value("paramsync_sync_ready", of_sync) == 0
    assert value("paramsync_sync_reason", {**of_sync, "reason": "RemovalBlocked"}) == 1
    assert value("paramsync_sync_interval_seconds", of_sync) == 60
    command = f"kubectl annotate --overwrite -n payments parametersync app {APPROVE}={digest(world)}"
    assert said.conditions[0].message.endswith(f"Restore the parameters; or approve: {command}")


@in_virtual_time
async def test_an_approval_lets_the_removals_pass_once_and_is_recorded() -> None:
    world = World(listing(*range(8)))
    await world.run(2 * MINUTE)
    world.answer = listing(0, 1)
    await world.run(5 * MINUTE)
    first = world.customs.annotations[APPROVE] = digest(world)
    await world.run(2 * MINUTE)
    assert keys(world) == {"P0", "P1"}
    said = status(world)
    assert (said.plan, said.last_handled_approval) == (None, first)
    held = {"namespace": "payments", "name": "app"}
    assert world.metrics.registry.get_sample_value("paramsync_sync_held_actions", held) == 0
    assert said.guard is not None
    assert (said.guard.peak, said.guard.removed) == (4, 0), "an approval begins a new hour"
    world.answer = listing(*range(8))
    await world.run(5 * MINUTE)
    assert len(keys(world)) == 8
    world.answer = listing(0, 1)
    await world.run(5 * MINUTE)
    assert len(keys(world)) == 8, "what is left in Git approves nothing a second time"
    assert digest(world) != first


@in_virtual_time
async def test_one_parameter_a_minute_is_stopped_also_across_restarts() -> None:
    world = World(listing(*range(20)))
    await world.run(2 * MINUTE)
    for left in reversed(range(20)):
        world.answer = listing(*range(left))
        if left % 3 == 0:
            world.restart()
        await world.run(MINUTE)
    await world.run(10 * MINUTE)
    assert world.condition("Ready") == "False RemovalBlocked"
    left = len(keys(world))
    assert left in (16, 17), "a fifth of 22 parameters; what goes together is held together"
    world.restart()
    await world.run(3 * HOUR)
    assert len(keys(world)) == left, "a hold does not end because time passes"
    assert world.condition("Ready") == "False RemovalBlocked"


@in_virtual_time
async def test_a_restart_forgets_no_hold_for_a_moment() -> None:
    world = World(listing(*range(8)))
    await world.run(2 * MINUTE)
    world.answer = listing(0, 1)
    await world.run(5 * MINUTE)
    approval = digest(world)
    world.restart()
    writes = len(world.customs.writes)
    await world.run(5 * MINUTE)
    assert world.condition("Ready") == "False RemovalBlocked"
    assert digest(world) == approval
    assert len(world.customs.writes) == writes, "what has not settled again says nothing new"


@in_virtual_time
async def test_one_parameter_an_hour_is_not_stopped() -> None:
    world = World(listing(*range(8)))
    await world.run(2 * MINUTE)
    for left in reversed(range(2, 8)):
        world.answer = listing(*range(left))
        await world.run(HOUR + 2 * MINUTE)
        assert len(keys(world)) == left
    assert world.condition("Ready") == "True Synced"


@in_virtual_time
async def test_restored_parameters_end_a_hold() -> None:
    world = World(listing(*range(8)))
    await world.run(2 * MINUTE)
    world.answer = listing(0)
    await world.run(5 * MINUTE)
    assert world.condition("Ready") == "False RemovalBlocked"
    world.answer = listing(*range(8))
    await world.run(2 * MINUTE)
    assert world.condition("Ready") == "True Synced"
    assert status(world).plan is None


@in_virtual_time
async def test_a_flip_while_the_operator_was_down_is_held() -> None:
    world = World(listing(0, kind=ParameterType.SECURE_STRING))
    await world.run(2 * MINUTE)
    world.answer = listing(0, version=2)
    world.restart()
    await world.run(HOUR)
    assert world.condition("Ready") == "False DowngradeBlocked"
    assert keys(world) == set()
    assert "P0" in (world.targets.objects[SECRET].data or {})
    world.customs.annotations[APPROVE] = digest(world)
    await world.run(2 * MINUTE)
    assert world.condition("Ready") == "True Synced"
    assert keys(world) == {"P0"}


@in_virtual_time
async def test_a_hold_outlives_a_suspension_and_its_approval_waits_for_the_resume() -> None:
    world = World(listing(*range(8)))
    await world.run(2 * MINUTE)
    world.answer = listing(0)
    await world.run(5 * MINUTE)
    held = digest(world)
    spec = world.customs.spec
    assert isinstance(spec, dict)
    world.customs.spec, world.customs.generation = {**spec, "suspend": True}, 2
    world.customs.annotations[APPROVE] = held
    await world.run(HOUR)
    assert world.condition("Ready") == "False Suspended"
    assert (digest(world), len(keys(world))) == (held, 8)
    world.customs.spec, world.customs.generation = spec, 3
    await world.run(5 * MINUTE)
    assert keys(world) == {"P0"}
    assert world.condition("Ready") == "True Synced"


@in_virtual_time
async def test_a_moved_source_is_held_until_it_is_approved() -> None:
    world = World(listing(0))
    await world.run(2 * MINUTE)
    world.answer = lambda path: snapshot(
        parameter(value="elsewhere", version=4), parameter("/prod/pay/p0"), secure(), path=path, account="444455556666"
    )
    await world.run(5 * MINUTE)
    assert world.condition("Stalled") == "True SourceMoved"
    before = dict(world.targets.objects[CONFIG_MAP].data or {})
    assert before["HOST"] == "db.internal"
    world.customs.annotations[APPROVE] = digest(world)
    await world.run(2 * MINUTE)
    assert world.condition("Ready") == "True Synced"
    assert (world.targets.objects[CONFIG_MAP].data or {})["HOST"] == "elsewhere"


@in_virtual_time
async def test_what_an_approval_lets_pass_beside_what_is_held_is_told_before() -> None:
    world = World(listing(0, kind=ParameterType.SECURE_STRING))
    await world.run(2 * MINUTE)
    world.answer = listing(0, version=2)
    await world.run(5 * MINUTE)
    assert world.condition("Ready") == "False DowngradeBlocked"
    before = digest(world)
    world.answer = lambda path: snapshot(
        parameter("/prod/pay/p0", "v", version=2), parameter(value="elsewhere", version=4), secure(), path=path
    )
    await world.run(5 * MINUTE)
    said = status(world)
    assert said.plan is not None
    assert [(each.action, each.kind, each.key, each.held) for each in said.plan.actions] == [
        ("add", "ConfigMap", "P0", True),
        ("move", "Secret", "P0", True),
        ("change", "ConfigMap", "HOST", None),
    ]
    assert said.plan.digest == before
    value = world.metrics.registry.get_sample_value
    assert value("paramsync_sync_held_actions", {"namespace": "payments", "name": "app"}) == 2
    writes = len(world.customs.writes)
    await world.run(HOUR)
    assert len(world.customs.writes) == writes, "an unchanged pass writes no status"
    world.customs.annotations[APPROVE] = said.plan.digest or ""
    await world.run(2 * MINUTE)
    assert world.condition("Ready") == "True Synced"
    assert (world.targets.objects[CONFIG_MAP].data or {})["HOST"] == "elsewhere"


@in_virtual_time
async def test_an_approved_apply_that_fails_is_tried_again_without_another_approval() -> None:
    world = World(listing(*range(8)))
    await world.run(2 * MINUTE)
    world.answer = listing(0)
    await world.run(5 * MINUTE)
    world.targets.write_error = Unavailable("apply ConfigMap app: the API server does not answer")
    world.customs.annotations[APPROVE] = digest(world)
    await world.run(10 * MINUTE)
    assert len(keys(world)) == 8
    world.targets.write_error = None
    await world.run(5 * MINUTE)
    assert keys(world) == {"P0"}
    assert world.condition("Ready") == "True Synced"


@in_virtual_time
async def test_a_plan_is_computed_and_told_and_nothing_is_written() -> None:
    world = World(listing(0), mode="Plan")
    await world.run(10 * MINUTE)
    assert world.targets.objects == {}
    assert world.condition("Ready") == "True Planned"
    said = status(world)
    assert said.plan is not None
    assert [(each.action, each.kind, each.key, each.parameter, each.version) for each in said.plan.actions] == [
        ("add", "ConfigMap", "HOST", "/prod/pay/host", 1),
        ("add", "ConfigMap", "P0", "/prod/pay/p0", 1),
        ("add", "Secret", "PASSWORD", "/prod/pay/password", 1),
    ]
    assert (said.plan.digest, said.targets, said.revision) == (None, (), None)
    assert len(world.customs.writes) == 1


@in_virtual_time
async def test_a_live_sync_that_only_plans_tells_what_would_be_held() -> None:
    world = World(listing(*range(8)))
    await world.run(2 * MINUTE)
    spec: JsonValue = world.customs.spec
    assert isinstance(spec, dict)
    world.customs.spec, world.customs.generation = {**spec, "mode": "Plan"}, 2
    await world.run(2 * MINUTE)
    world.answer = listing(0, version=2)
    await world.run(5 * MINUTE)
    assert world.condition("Ready") == "True Planned"
    said = status(world)
    assert said.plan is not None
    assert [(each.action, each.key, each.held) for each in said.plan.actions] == [
        *(("remove", f"P{number}", True) for number in range(1, 8)),
        ("change", "P0", None),
    ]
    assert len(said.targets) == 2
    world.customs.annotations[APPROVE] = digest(world)
    world.customs.spec, world.customs.generation = spec, 3
    await world.run(5 * MINUTE)
    assert (world.condition("Ready"), keys(world)) == ("True Synced", {"P0"})
