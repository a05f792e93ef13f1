"""The watch only puts keys into the queue: what is new at once, what was well before a start spread over time."""

from dataclasses import dataclass, field

import pytest
from pydantic import JsonValue

from paramsync.api.sources import StoreKind
from paramsync.core.stores import StoreKey
from paramsync.kube.wire import CustomObject
from paramsync.runtime.keys import SyncKey
from paramsync.runtime.watch import COLLECTED, Watch
from tests.unit.reconcile_world import FakeStores

KEY = SyncKey("payments", "app")
READY: JsonValue = {
    "observedGeneration": 3,
    "lastHandledRefresh": "1",
    "conditions": [
        {
            "type": "Ready",
            "status": "True",
            "reason": "Synced",
            "message": "",
            "lastTransitionTime": "2026-03-01T12:00:00Z",
        }
    ],
}


def sync(
    *, status: JsonValue = None, generation: int = 3, refresh: str | None = None, interval: str = "5m", uid: str = "1"
) -> CustomObject:
    return CustomObject.model_validate(
        {
            "metadata": {
                "name": "app",
                "namespace": "payments",
                "uid": uid,
                "resourceVersion": "1",
                "generation": generation,
                "creationTimestamp": "2026-03-01T12:00:00Z",
                "annotations": {"paramsync.dev/refresh": refresh} if refresh else {},
            },
            "spec": {"sources": [{"path": "/prod/pay"}], "interval": interval},
            "status": status,
        }
    )


@dataclass
class Desk:
    woken: list[tuple[SyncKey, bool, float]] = field(default_factory=list)
    conflicted: list[SyncKey] = field(default_factory=list)

    def watch(self) -> Watch:
        return Watch(FakeStores(), self.wake, lambda _: self.conflicted, lambda: 0.5)

    def wake(self, key: SyncKey, *, urgent: bool, after: float = 0.0) -> None:
        self.woken.append((key, urgent, after))


@pytest.mark.parametrize(
    ("found", "urgent", "after"),
    [
        (sync(), True, 0),
        (sync(status=READY), False, 150),
        (sync(status=READY, interval="10s"), False, 5),
        (sync(status=READY, interval="24h"), False, 300),
        (sync(status=READY, generation=4), True, 0),
        (sync(status=READY, refresh="1"), False, 150),
        (sync(status=READY, refresh="2"), True, 0),
        (sync(status={"observedGeneration": 3, "conditions": []}), True, 0),
    ],
    ids=[
        "new",
        "well",
        "well, short interval",
        "well, long interval: ten minutes at most",
        "well, and changed since",
        "well, an old refresh",
        "well, a new refresh",
        "not ready",
    ],
)
def test_after_a_start_what_was_well_is_spread(found: CustomObject, urgent: bool, after: float) -> None:
    desk = Desk()
    desk.watch().sync(found)
    assert desk.woken == [(KEY, urgent, after)]


def test_what_was_shown_wakes_nobody_until_it_changes() -> None:
    desk = Desk()
    watch = desk.watch()
    for found in (
        sync(status=READY),
        sync(status=READY),
        sync(status=READY, generation=4),
        sync(uid="2", generation=4),
    ):
        watch.sync(found)
    assert [(urgent, after) for _, urgent, after in desk.woken] == [(False, 150), (True, 0), (True, 0)]


def test_a_deletion_wakes_who_waited_for_its_targets() -> None:
    desk = Desk(conflicted=[SyncKey("payments", "other")])
    watch = desk.watch()
    watch.sync(sync(status=READY))
    desk.woken.clear()
    watch.sync(sync(), deleted=True)
    assert desk.woken == [(KEY, True, 0), (SyncKey("payments", "other"), True, COLLECTED)]


class TestWhoIsStillToCome:
    """Of a store nobody is counted out before each sync that names it was looked at."""

    STORE = StoreKey(StoreKind.CLUSTER_PARAMETER_STORE, "default")

    def test_a_sync_is_to_come_until_it_was_looked_at(self) -> None:
        watch = Desk().watch()
        assert watch.has_all_of(self.STORE)
        watch.sync(sync(status=READY))
        watch.sync(sync(status=READY, generation=4))
        assert not watch.has_all_of(self.STORE)
        assert watch.has_all_of(StoreKey(StoreKind.CLUSTER_PARAMETER_STORE, "other"))
        watch.looked_at(KEY)
        assert watch.has_all_of(self.STORE)
        watch.sync(sync(status=READY, generation=5))
        assert watch.has_all_of(self.STORE), "it was looked at before"

    def test_when_all_is_begun_anew_it_is_to_come_again(self) -> None:
        watch = Desk().watch()
        for _ in range(2):
            watch.sync(sync(status=READY))
            watch.begin_anew()
        watch.sync(sync(status=READY))
        watch.looked_at(KEY)
        assert watch.has_all_of(self.STORE)

    def test_one_that_went_is_not_waited_for(self) -> None:
        watch = Desk().watch()
        watch.sync(sync())
        watch.sync(sync(), deleted=True)
        assert watch.has_all_of(self.STORE)
