"""Some namespaces, each for itself: one that may not be read hinders no other, and is told."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from paramsync.kube.customs import CLUSTER_STORES, KINDS, NAMESPACED, PARAMETER_STORES, SYNCS, Customs
from paramsync.kube.errors import ApiError, Forbidden, Unavailable
from paramsync.kube.fence import SoleReplica
from paramsync.kube.tenants import Tenants
from paramsync.kube.wire import CustomObject
from paramsync.runtime.namespaces import ALL, Namespaces
from paramsync.runtime.relisting import LOOK_AGAIN, RELIST, RETRY, Relisting
from paramsync.runtime.settings import Settings
from paramsync.runtime.stores import Stores
from paramsync.runtime.watch import Watch
from tests.model.answers import Answer, Request
from tests.model.client import transport_to
from tests.unit.reconcile_world import InlineThreads
from tests.unit.test_watch import Desk, sync
from tests.unit.virtual_time import in_virtual_time

WHY = "list parametersyncs in namespace orders: the API server refuses (Forbidden)"


def nothing(_request: Request) -> Answer:
    raise AssertionError("nothing is asked for")


class FakeCustoms(Customs):
    """A sync `app` in each namespace, and what is refused."""

    def __init__(self) -> None:
        super().__init__(transport_to(nothing), SoleReplica())
        self.refused: dict[str, ApiError] = {}
        self.unwatched: set[str] = set()
        self.lists: Counter[str] = Counter()
        self.tries: Counter[str] = Counter()
        self.asked: list[tuple[str, str]] = []
        self.trying: Callable[[], None] = lambda: None
        """Happens while a namespace is looked at."""

    def all(self, plural: str, namespace: str = "") -> Iterator[CustomObject]:
        self.asked.append((plural, namespace))
        if namespace in self.refused:
            raise self.refused[namespace]
        self.lists[namespace] += plural == SYNCS
        return iter([in_namespace(namespace)] if plural == SYNCS else [])

    def try_to_read(self, plural: str, namespace: str) -> None:
        self.tries[namespace] += plural == SYNCS
        self.trying()
        if namespace in self.refused:
            raise self.refused[namespace]
        if namespace in self.unwatched:
            raise Forbidden(f"watch {plural}")


def in_namespace(namespace: str) -> CustomObject:
    found = sync()
    return found.model_copy(update={"metadata": found.metadata.model_copy(update={"namespace": namespace})})


@dataclass
class World:
    names: tuple[str, ...] | None = ("payments", "orders")
    customs: FakeCustoms = field(default_factory=FakeCustoms)
    desk: Desk = field(default_factory=Desk)

    def __post_init__(self) -> None:
        self.namespaces = Namespaces(self.names)
        threads, tenants = InlineThreads(), Tenants(transport_to(nothing))
        stores = Stores(Settings(stores={}), lambda: None, self.customs, tenants, threads)
        watch = Watch(stores, self.desk.wake, lambda _: [])
        self.relisting = Relisting(self.customs, threads, watch, self.namespaces)

    @property
    def woken(self) -> list[str]:
        """The namespaces of the syncs that were woken since this was asked for last."""
        woken = [key.namespace for key, _, _ in self.desk.woken]
        self.desk.woken.clear()
        return woken

    async def run(self, seconds: float, *steps: Callable[[], None]) -> None:
        """Let it list for so long; the steps are taken at the beginning."""
        task = asyncio.ensure_future(self.relisting.run())
        for step in steps:
            await asyncio.sleep(1)
            step()
        await asyncio.sleep(seconds)
        assert not task.done(), task
        task.cancel()


class TestNamespaces:
    def test_all_are_one_of_which_every_kind_is_read(self) -> None:
        everywhere = Namespaces(None)
        assert (everywhere.names, everywhere.are_all, everywhere.kinds) == ((ALL,), True, KINDS)
        assert everywhere.has("any")

    def test_of_some_only_the_namespaced_kinds_are_read(self) -> None:
        some = Namespaces(["payments"])
        assert (some.names, some.are_all, some.kinds) == (("payments",), False, NAMESPACED)
        assert CLUSTER_STORES not in some.kinds
        assert not some.has("payments"), "it is not known yet"

    def test_who_follows_is_told_of_changes_and_of_nothing_else(self, caplog: pytest.LogCaptureFixture) -> None:
        some, told = Namespaces(["payments", "orders"]), list[frozenset[str]]()
        some.follow(lambda: told.append(some.readable))

        some.find("payments")
        some.find("payments")
        some.lose("orders", WHY)
        some.lose("orders", "another reason")
        some.lose("payments", WHY)
        some.find("orders")

        assert told == [{"payments"}, set(), {"orders"}]
        lost = [record for record in caplog.records if record.message.startswith("a namespace cannot be read")]
        assert [vars(record)["namespace"] for record in lost] == ["orders", "payments"], "each once"

    def test_the_trouble_names_each_with_its_latest_reason(self) -> None:
        some = Namespaces(["payments", "orders"])
        assert some.trouble() is None
        some.lose("payments", "first")
        some.lose("orders", "other")
        some.lose("payments", "second")
        assert some.trouble() == "namespace payments cannot be read: second; namespace orders cannot be read: other"
        some.find("payments")
        assert some.trouble() == "namespace orders cannot be read: other"


class TestRelisting:
    @in_virtual_time
    async def test_stores_are_listed_before_syncs_in_each_namespace_and_nothing_else(self) -> None:
        world = World()
        await world.run(1)
        assert world.customs.asked == [
            (plural, namespace) for namespace in ("payments", "orders") for plural in (PARAMETER_STORES, SYNCS)
        ]
        assert world.relisting.listed.is_set()
        assert world.woken == ["payments", "orders"]

    @in_virtual_time
    async def test_one_that_is_refused_hinders_no_other_and_works_once_it_may_be_read(self) -> None:
        world = World()
        world.customs.refused["orders"] = Forbidden(WHY)
        await world.run(LOOK_AGAIN * 2.5)
        assert world.woken == ["payments"]
        assert world.namespaces.readable == {"payments"}
        assert world.namespaces.lost == {"orders": WHY}
        assert world.relisting.listed.is_set()
        assert world.customs.tries["orders"] == 2, "looked at every ten seconds"
        assert world.customs.lists["payments"] == 1, "the others are not listed for that"

        world.customs.refused.clear()
        await world.run(LOOK_AGAIN)
        assert world.woken == ["orders"]
        assert world.namespaces.lost == {}

    @in_virtual_time
    async def test_none_that_may_be_read_is_nothing_listed(self) -> None:
        world = World(("orders",))
        world.customs.refused["orders"] = Forbidden(WHY)
        await world.run(LOOK_AGAIN)
        assert not world.relisting.listed.is_set()

    @in_virtual_time
    async def test_one_that_the_watch_was_refused_in_is_left_until_it_may_be_watched_too(self) -> None:
        world = World()
        world.customs.unwatched.add("orders")
        await world.run(LOOK_AGAIN * 1.5, lambda: world.relisting.refused("orders", "watch"))
        assert world.woken == ["payments", "orders", "orders"], "its sync is gone, as far as can be known"
        assert world.namespaces.readable == {"payments"}

        world.customs.unwatched.clear()
        await world.run(LOOK_AGAIN)
        assert world.woken == ["orders"]

    @in_virtual_time
    async def test_one_that_was_lost_for_a_moment_has_its_syncs_shown_again(self) -> None:
        """A reconcile may have forgotten them meanwhile."""
        world = World()
        await world.run(1, lambda: world.relisting.refused("orders", "watch"))
        assert world.namespaces.readable == {"payments", "orders"}
        assert world.woken == ["payments", "orders", "orders"]

    @in_virtual_time
    async def test_a_doubt_is_looked_into_at_once_and_believed_only_if_it_is_true(self) -> None:
        world = World()
        await world.run(1, lambda: world.relisting.doubt("orders"))
        assert (world.customs.tries["orders"], world.namespaces.lost) == (1, {})
        assert world.customs.lists == {"payments": 1, "orders": 1}

        def lost() -> None:
            world.customs.refused["orders"] = Forbidden(WHY)
            world.relisting.doubt("orders")

        await world.run(1, lost)
        assert world.namespaces.readable == {"payments"}
        assert world.namespaces.lost == {"orders": WHY}

    @in_virtual_time
    @pytest.mark.parametrize("later", ["payments", "orders"], ids=["the same", "another"])
    async def test_a_doubt_that_comes_while_one_is_looked_into_is_looked_into_as_well(self, later: str) -> None:
        world = World()

        def again() -> None:
            world.customs.trying = lambda: None
            world.relisting.doubt(later)

        world.customs.trying = again
        await world.run(1, lambda: world.relisting.doubt("payments"))
        assert world.customs.tries == Counter(["payments", later])

    @in_virtual_time
    async def test_of_two_doubts_the_one_that_is_true_leaves_the_other_to_be_looked_into(self) -> None:
        world = World()
        world.customs.unwatched.update(world.namespaces.names)

        def both() -> None:
            for namespace in world.namespaces.names:
                world.relisting.doubt(namespace)

        await world.run(1, both)
        assert world.customs.tries.keys() == {"payments", "orders"}, "whichever came first"

    @in_virtual_time
    async def test_no_answer_is_no_refusal(self) -> None:
        world = World()

        def silent() -> None:
            world.customs.refused["orders"] = Unavailable("no answer")
            world.relisting.doubt("orders")

        await world.run(1, silent)
        assert world.namespaces.readable == {"payments", "orders"}
        assert world.namespaces.lost == {}
        assert len(world.customs.asked) == 4, "nothing is listed again for it"

    @in_virtual_time
    async def test_all_are_listed_again_in_time(self) -> None:
        world = World()
        await world.run(RELIST * 1.5)
        assert world.customs.lists == {"payments": 2, "orders": 2}

    @in_virtual_time
    async def test_the_whole_cluster_is_tried_again_and_again_while_it_is_refused(self) -> None:
        world = World(None)
        world.customs.refused[ALL] = Forbidden("list clusterparameterstores")
        await world.run(RETRY * 2.5)
        assert (world.customs.asked, world.namespaces.lost) == ([(CLUSTER_STORES, ALL)] * 3, {})
        assert not world.relisting.listed.is_set()

        world.customs.refused.clear()
        await world.run(1)
        assert world.relisting.listed.is_set()

    @in_virtual_time
    async def test_a_refusal_in_the_whole_cluster_is_no_doubt_about_it(self) -> None:
        world = World(None)
        await world.run(1, lambda: world.relisting.doubt("payments"), lambda: world.relisting.refused("payments", ""))
        assert (world.customs.tries, world.namespaces.lost) == ({}, {})
        assert world.namespaces.has("payments")

    @in_virtual_time
    async def test_a_new_beginning_shows_all_syncs_once_more(self) -> None:
        world = World()
        await world.run(1, world.relisting.now)
        assert world.woken == ["payments", "orders"] * 2
