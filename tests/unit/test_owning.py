"""A change of spec.deletionPolicy: carried out by metadata alone, whatever stands in the way of reading."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest
from pydantic import JsonValue

from paramsync.aws.errors import SourceError
from paramsync.core.objects import Live, Owner
from paramsync.core.parameters import Snapshot
from paramsync.core.reasons import Problem, Reason
from paramsync.core.routing import TargetRef
from paramsync.kube.errors import ApiError, Refused, Stale, Unavailable
from tests.unit.builders import CONFIG_MAP, OTHER_UID, SECRET, UID, parameter, secure, snapshot
from tests.unit.reconcile_world import KEY, FakeTargets, World
from tests.unit.virtual_time import in_virtual_time

SOON = 2.0
HOUR = 3600.0
REFUSED = Refused("change the owner reference of Secret app: the API server refuses (Forbidden)")
DELETE, RETAIN = "Delete", "Retain"


def filled(path: str) -> Snapshot:
    return snapshot(parameter(f"{path}/host"), secure(f"{path}/password"), path=path)


def changed(path: str) -> Snapshot:
    return snapshot(parameter(f"{path}/host", version=2), secure(f"{path}/password"), path=path)


def emptied(path: str) -> Snapshot:
    return snapshot(path=path)


def denied(path: str) -> SourceError:
    return SourceError(Reason.ACCESS_DENIED, "AWS denies ssm:GetParametersByPath")


def unavailable(path: str) -> SourceError:
    return SourceError(Reason.SOURCE_UNAVAILABLE, f"Reading {path} from AWS failed: no answer in time")


def only_plain(path: str) -> Snapshot:
    """The Secret would be emptied, which the guard holds."""
    return snapshot(parameter(f"{path}/host"), path=path)


def edit(world: World, **spec: JsonValue) -> None:
    assert isinstance(world.customs.spec, dict)
    world.customs.spec = {**world.customs.spec, **spec}
    world.customs.generation += 1


def owners(world: World) -> list[set[str]]:
    return [set(world.targets.objects[ref].owners) for ref in (SECRET, CONFIG_MAP)]


def applied_at(world: World) -> JsonValue:
    assert isinstance(world.customs.status, dict)
    return world.customs.status["lastAppliedTime"]


def told(world: World) -> list[str]:
    return [note.text for note in world.notes.notes if note.reason == Reason.DELETION_POLICY_CHANGED]


OWNED: list[set[str]] = [{UID}, {UID}]
FREE: list[set[str]] = [set(), set()]


async def standing(policy: str = DELETE, **spec: JsonValue) -> World:
    """A sync that is Synced with both of its targets."""
    world = World(filled, deletionPolicy=policy, **spec)
    await world.run(10)
    assert world.condition("Ready") == "True Synced"
    assert owners(world) == (FREE if policy == RETAIN else OWNED)
    return world


@pytest.mark.parametrize("policy", [DELETE, RETAIN])
def test_what_is_retained_is_written_once_like_what_is_not(policy: str) -> None:
    @in_virtual_time
    async def check() -> None:
        world = await standing(policy)
        await world.run(HOUR)
        assert len(world.customs.writes) == len(world.notes.notes) == 1
        assert {live.resource_version for live in world.targets.objects.values()} == {"10"}

    check()


def suspended(world: World) -> None:
    edit(world, suspend=True)


def answering(answer: Callable[[str], Snapshot | Exception]) -> Callable[[World], None]:
    def begin(world: World) -> None:
        world.answer = answer
        world.customs.annotations["paramsync.dev/refresh"] = answer.__name__

    return begin


def without_store(world: World) -> None:
    world.stores.missing = Problem(Reason.STORE_NOT_FOUND, "default", "There is no store default")


def invalid(world: World) -> None:
    edit(world, sources=[])


def conflict(world: World) -> None:
    targets: list[JsonValue] = [{"kind": "Secret"}, {"kind": "ConfigMap"}, {"kind": "ConfigMap", "name": "foreign"}]
    ref = TargetRef(CONFIG_MAP.kind, "foreign")
    world.targets.objects[ref] = Live(ref, "foreign", "1", {}, {}, None, deleting=False, data={})
    edit(world, targets=targets)


def nothing_stands_in_the_way(world: World) -> None:
    pass


OBSTACLES: list[tuple[Callable[[World], None], str]] = [
    (nothing_stands_in_the_way, "True Synced"),
    (suspended, "True Suspended"),
    (answering(denied), "False AccessDenied"),
    (answering(unavailable), "False SourceUnavailable"),
    (answering(emptied), "False NoParameters"),
    (answering(only_plain), "False RemovalBlocked"),
    (without_store, "False StoreNotFound"),
    (invalid, "False InvalidSpec"),
    (conflict, "False TargetConflict"),
]


@pytest.mark.parametrize("first", [DELETE, RETAIN])
@pytest.mark.parametrize(("begin", "ready"), OBSTACLES, ids=[ready for _, ready in OBSTACLES])
def test_a_change_of_the_policy_is_carried_out_at_once(first: str, begin: Callable[[World], None], ready: str) -> None:
    @in_virtual_time
    async def check() -> None:
        world = await standing(first)
        begin(world)
        await world.run(300)
        assert world.condition("Ready") == ready
        polls = len(world.polls)
        for policy in [DELETE, RETAIN, DELETE] if first == RETAIN else [RETAIN, DELETE, RETAIN]:
            edit(world, deletionPolicy=policy)
            await world.run(0.01)
            assert owners(world) == (FREE if policy == RETAIN else OWNED)
            assert len(world.polls) == polls, "nothing was read from AWS before"
            polls += 1 if ready == "False AccessDenied" else 0
            await world.run(SOON)
            polls = len(world.polls)
            assert world.condition("Ready") == ready
            assert world.observed_generation == world.customs.generation
        assert len(world.targets.owner_changes) == 6
        assert [text.rpartition(" ")[2] for text in told(world)] == (
            ["sync", "deleted", "sync"] if first == RETAIN else ["deleted", "sync", "deleted"]
        )

    check()


@in_virtual_time
async def test_the_event_names_the_targets_and_says_what_becomes_of_them() -> None:
    world = await standing()
    edit(world, suspend=True, deletionPolicy=RETAIN)
    await world.run(SOON)
    assert told(world) == ["From now on ConfigMap app, Secret app stay when the sync is deleted"]
    edit(world, deletionPolicy=None)
    await world.run(SOON)
    assert told(world)[1:] == ["From now on ConfigMap app, Secret app are deleted with the sync"]


@in_virtual_time
async def test_the_writes_are_counted() -> None:
    world = await standing()
    edit(world, suspend=True, deletionPolicy=RETAIN)
    await world.run(SOON)
    for kind in ("Secret", "ConfigMap"):
        count = world.metrics.registry.get_sample_value(
            "paramsync_kubernetes_writes_total", {"kind": kind, "result": "ok"}
        )
        assert count == 2, "the first write, and the change of the owner reference"


@in_virtual_time
async def test_after_a_change_the_targets_follow_as_before() -> None:
    world = await standing()
    for policy, answer in ((RETAIN, changed), (DELETE, filled), (RETAIN, filled)):
        edit(world, deletionPolicy=policy)
        world.answer = answer
        await world.run(120)
        assert world.condition("Ready") == "True Synced"
        assert owners(world) == (FREE if policy == RETAIN else OWNED)
    versions = {ref: live.resource_version for ref, live in world.targets.objects.items()}
    await world.run(HOUR)
    assert {ref: live.resource_version for ref, live in world.targets.objects.items()} == versions


@in_virtual_time
async def test_owner_references_of_others_stay() -> None:
    world = await standing()
    for ref, live in world.targets.objects.items():
        world.targets.objects[ref] = replace(live, owners=live.owners | {OTHER_UID})
    edit(world, deletionPolicy=RETAIN)
    await world.run(SOON)
    assert owners(world) == [{OTHER_UID}, {OTHER_UID}]
    edit(world, deletionPolicy=DELETE)
    await world.run(SOON)
    assert owners(world) == [{UID, OTHER_UID}, {UID, OTHER_UID}]


@in_virtual_time
async def test_a_reference_that_does_not_control_is_removed_and_mended_too() -> None:
    world = await standing(RETAIN)
    world.targets.objects[SECRET] = replace(
        world.targets.objects[SECRET], owners=frozenset({UID}), resource_version="50"
    )
    await world.run(120)
    assert owners(world) == FREE

    edit(world, deletionPolicy=DELETE)
    await world.run(120)
    world.targets.objects[SECRET] = replace(world.targets.objects[SECRET], controller=None, resource_version="60")
    await world.run(120)
    controller = world.targets.objects[SECRET].controller
    assert controller is not None
    assert controller.uid == UID


def made_anew(live: Live) -> Live:
    return replace(live, uid="made-anew")


def of_nobody(live: Live) -> Live:
    return replace(live, labels={}, annotations={})


def deleting(live: Live) -> Live:
    return replace(live, deleting=True)


@pytest.mark.parametrize("damage", [made_anew, of_nobody, deleting], ids=lambda damage: damage.__name__)
def test_only_the_targets_that_status_recorded_are_tied_to_the_sync(damage: Callable[[Live], Live]) -> None:
    @in_virtual_time
    async def check() -> None:
        world = await standing(RETAIN)
        world.targets.objects[SECRET] = damage(world.targets.objects[SECRET])
        edit(world, suspend=True, deletionPolicy=DELETE)
        await world.run(HOUR)
        assert owners(world) == [set(), {UID}]

    check()


@in_virtual_time
async def test_a_target_that_is_gone_is_no_obstacle() -> None:
    world = await standing()
    del world.targets.objects[SECRET]
    edit(world, suspend=True, deletionPolicy=RETAIN)
    await world.run(SOON)
    assert world.condition("Ready") == "True Suspended"
    assert world.targets.owner_changes == [CONFIG_MAP]


@in_virtual_time
async def test_targets_of_a_sync_that_has_applied_nothing_are_not_tied_to_it() -> None:
    """Retained targets, and a sync of their name whose path is mistyped: they must not go with it."""
    world = await standing(RETAIN)
    world.customs.status, world.customs.uid = None, OTHER_UID
    world.answer = emptied
    world.restart()
    edit(world, deletionPolicy=DELETE)
    await world.run(HOUR)
    assert world.condition("Ready") == "False NoParameters"
    assert owners(world) == FREE


@pytest.mark.parametrize(
    ("error", "reason"),
    [(REFUSED, "ClusterRefused"), (Unavailable("no answer"), "ClusterUnavailable"), (Stale("s"), "Contended")],
    ids=["refused", "unavailable", "changed again and again"],
)
@pytest.mark.parametrize("suspend", [False, True], ids=["running", "suspended"])
def test_a_change_that_fails_is_not_said_to_be_done(error: ApiError, reason: str, suspend: bool) -> None:
    @in_virtual_time
    async def check() -> None:
        world = await standing()
        world.targets.write_error = error
        edit(world, deletionPolicy=RETAIN, suspend=suspend)
        await world.run(SOON)
        assert world.condition("Ready") == f"False {reason}"
        assert owners(world) == OWNED
        world.restart()
        await world.run(SOON)
        assert world.condition("Ready") == f"False {reason}"
        assert told(world) == []

        world.targets.write_error = None
        await world.run(120)
        assert owners(world) == FREE
        assert world.condition("Ready") == ("False Suspended" if suspend else "True Synced")
        assert len(told(world)) == 1

    check()


class Reluctant(FakeTargets):
    """Fails the change of some targets' owner references, so many times."""

    def __init__(self, failures: Iterable[tuple[TargetRef, ApiError]]) -> None:
        super().__init__()
        self.failures = list(failures)

    def set_owner(self, live: Live, owner: Owner) -> Live:
        for failure in self.failures:
            if failure[0] == live.ref:
                self.failures.remove(failure)
                raise failure[1]
        return super().set_owner(live, owner)


async def reluctant(*failures: tuple[TargetRef, ApiError]) -> World:
    world = World(filled)
    world.targets = Reluctant(failures)
    world.restart()
    await world.run(10)
    return world


@in_virtual_time
async def test_what_somebody_wrote_meanwhile_is_read_again() -> None:
    world = await reluctant((SECRET, Stale("changed")), (SECRET, Stale("changed")))
    edit(world, deletionPolicy=RETAIN)
    await world.run(0.01)
    assert owners(world) == FREE
    assert len(world.customs.writes) <= 2


@in_virtual_time
async def test_one_target_that_is_refused_does_not_keep_the_others() -> None:
    world = await reluctant((CONFIG_MAP, REFUSED))
    edit(world, deletionPolicy=RETAIN)
    await world.run(0.01)
    assert owners(world) == [set(), {UID}]
    assert world.condition("Ready") == "False ClusterRefused"
    assert told(world) == ["From now on Secret app stay when the sync is deleted"]


@in_virtual_time
async def test_a_suspended_sync_costs_no_reads_after_its_change() -> None:
    world = await standing()
    edit(world, suspend=True, deletionPolicy=RETAIN)
    await world.run(SOON)
    world.targets.reads.clear()
    await world.run(HOUR)
    world.restart()
    await world.run(HOUR)
    assert world.targets.reads == []


@in_virtual_time
async def test_a_sync_that_waits_for_a_person_costs_no_reads_either() -> None:
    world = await standing()
    world.answer = emptied
    edit(world, sources=[{"path": "/prod/mistyped"}], deletionPolicy=RETAIN)
    await world.run(300)
    assert world.condition("Stalled") == "True NoParameters"
    world.stores.missing = Problem(Reason.STORE_NOT_FOUND, "default", "There is no store default")
    world.targets.reads.clear()
    await world.run(HOUR)
    assert world.condition("Stalled") == "True StoreNotFound"
    assert world.targets.reads == []


@pytest.mark.parametrize("is_valid", [True, False], ids=["valid", "invalid"])
def test_a_sync_that_only_plans_writes_no_owner_reference_either(is_valid: bool) -> None:
    @in_virtual_time
    async def check() -> None:
        world = await standing()
        sources: JsonValue = world.customs.spec["sources"] if isinstance(world.customs.spec, dict) else []
        edit(world, mode="Plan", deletionPolicy=RETAIN, sources=sources if is_valid else [])
        await world.run(HOUR)
        assert world.condition("Ready") == ("True Planned" if is_valid else "False InvalidSpec")
        assert world.targets.owner_changes == []
        edit(world, mode="Sync", sources=sources)
        await world.run(SOON)
        assert owners(world) == FREE

    check()


@pytest.mark.parametrize("first", [DELETE, RETAIN])
def test_a_policy_that_is_not_understood_changes_nothing(first: str) -> None:
    @in_virtual_time
    async def check() -> None:
        world = await standing(first)
        edit(world, deletionPolicy="retain")
        await world.run(HOUR)
        assert world.condition("Ready") == "False InvalidSpec"
        assert world.targets.owner_changes == []

    check()


@in_virtual_time
async def test_an_owner_reference_that_was_taken_away_is_repaired_and_told() -> None:
    world = await standing()
    before = applied_at(world)
    await world.run(60)
    lost = replace(world.targets.objects[SECRET], controller=None, owners=frozenset(), resource_version="50")
    world.targets.objects[SECRET] = lost
    await world.run(120)
    assert owners(world) == OWNED
    assert world.notes.notes[-1].text == "Secret app was changed by someone: labels, annotations or owner put back"
    assert applied_at(world) != before


class OrphanedMeanwhile(FakeTargets):
    """Somebody deletes the sync with ``--cascade=orphan`` after a reconcile has read it."""

    world: World

    def get(self, ref: TargetRef, namespace: str, *, values: bool) -> Live | None:
        live = super().get(ref, namespace, values=values)
        if live is None or not self.armed:
            return live
        self.world.customs.deleted_at = "2026-03-01T12:00:00Z"
        self.objects[ref] = replace(self.objects[ref], controller=None, owners=frozenset())
        return replace(live, controller=None, owners=frozenset())

    armed = False


@pytest.mark.parametrize("policy", [DELETE, RETAIN])
@pytest.mark.parametrize("suspend", [False, True], ids=["running", "suspended"])
def test_an_owner_that_is_about_to_go_is_not_given_to_a_target(policy: str, suspend: bool) -> None:
    """The garbage collector would take it, for its owner is gone."""

    @in_virtual_time
    async def check() -> None:
        world = World(filled, deletionPolicy=policy)
        world.targets = OrphanedMeanwhile()
        world.targets.world = world
        world.restart()
        await world.run(10)
        writes, before = len(world.customs.writes), dict(world.targets.objects)
        world.targets.armed = True
        world.answer = changed
        if policy == RETAIN or suspend:
            edit(world, deletionPolicy=DELETE, suspend=suspend)
        await world.run(120)
        assert owners(world) in (FREE, [set(), {UID}], [{UID}, set()]), "what was not read yet is as it was"
        assert [live.data for live in world.targets.objects.values()] == [live.data for live in before.values()]
        assert len(world.customs.writes) == writes

    check()


@pytest.mark.parametrize("policy", [DELETE, RETAIN])
def test_a_sync_that_is_being_deleted_is_not_reconciled(policy: str) -> None:
    """In the foreground it stays until its targets are gone; a finalizer of somebody's can keep it for ever."""

    @in_virtual_time
    async def check() -> None:
        world = await standing(policy)
        before = dict(world.targets.objects), len(world.customs.writes), len(world.notes.notes)
        world.customs.deleted_at = "2026-03-01T12:00:00Z"
        world.answer = changed
        edit(world, deletionPolicy=DELETE if policy == RETAIN else RETAIN)
        world.targets.reads.clear()
        await world.run(HOUR)
        assert (dict(world.targets.objects), len(world.customs.writes), len(world.notes.notes)) == before
        assert world.targets.reads == []
        assert await world.reconciler.reconcile(KEY) is None

    check()


@in_virtual_time
async def test_a_retained_target_without_its_label_is_a_conflict_that_says_so() -> None:
    world = await standing(RETAIN)
    before = world.targets.objects[CONFIG_MAP]
    world.targets.objects[SECRET] = replace(world.targets.objects[SECRET], labels={}, resource_version="50")
    world.answer = changed
    await world.run(300)
    assert world.condition("Stalled") == "True TargetConflict"
    assert "put back" in str(world.customs.status)
    assert world.targets.objects[CONFIG_MAP] == before, "nothing is written anywhere"


@in_virtual_time
async def test_a_sync_made_again_takes_retained_targets_over_without_a_write() -> None:
    world = await standing(RETAIN)
    before = dict(world.targets.objects)
    world.customs.status, world.customs.uid = None, OTHER_UID
    await world.run(10)
    assert world.condition("Ready") == "True Synced"
    assert world.targets.objects == before

    edit(world, deletionPolicy=DELETE)
    await world.run(SOON)
    assert owners(world) == [{OTHER_UID}, {OTHER_UID}]
    assert [live.data for live in world.targets.objects.values()] == [live.data for live in before.values()]


@in_virtual_time
async def test_a_sync_made_again_does_not_wait_out_the_failures_of_the_old_one() -> None:
    world = await standing()
    world.targets.read_error = Unavailable("read Secret app: no answer from the API server")
    await world.run(HOUR)
    world.targets.read_error = None
    world.customs.status, world.customs.uid = None, OTHER_UID
    again = await world.reconciler.reconcile(KEY)
    assert world.condition("Ready") == "False Pending"
    assert again is not None
    assert again <= 1
    world.targets.objects.clear()
    await world.run(10)
    assert owners(world) == [{OTHER_UID}, {OTHER_UID}]


class InOrder(FakeTargets):
    """Notes what there is when a target is deleted."""

    def delete(self, live: Live, owner: Owner) -> None:
        self.there_at_deletion = set(self.objects)
        super().delete(live, owner)

    there_at_deletion: set[TargetRef]


NEW = TargetRef(SECRET.kind, "new")
RENAMED: list[JsonValue] = [{"kind": "Secret", "name": "new"}, {"kind": "ConfigMap"}]


@pytest.mark.parametrize("policy", [DELETE, RETAIN])
def test_a_renamed_target_is_deleted_when_the_new_one_exists(policy: str) -> None:
    @in_virtual_time
    async def check() -> None:
        world = World(filled, deletionPolicy=policy)
        world.targets = InOrder()
        world.restart()
        await world.run(10)
        edit(world, targets=RENAMED)
        await world.run(SOON)
        assert world.targets.deleted == [SECRET]
        assert NEW in world.targets.there_at_deletion
        assert world.condition("Ready") == "True Synced"

    check()


@in_virtual_time
async def test_leaving_a_dropped_target_is_told_though_nothing_else_changes() -> None:
    world = await standing(RETAIN)
    world.targets.objects[SECRET] = made_anew(world.targets.objects[SECRET])
    edit(world, targets=[{"kind": "ConfigMap"}])
    await world.run(SOON)
    assert world.notes.notes[-1].text == "Secret app: left as it is, for this sync did not make it"


@pytest.mark.parametrize(
    ("policy", "change", "goes"),
    [(RETAIN, made_anew, False), (DELETE, made_anew, True), (RETAIN, of_nobody, False)],
    ids=["a copy under the old name", "made anew and controlled", "given away"],
)
def test_a_dropped_target_that_somebody_else_made_is_left(
    policy: str, change: Callable[[Live], Live], goes: bool
) -> None:
    @in_virtual_time
    async def check() -> None:
        world = await standing(policy)
        world.targets.objects[SECRET] = change(world.targets.objects[SECRET])
        edit(world, targets=RENAMED)
        await world.run(SOON)
        assert (world.targets.deleted == [SECRET]) is goes
        assert (SECRET in world.targets.objects) is not goes
        said = "Secret app: deleted" if goes else "Secret app: left as it is, for this sync did not make it"
        assert said in world.notes.notes[-1].text
        assert world.condition("Ready") == "True Synced"
        assert "'name': 'app', 'kind': 'Secret'" not in str(world.customs.status)

    check()
