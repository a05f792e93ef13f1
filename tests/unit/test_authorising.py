"""Who may read what, while it changes under a running sync: what is withdrawn stops, and nothing is lost."""

import asyncio

import pytest
from pydantic import JsonValue

from paramsync.core.identity import Identity
from paramsync.core.parameters import Snapshot
from paramsync.core.stores import ROLE_ANNOTATION
from paramsync.kube.errors import Refused, Unavailable
from paramsync.runtime.stores import MEMORY

from .builders import CONFIG_MAP, parameter, secure, snapshot
from .reconcile_world import World
from .store_world import StoreWorld, found, own
from .virtual_time import in_virtual_time

DEADLINE = 60.0
"""Seconds after which a sync with an interval of a minute looks again by itself."""

BY_LABEL: JsonValue = [{"namespaces": ["*"], "paths": ["/{label:team}/pay"]}]
BY_NAME: JsonValue = [{"namespaces": ["*"], "paths": ["/prod"]}]
OTHER_ROLE = "arn:aws:iam::111122223333:role/other"


def filled(path: str) -> Snapshot:
    return snapshot(parameter(f"{path}/host"), secure(f"{path}/password"), path=path)


class Running:
    """A sync that reconciles, with stores that are looked up for real."""

    def __init__(self, store: str = "main", kind: str = "ClusterParameterStore") -> None:
        self.world = World(filled, storeRef={"name": store, "kind": kind})
        self.stores = StoreWorld()
        self.stores.stores._labels._clock = self.stores.stores._annotations._clock = asyncio.get_running_loop().time
        self.world.reconciler._stores = self.stores.stores

    async def run(self, seconds: float) -> None:
        await self.world.run(seconds)

    @property
    def ready(self) -> str | None:
        return self.world.condition("Ready")

    @property
    def message(self) -> str:
        return str(self.world.customs.status)

    def identities(self) -> set[Identity]:
        """Those that are being read as."""
        return {subtree.identity for subtree in self.world.feeds._feeds}

    async def assert_that_nothing_is_read(self) -> None:
        polls = len(self.world.polls)
        assert len(self.world.feeds) == 0, "the feed is dropped, with all that it read"
        await self.run(10 * DEADLINE)
        assert len(self.world.polls) == polls
        assert CONFIG_MAP in self.world.targets.objects
        assert self.world.targets.deleted == []


@in_virtual_time
async def test_a_label_that_is_taken_away_stops_the_reading_within_a_minute() -> None:
    running = Running()
    running.stores.tell(found("main", access=BY_LABEL))
    running.stores.tenants.namespaces["payments"] = {"team": "prod"}
    await running.run(5 * DEADLINE)
    assert running.ready == "True Synced"

    running.stores.tenants.namespaces["payments"] = {"team": "other"}
    await running.run(MEMORY + DEADLINE)
    assert running.ready == "False NotAllowed"
    assert "it may read /other/pay" in running.message
    await running.assert_that_nothing_is_read()

    running.stores.tenants.namespaces["payments"] = {"team": "prod"}
    await running.run(MEMORY + DEADLINE)
    assert running.ready == "True Synced"


@in_virtual_time
async def test_a_rule_that_is_taken_away_stops_the_reading_at_once() -> None:
    running = Running()
    running.stores.tell(found("main", access=BY_NAME))
    await running.run(1.5 * DEADLINE)
    assert running.ready == "True Synced"

    running.stores.tell(found("main", generation=2, access=[]))
    assert len(running.stores.woken) == 1
    await running.run(1)
    assert running.ready == "False NotAllowed"
    assert "it may read nothing" in running.message
    await running.assert_that_nothing_is_read()


@in_virtual_time
async def test_a_label_that_grants_nothing_is_named_before_anything_is_read() -> None:
    running = Running()
    running.stores.tell(found("main", access=BY_LABEL))
    await running.run(5)
    assert running.ready == "False NotAllowed"
    assert "its rules ask for team" in running.message
    assert running.world.polls == []


@in_virtual_time
async def test_one_refused_source_stops_all() -> None:
    running = Running()
    running.world.customs.spec = {
        "sources": [{"path": "/prod/pay"}, {"path": "/elsewhere", "storeRef": {"name": "second"}}],
        "storeRef": {"name": "main"},
    }
    running.stores.tell(found("main", access=BY_NAME))
    running.stores.tell(found("second", access=BY_NAME))
    await running.run(5)
    assert running.ready == "False NotAllowed"
    assert "ClusterParameterStore second does not let namespace payments read /elsewhere" in running.message
    assert running.world.polls == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Refused("read the labels of namespace payments: the API server refuses (Forbidden)"), "ClusterRefused"),
        (Unavailable("read the labels of namespace payments: no answer"), "ClusterUnavailable"),
    ],
)
def test_labels_that_cannot_be_read_leave_everything_as_it_is(error: Refused | Unavailable, reason: str) -> None:
    @in_virtual_time
    async def check() -> None:
        running = Running()
        running.stores.tell(found("main", access=BY_LABEL))
        running.stores.tenants.namespaces["payments"] = {"team": "prod"}
        await running.run(DEADLINE)
        before = dict(running.world.targets.objects)
        running.stores.tenants.error = error
        await running.run(10 * DEADLINE)
        assert running.ready == f"False {reason}"
        assert str(error) in running.message
        assert running.world.targets.objects == before
        running.stores.tenants.error = None
        await running.run(MEMORY + DEADLINE)
        assert running.ready == "True Synced"

    check()


@in_virtual_time
async def test_another_role_in_the_annotation_is_another_identity_and_another_listing() -> None:
    running = Running("own", "ParameterStore")
    running.stores.tell(own())
    await running.run(1.5 * DEADLINE)
    assert running.ready == "True Synced"
    (before,) = running.identities()

    running.stores.tenants.accounts["payments", "reader"] = {ROLE_ANNOTATION: OTHER_ROLE}
    await running.run(MEMORY + DEADLINE)
    (after,) = running.identities()
    assert before != after
    assert after.service_account is not None
    assert after.service_account.role_arn == OTHER_ROLE
    assert running.ready == "True Synced"


@in_virtual_time
async def test_an_annotation_that_is_no_role_any_more_stops_the_reading() -> None:
    running = Running("own", "ParameterStore")
    running.stores.tell(own())
    await running.run(1.5 * DEADLINE)
    running.stores.tenants.accounts["payments", "reader"] = {ROLE_ANNOTATION: "arn:aws:iam::111122223333:user/x"}
    await running.run(MEMORY + DEADLINE)
    assert running.ready == "False StoreInvalid"
    await running.assert_that_nothing_is_read()


@in_virtual_time
async def test_a_store_of_another_namespace_is_not_found() -> None:
    running = Running("own", "ParameterStore")
    running.stores.tell(own(namespace="other"))
    running.stores.tenants.accounts["other", "reader"] = {ROLE_ANNOTATION: OTHER_ROLE}
    await running.run(5)
    assert running.ready == "False StoreNotFound"
    assert "ParameterStore own does not exist in namespace payments" in running.message
    assert running.world.polls == []
