"""Who writes the status of stores, when, and what becomes of a write that fails."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from paramsync.core.identity import Identity
from paramsync.core.parameters import Subtree
from paramsync.core.reasons import Reason
from paramsync.core.store_status import Answer, Failure
from paramsync.core.stores import StoreKey
from paramsync.kube.errors import Forbidden, NotFound, Refused, Stale, Unavailable
from paramsync.kube.fence import Fenced
from paramsync.runtime.metrics import Metrics
from paramsync.runtime.serving import Serving
from paramsync.runtime.store_statuses import FORBIDDEN, LOOK, SOON, Known, StoreStatuses

from .builders import store_ref
from .reconcile_world import InlineThreads
from .store_world import CLUSTER, OWN, USER, StoreWorld, found, own
from .virtual_time import in_virtual_time

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MAIN = StoreKey(CLUSTER, "main")
PATH = Subtree(Identity("eu-west-1"), "/prod/pay", recursive=True)


class _Load:
    throttled_for: float | None = None
    stretch = 1.0


class World(StoreWorld):
    """The statuses of stores over a cluster of dictionaries."""

    def __init__(self, settings: dict[str, dict[str, Any]] | None = None) -> None:
        super().__init__(settings)
        self.answers: dict[Subtree, Answer] = {}
        self.leads = True
        self.has_all = True
        self.load = _Load()
        self.serving = Serving()
        known = Known(
            self.answers.get, lambda _: None, lambda _: None, lambda _: self.load, lambda _: self.has_all, self._leads
        )
        self.statuses = StoreStatuses(
            self.customs, self.stores, self.serving, known, Metrics(), InlineThreads(), lambda: NOW
        )

    def _leads(self) -> bool:
        return self.leads

    def reads(self, *paths: Subtree) -> None:
        """A sync reads these with the store."""
        self.serving.begins(USER, [(MAIN, path) for path in paths])

    @property
    def reasons(self) -> list[str]:
        """What was written, in a word each."""
        return [status["conditions"][0]["reason"] for _, status in self.written]

    @property
    def written(self) -> list[tuple[str, Any]]:
        return list(self.customs.written)

    async def run(self, seconds: float) -> None:
        """Let it go on for so long."""
        begin = asyncio.Event()
        begin.set()
        task = asyncio.create_task(self.statuses.run(begin))
        await asyncio.sleep(seconds)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@in_virtual_time
async def test_what_is_told_already_is_not_written_again() -> None:
    world = World()
    world.tell(found("main"))
    world.reads(PATH)
    world.answers[PATH] = Answer("/prod/pay", "111122223333")
    await world.run(100 * LOOK)
    assert world.reasons == ["Serving"]
    (name, status), *_ = world.written
    assert (name, status["account"], status["namespaces"]) == ("main", "111122223333", ["payments"])


@in_virtual_time
async def test_the_watch_that_shows_our_own_write_changes_nothing() -> None:
    world = World()
    world.tell(found("main"))
    await world.statuses.look()
    written = world.written[0][1]
    shown = found("main").model_copy(update={"status": written})
    world.tell(shown)
    await world.run(10 * LOOK)
    assert world.reasons == ["Unused"]
    assert world.woken == []


@in_virtual_time
async def test_a_replica_that_does_not_lead_writes_nothing() -> None:
    world = World()
    world.leads = False
    world.tell(found("main"))
    await world.run(10 * LOOK)
    assert world.written == []


@in_virtual_time
async def test_an_edited_store_is_looked_at_soon() -> None:
    world = World()
    world.tell(found("main"))
    times: list[float] = []

    async def edit() -> None:
        await asyncio.sleep(LOOK + LOOK / 2)
        world.tell(found("main", generation=2))
        await asyncio.sleep(2 * SOON)
        times.append(len(world.written))

    async with asyncio.TaskGroup() as group:
        group.create_task(edit())
        group.create_task(world.run(2 * LOOK - 1))
    assert times == [2]
    assert world.written[1][1]["observedGeneration"] == 2


@in_virtual_time
async def test_what_goes_to_and_fro_is_told_at_our_pace() -> None:
    world = World()
    world.tell(found("main"))
    world.reads(PATH)

    async def flap() -> None:
        while True:
            world.answers[PATH] = Answer("/prod/pay")
            await asyncio.sleep(0.4)
            world.answers[PATH] = Answer("/prod/pay", failure=Failure(Reason.ACCESS_DENIED, "AWS denies it"))
            await asyncio.sleep(0.3)
            world.stores.news.set()

    task = asyncio.create_task(flap())
    await world.run(20 * LOOK)
    task.cancel()
    assert 1 < len(world.written) <= 21


@in_virtual_time
async def test_an_answer_to_another_identity_is_none() -> None:
    world = World()
    world.tell(found("main", region="eu-central-1"))
    world.reads(PATH)
    world.answers[PATH] = Answer("/prod/pay")
    await world.statuses.look()
    assert world.reasons == ["Pending"]


@in_virtual_time
async def test_a_store_on_its_way_out_and_one_of_the_file_are_left_alone() -> None:
    world = World({"main": {}})
    await world.find()
    going = found("other")
    metadata = going.metadata.model_copy(update={"deletion_timestamp": "2026-03-01T12:00:00Z"})
    world.tell(going.model_copy(update={"metadata": metadata}))
    world.tell(found("gone"))
    world.tell(found("gone"), deleted=True)
    await world.run(3 * LOOK)
    assert world.written == []


@in_virtual_time
async def test_what_somebody_wrote_meanwhile_is_read_and_gone_by() -> None:
    world = World()
    world.tell(found("main"))
    world.customs.refusal = Stale("another status")
    world.put(found("main").model_copy(update={"status": {"syncs": 7}}))
    await world.statuses.look()
    world.customs.refusal = None
    assert world.customs.reads == [("main", "")]
    kept = world.stores.object(MAIN)
    assert kept is not None
    assert kept.status == {"syncs": 7}
    await world.statuses.look()
    assert world.reasons == ["Unused"] * 2


@in_virtual_time
async def test_a_kind_that_may_not_be_written_is_left_alone_for_long() -> None:
    world = World()
    world.tell(found("main"))
    world.tell(own())
    world.customs.refusal = Forbidden("no right")
    await world.run(FORBIDDEN - LOOK)
    assert sorted(name for name, _ in world.written) == ["main", "own"]
    await world.run(3 * LOOK)
    assert len(world.written) == 4


@pytest.mark.parametrize("error", [Unavailable("no answer"), Refused("no"), NotFound("gone"), Fenced("stopping")])
@in_virtual_time
async def test_what_fails_is_tried_at_the_next_look(error: Exception) -> None:
    world = World()
    world.tell(found("main"))
    world.customs.refusal = error
    await world.run(LOOK / 2)
    assert len(world.written) == 1
    world.customs.refusal = None
    await world.run(LOOK / 2)
    assert world.reasons == ["Unused"] * 2


@in_virtual_time
async def test_a_namespaced_store_is_known_from_its_first_use_to_its_last() -> None:
    world = World()
    world.tell(own())
    key = StoreKey(OWN, "own", "payments")
    assert world.stores.meaning(key) is None
    world.tenants.accounts.clear()
    ref = store_ref("own", namespaced=True)
    problem = await world.find(ref)
    assert world.stores.meaning(key) == problem
    await world.statuses.look()
    assert world.reasons == ["StoreInvalid"]
    world.stores.forget(USER)
    assert world.stores.meaning(key) is None
    await world.statuses.look()
    assert world.reasons == ["StoreInvalid", "Unused"]
