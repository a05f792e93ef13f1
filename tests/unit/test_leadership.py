"""A replica does what it leads and nothing else, and asks for each sync by its key."""

import asyncio
from collections.abc import Callable

import pytest

from paramsync.kube.customs import Customs
from paramsync.kube.errors import ApiError, Refused, Unavailable
from paramsync.kube.fence import Fenced
from paramsync.runtime.keys import SyncKey
from paramsync.runtime.leadership import Alone, ByOneLease, LeaseName
from paramsync.runtime.metrics import Metrics
from paramsync.runtime.queue import Queue
from paramsync.runtime.replica import Replica
from paramsync.runtime.settings import Settings
from paramsync.runtime.threads import Threads
from paramsync.runtime.workers import LONG_RETRY, RETRY, Workers
from tests.model.answers import Answer, Request
from tests.model.client import transport_to
from tests.unit.test_watch import sync
from tests.unit.virtual_time import in_virtual_time

LED, NOT_LED = SyncKey("payments", "app"), SyncKey("payments", "other")


def nothing(_request: Request) -> Answer:
    raise AssertionError("nothing is asked for")


class HalfOfIt(Alone):
    """Leads one sync, as a replica does of several that share them."""

    def leads(self, key: SyncKey) -> bool:
        return key == LED


@in_virtual_time
async def test_only_syncs_that_it_leads_are_queued() -> None:
    transport, leadership = transport_to(nothing), HalfOfIt()
    customs = Customs(transport, leadership)
    replica = Replica(transport, customs, Threads("kube", 1), Settings(stores={}), leadership, Metrics())
    for name in ("app", "other"):
        found = sync()
        replica.watch.sync(found.model_copy(update={"metadata": found.metadata.model_copy(update={"name": name})}))

    assert await replica._queue.take() == LED
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(3600):
            await replica._queue.take()
    replica.close()


def test_without_a_lease_it_leads_all_and_nothing_is_to_be_kept() -> None:
    alone = Alone()
    assert (alone.leads(LED), alone.leads_any, alone.begin(lambda: None)) == (True, True, [])
    alone.check(*LED)
    alone.close()
    with pytest.raises(Fenced):
        alone.check(*LED)


@in_virtual_time
async def test_with_a_lease_it_leads_nothing_before_it_has_it() -> None:
    by_lease = ByOneLease(transport_to(nothing), LeaseName("paramsync", "paramsync"))
    assert (by_lease.leads(LED), by_lease.leads_any) == (False, False)
    with pytest.raises(Fenced):
        by_lease.check(*LED)
    await by_lease.end()


def answers(result: float | Exception | None) -> Callable[[SyncKey], float | None]:
    def answer(_key: SyncKey) -> float | None:
        if isinstance(result, Exception):
            raise result
        return result

    return answer


@pytest.mark.parametrize(
    ("result", "again"),
    [
        (90.0, 90.0),
        (None, None),
        (Unavailable("away"), RETRY),
        (Unavailable("away", retry_after=30.0), 30.0),
        (Refused("no"), RETRY),
        (ApiError("broken"), RETRY),
        (Fenced("stopping"), None),
        (ValueError("a defect"), LONG_RETRY),
    ],
    ids=str,
)
def test_a_sync_is_woken_again_by_how_its_reconcile_ended(
    result: float | Exception | None, again: float | None
) -> None:
    @in_virtual_time
    async def check() -> None:
        woken: list[tuple[SyncKey, bool, float]] = []
        answer = answers(result)
        reconciled = asyncio.Event()

        async def reconcile(key: SyncKey) -> float | None:
            reconciled.set()
            return answer(key)

        def wake(key: SyncKey, *, urgent: bool, after: float = 0.0) -> None:
            woken.append((key, urgent, after))

        queue, may_begin = Queue(lambda: asyncio.get_running_loop().time()), asyncio.Event()
        workers = Workers(queue, reconcile, wake, Metrics(), may_begin)
        workers.start()
        queue.add(LED)
        await asyncio.sleep(1)
        assert not reconciled.is_set(), "it is not known yet what there is"
        may_begin.set()
        await reconciled.wait()

        assert await workers.end() == set()
        assert woken == ([] if again is None else [(LED, False, again)])

    check()
