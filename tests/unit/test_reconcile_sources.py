"""What a sync does with what its feeds give it: it waits for what is not settled, and says what is late."""

import asyncio
from typing import TYPE_CHECKING

import pytest

from paramsync.api.sources import StoreRef
from paramsync.aws.errors import SourceError
from paramsync.core.identity import Identity
from paramsync.core.objects import PROVENANCE_ANNOTATION
from paramsync.core.parameters import Parameter, Snapshot, Subtree
from paramsync.core.reasons import Problem, Reason
from paramsync.core.stores import Store
from paramsync.core.values import SecureValue
from paramsync.core.want import Selection
from paramsync.kube.errors import Refused
from paramsync.runtime.feeds.needs import Asked, Need
from paramsync.runtime.keys import SyncKey

from .builders import CONFIG_MAP, SECRET, parameter, secure, snapshot
from .reconcile_world import World
from .virtual_time import in_virtual_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import JsonValue

    from paramsync.core.listing import Listed
    from paramsync.runtime.feeds.look import Urgent

SOURCES: "JsonValue" = [{"path": "/shared"}, {"path": "/prod/pay"}]


class Paths:
    """What the listings of paths give, by path."""

    def __init__(self, **paths: tuple[Parameter, ...]) -> None:
        self.paths = {f"/{name.replace('_', '/')}": made for name, made in paths.items()}

    def __call__(self, path: str) -> Snapshot:
        return snapshot(*self.paths[path], path=path)

    def put(self, path: str, *made: Parameter) -> None:
        self.paths[path] = made


def two(version: int = 1) -> Paths:
    return Paths(shared=(parameter("/shared/a", version=version),), prod_pay=(secure(), parameter(version=version)))


def version(world: World, key: str) -> str:
    """The version from which a key of the ConfigMap was written."""
    data = world.targets.objects[CONFIG_MAP].data
    assert data is not None
    return str(data[key])


@in_virtual_time
async def test_two_sources_wait_for_each_other() -> None:
    paths = two()
    world = World(paths, sources=SOURCES)
    await world.run(70)
    paths.put("/shared", parameter("/shared/a", "new", version=2))
    await world.run(52)
    assert world.polls[-1] == pytest.approx(120, abs=1), "both were listed, and the other one has not changed yet"
    paths.put("/prod/pay", secure(), parameter(value="new", version=2))
    seen = set()
    for _ in range(200):
        await world.run(0.5)
        seen.add((version(world, "A"), version(world, "HOST")))
    assert seen <= {("db.internal", "db.internal"), ("new", "new")}
    assert ("new", "new") in seen


@in_virtual_time
async def test_a_parameter_that_comes_to_be_overlaid_is_told_and_touches_no_key() -> None:
    paths = two()
    world = World(paths, sources=SOURCES)
    await world.run(70)
    before, tries = world.targets.objects[CONFIG_MAP], world.targets.tries
    paths.put("/shared", parameter("/shared/a"), parameter("/shared/host"))
    await world.run(200)
    after = world.targets.objects[CONFIG_MAP]
    assert after.data == before.data
    assert world.targets.tries == tries + 1, "the Secret has nothing new to tell"
    assert '{"shadowed":[0]}' in after.annotations[PROVENANCE_ANNOTATION]
    assert world.notes.notes[-1].text == "ConfigMap app: metadata only"


@in_virtual_time
async def test_a_shared_change_costs_one_more_listing_of_the_other_source() -> None:
    paths = two()
    world = World(paths, sources=SOURCES, interval="300s")
    await world.run(10)
    paths.put("/shared", parameter("/shared/a", "new", version=2))
    before = len(world.polls)
    world.customs.annotations["paramsync.dev/refresh"] = "1"
    await world.run(60)
    assert version(world, "A") == "new"
    assert len(world.polls) - before <= 4, "the refresh, its confirmation, and once more the other one"


@in_virtual_time
async def test_a_source_that_always_changes_holds_nothing_up_for_longer_than_a_minute() -> None:
    paths = two()
    world = World(paths, sources=SOURCES, interval="10s")
    await world.run(70)
    paths.put("/shared", parameter("/shared/a", "new", version=2))
    for number in range(3, 300):
        paths.put("/prod/pay", secure(), parameter(value=str(number), version=number))
        await world.run(1)
        if version(world, "A") == "new":
            break
    assert number < 3 + 100


@in_virtual_time
async def test_a_change_that_waited_in_vain_does_not_spoil_the_wait_of_the_next_one() -> None:
    paths = two()
    world = World(paths, sources=SOURCES, interval="10s")
    await world.run(70)
    for number in range(2, 200):
        paths.put("/prod/pay", secure(), parameter(value=str(number), version=number))
        await world.run(1)
    await world.run(30)
    assert version(world, "HOST") == "199"
    paths.put("/shared", parameter("/shared/a", "new", version=2))
    paths.put("/prod/pay", secure(), parameter(value="new", version=200))
    seen = set()
    for _ in range(60):
        await world.run(0.5)
        seen.add((version(world, "A"), version(world, "HOST")))
    assert seen == {("db.internal", "199"), ("new", "new")}


@in_virtual_time
async def test_after_a_restart_a_change_waits_for_its_confirmation() -> None:
    paths = two()
    world = World(paths, sources=SOURCES)
    await world.run(70)
    again = World(paths, sources=SOURCES)
    again.customs, again.targets = world.customs, world.targets
    again.restart()
    paths.put("/shared", parameter("/shared/a", "new", version=2))
    await again.run(2)
    assert version(again, "A") == "db.internal"
    await again.run(5)
    assert version(again, "A") == "new"
    assert again.condition("Ready") == "True Synced"


@in_virtual_time
async def test_a_new_spec_is_not_said_to_be_carried_out_before_what_it_changes_has_settled() -> None:
    world = World(Paths(blue=(parameter("/blue/host", "blue"),), green=(parameter("/green/host", "green"),)))
    world.customs.spec = {"sources": [{"path": "/blue"}], "interval": "60s"}
    await world.run(70)
    world.customs.spec, world.customs.generation = {"sources": [{"path": "/green"}], "interval": "60s"}, 2
    await world.run(2)
    assert (version(world, "HOST"), world.observed_generation) == ("blue", 1)
    await world.run(5)
    assert (version(world, "HOST"), world.observed_generation) == ("green", 2)
    assert world.condition("Ready") == "True Synced"


@in_virtual_time
async def test_a_dropped_target_stays_until_its_keys_are_in_another_one() -> None:
    world = World(two())
    await world.run(70)
    world.customs.spec = {
        "sources": [{"path": "/prod/pay"}],
        "targets": [{"kind": "Secret", "types": ["String", "SecureString"]}],
    }
    world.customs.generation = 2
    world.restart()
    has_gained = False
    for _ in range(50):
        await world.run(0.2)
        has_gained = "HOST" in (world.targets.objects[SECRET].data or {})
        assert has_gained or CONFIG_MAP in world.targets.objects
    assert has_gained
    assert world.targets.deleted == [CONFIG_MAP]


@in_virtual_time
async def test_what_waits_for_its_confirmation_tells_of_an_outage() -> None:
    paths = two()
    world = World(paths)
    await world.run(70)
    paths.put("/prod/pay", secure(), parameter(value="new", version=2))
    world.restart()
    await world.run(1)
    world.answer = lambda path: SourceError(Reason.SOURCE_UNAVAILABLE, f"{path} cannot be reached")
    await world.run(130)
    assert world.condition("Ready") == "False SourceUnavailable"
    assert version(world, "HOST") == "db.internal"
    world.answer = paths
    await world.run(310)
    assert world.condition("Ready") == "True Synced"
    assert version(world, "HOST") == "new"


@in_virtual_time
async def test_after_a_restart_a_missing_name_keeps_its_key_for_45_seconds() -> None:
    paths = two()
    paths.put("/prod/pay", secure(), parameter(), parameter("/prod/pay/gone"))
    world = World(paths, sources=SOURCES, interval="300s")
    await world.run(70)
    again = World(paths, sources=SOURCES, interval="300s")
    again.customs, again.targets = world.customs, world.targets
    again.restart()
    paths.put("/prod/pay", secure(), parameter())
    await again.run(40)
    assert "GONE" in (again.targets.objects[CONFIG_MAP].data or {})
    await again.run(20)
    assert "GONE" not in (again.targets.objects[CONFIG_MAP].data or {})
    assert len(again.polls) <= 6


@in_virtual_time
async def test_after_a_restart_nothing_is_listed_twice_where_nothing_changed() -> None:
    paths = two()
    world = World(paths, sources=SOURCES, interval="300s")
    await world.run(10)
    again = World(paths, sources=SOURCES, interval="300s")
    again.customs, again.targets = world.customs, world.targets
    again.restart()
    writes = len(again.customs.writes)
    await again.run(200)
    assert len(again.polls) == 2
    assert len(again.customs.writes) == writes


@in_virtual_time
async def test_a_parameter_that_cannot_be_decrypted_is_named_and_everything_stays() -> None:
    paths = Paths(prod_pay=(secure(), parameter()))
    world = World(paths)
    await world.run(70)
    paths.put("/prod/pay", secure(value=None, version=2), parameter(value="new", version=2))
    await world.run(70)
    assert world.condition("Ready") == "False DecryptionFailed"
    assert world.condition("Stalled") == "True DecryptionFailed"
    assert "Parameter /prod/pay/password cannot be decrypted" in str(world.customs.status)
    assert world.targets.objects[SECRET].data == {"PASSWORD": SecureValue(b"hunter2")}
    assert version(world, "HOST") == "db.internal"
    paths.put("/prod/pay", secure(version=3), parameter(value="new", version=2))
    await world.run(130)
    assert world.condition("Ready") == "True Synced"
    assert version(world, "HOST") == "new"


@in_virtual_time
async def test_what_a_source_excludes_may_be_anything() -> None:
    paths = Paths(prod_pay=(secure(), secure("/prod/pay/bad", None), parameter(), parameter("/prod/pay/1st")))
    world = World(paths, sources=[{"path": "/prod/pay", "exclude": ["bad", "1st"]}])
    await world.run(5)
    assert world.condition("Ready") == "True Synced"
    assert set(world.targets.objects[SECRET].data or {}) == {"PASSWORD"}
    assert set(world.targets.objects[CONFIG_MAP].data or {}) == {"HOST"}


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ({"include": ["nothing/**"]}, "include and exclude leave none of the parameters below /prod/pay"),
        ({"exclude": ["**"]}, "include and exclude leave none of the parameters below /prod/pay"),
        ({"versionLabel": "live"}, "with a version that is labelled live"),
    ],
)
def test_globs_and_labels_that_leave_nothing_are_not_ready(source: "dict[str, JsonValue]", says: str) -> None:
    @in_virtual_time
    async def check() -> None:
        made = () if "versionLabel" in source else (secure(), parameter())
        world = World(Paths(prod_pay=made), sources=[{"path": "/prod/pay", **source}])
        await world.run(700)
        assert world.condition("Ready") == "False NoParameters"
        assert says in str(world.customs.status)

    check()


@in_virtual_time
async def test_a_store_that_moves_changes_nothing() -> None:
    accounts = ["111122223333"]

    def answer(path: str) -> Snapshot:
        return snapshot(parameter(f"{path}/host"), secure(f"{path}/password"), path=path, account=accounts[-1])

    world = World(answer)
    await world.run(70)
    before = dict(world.targets.objects)
    accounts.append("444455556666")
    await world.run(120)
    assert world.condition("Ready") == "False SourceMoved"
    assert world.targets.objects == before
    accounts.append("111122223333")
    await world.run(120)
    assert world.condition("Ready") == "True Synced"


@in_virtual_time
async def test_what_another_account_has_under_the_same_names_is_never_written() -> None:
    accounts = ["111122223333"]

    def answer(path: str) -> Snapshot:
        made = [secure(f"{path}/password", f"of {accounts[-1]}"), parameter(f"{path}/host", f"of {accounts[-1]}")]
        more = [secure(f"{path}/token")] if len(accounts) % 2 else []
        return snapshot(*made, *more, path=path, account=accounts[-1])

    world = World(answer)
    await world.run(70)
    before = dict(world.targets.objects)
    for account in ("444455556666", "111122223333") * 2:
        accounts.append(account)
        for _ in range(200):
            await world.run(1)
            assert world.targets.objects == before
    assert world.condition("Ready") == "True Synced"


@in_virtual_time
async def test_a_source_that_is_empty_elsewhere_hides_no_move_of_another() -> None:
    accounts = ["444455556666"]

    def answer(path: str) -> Snapshot:
        shared = [parameter("/shared/extra")] if len(accounts) % 2 else []
        made = [parameter("/prod/pay/host", f"of {accounts[-1]}")] if path == "/prod/pay" else shared
        return snapshot(*made, path=path, account=accounts[-1])

    world = World(answer, sources=[{"path": "/prod/pay"}, {"path": "/shared", "optional": True}])
    await world.run(70)
    before = dict(world.targets.objects)
    accounts.append("111122223333")
    for _ in range(400):
        await world.run(1)
        assert world.targets.objects == before
    assert world.condition("Ready") == "False SourceMoved"
    accounts.append("444455556666")
    await world.run(120)
    assert world.condition("Ready") == "True Synced"


class TestBudget:
    @in_virtual_time
    async def test_stretched_intervals_are_told_beside_ready(self) -> None:
        world = World(two(), sources=SOURCES)
        world.load.stretch = 1.5
        await world.run(300)
        assert world.condition("Ready") == "True Synced"
        assert "IntervalStretched" in str(world.customs.status)
        writes = len(world.customs.writes)
        world.load.stretch = 1.1
        await world.run(300)
        assert len(world.customs.writes) == writes, "no flapping"
        world.load.stretch = 1.0
        await world.run(300)
        assert "IntervalStretched" not in str(world.customs.status)

    @in_virtual_time
    async def test_data_that_always_gets_too_old_is_never_ready(self) -> None:
        world = World(two(), sources=SOURCES)
        world.load.stretch = 3
        await world.run(1200)
        assert world.condition("Ready") == "False Throttled"
        ready = [str(each).count("'True', 'reason': 'Synced'") for each in world.customs.writes]
        assert sum(ready) <= 1, "no flapping"
        world.load.stretch = 1
        await world.run(600)
        assert world.condition("Ready") == "True Synced"


class Noting(World):
    """Notes which listings were urgent."""

    urgent: list[bool]

    async def read(
        self, subtree: Subtree, *, decrypt: bool, urgent: "Urgent", admit: "Callable[[int], None]"
    ) -> "Listed":
        self.urgent.append(urgent())
        return await super().read(subtree, decrypt=decrypt, urgent=urgent, admit=admit)


@in_virtual_time
async def test_urgent_is_what_is_new_or_asked_for() -> None:
    world = Noting(Paths(prod_pay=(secure(), parameter())))
    world.urgent = []
    await world.run(70)
    assert world.urgent == [True, False]
    world.customs.annotations["paramsync.dev/refresh"] = "1"
    await world.run(2)
    assert world.urgent == [True, False, True]


@in_virtual_time
async def test_a_refresh_is_not_handled_by_a_listing_that_failed() -> None:
    paths = two()
    world = World(paths)
    await world.run(70)
    world.answer = lambda path: SourceError(Reason.SOURCE_UNAVAILABLE, f"{path} cannot be reached")
    world.customs.annotations["paramsync.dev/refresh"] = "1"
    await world.run(10)
    assert world.condition("Ready") == "True Synced"
    assert "lastHandledRefresh" not in str(world.customs.status)
    await world.run(300)
    assert "lastHandledRefresh" not in str(world.customs.status)
    world.answer = paths
    await world.run(120)
    assert "'lastHandledRefresh': '1'" in str(world.customs.status)


@pytest.mark.parametrize("what", ["stores", "reads", "writes"])
def test_a_refresh_that_the_cluster_refused_is_not_handled(what: str) -> None:
    @in_virtual_time
    async def check() -> None:
        paths = two()
        world = World(paths, interval="24h")
        await world.run(60)
        stores, refused = world.reconciler._stores, Refused("no")
        find_all = stores.find_all

        async def refuse(refs: object, user: object) -> dict[StoreRef, Store | Problem]:
            raise refused

        if what == "stores":
            stores.find_all = refuse  # type: ignore[method-assign]
        elif what == "reads":
            world.targets.read_error = refused
        else:
            world.targets.write_error = refused
        paths.put("/prod/pay", secure(), parameter(value="new", version=2))
        world.customs.annotations["paramsync.dev/refresh"] = "now"
        await world.run(30)
        assert "lastHandledRefresh" not in str(world.customs.status)
        stores.find_all = find_all  # type: ignore[method-assign]
        world.targets.read_error = world.targets.write_error = None
        await world.run(3600)
        assert "'lastHandledRefresh': 'now'" in str(world.customs.status)
        assert version(world, "HOST") == "new"

    check()


@in_virtual_time
async def test_after_a_restart_an_empty_answer_must_be_confirmed() -> None:
    paths = two()
    world = World(paths, interval="300s")
    await world.run(10)
    full = paths.paths["/prod/pay"]
    paths.put("/prod/pay")
    world.restart()
    await world.run(30)
    assert world.condition("Ready") == "True Synced"
    paths.put("/prod/pay", *full)
    await world.run(60)
    assert world.condition("Ready") == "True Synced"
    paths.put("/prod/pay")
    world.restart()
    await world.run(60)
    assert world.condition("Ready") == "False NoParameters"


@in_virtual_time
async def test_a_new_sync_does_not_wait_for_the_listings_of_others() -> None:
    paths = two()
    world = World(paths, sources=SOURCES, interval="300s")
    subtrees = [Subtree(Identity("eu-west-1"), path) for path in ("/shared", "/prod/pay")]
    world.feeds.subscribe(
        SyncKey("payments", "other"), [Need(each, Selection(secure=True)) for each in subtrees], Asked(300)
    )
    await asyncio.sleep(100)
    paths.put("/shared", parameter("/shared/a", "new", version=2))
    world.feeds.poll(subtrees[0])
    await asyncio.sleep(10)
    await world.run(0.5)
    assert world.condition("Ready") == "True Synced"


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        ((secure(value=None, version=2), parameter()), "DecryptionFailed"),
        ((secure(), parameter(), parameter("/prod/pay/Host")), "KeyCollision"),
        ((), "NoParameters"),
        ((secure(),), "RemovalBlocked"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_was_listed_last_and_what_the_targets_were_last_found_to_hold_are_told_apart(
    made: tuple[Parameter, ...], reason: str
) -> None:
    @in_virtual_time
    async def check() -> None:
        paths = Paths(prod_pay=(secure(), parameter()))
        world = World(paths)
        await world.run(10 * 60)
        assert age(world, "good") == age(world, "listing")
        paths.put("/prod/pay", *made)
        await world.run(10 * 60)
        assert world.condition("Ready") == f"False {reason}"
        good, listed = age(world, "good"), age(world, "listing")
        assert good is not None
        assert listed is not None
        assert listed <= 2 * 60 < 9 * 60 <= good
        world.restart()
        await world.run(5 * 60)
        good, listed = age(world, "good"), age(world, "listing")
        assert good is not None
        assert listed is not None
        assert listed <= 2 * 60 < 13 * 60 <= good, "when it ceased to be Ready"
        paths.put("/prod/pay", secure(version=3), parameter())
        await world.run(5 * 60)
        assert world.condition("Ready") == "True Synced"
        assert age(world, "good") == age(world, "listing")

    check()


@in_virtual_time
async def test_what_is_only_planned_is_not_what_the_targets_hold() -> None:
    paths = Paths(prod_pay=(secure(), parameter()))
    world = World(paths, mode="Plan")
    await world.run(60)
    assert world.condition("Ready") == "True Planned"
    assert age(world, "good") is None
    spec = world.customs.spec
    assert isinstance(spec, dict)
    for generation, mode in enumerate(("Sync", "Plan"), start=2):
        world.customs.spec, world.customs.generation = {**spec, "mode": mode}, generation
        await world.run(5 * 60)
        assert age(world, "good") == age(world, "listing"), "there is nothing to do"
    paths.put("/prod/pay", secure(version=2), parameter())
    await world.run(5 * 60)
    good = age(world, "good")
    assert good is not None
    assert good >= 4 * 60


def age(world: World, what: str) -> float | None:
    """How long ago that was which a gauge of the sync tells."""
    name, labels = f"paramsync_sync_last_{what}_timestamp_seconds", {"namespace": "payments", "name": "app"}
    at = world.metrics.registry.get_sample_value(name, labels)
    return None if at is None else world.now().timestamp() - at
