"""Metrics of which all have at least one series."""

from collections.abc import Sequence
from datetime import UTC, datetime

from paramsync.api.sync import TargetKind
from paramsync.aws.budget import Budgets
from paramsync.core.identity import Identity
from paramsync.core.parameters import Subtree
from paramsync.core.reasons import Reason
from paramsync.runtime.feeds.state import Standing
from paramsync.runtime.keys import SyncKey
from paramsync.runtime.metrics import Metrics
from paramsync.runtime.metrics.objects import FeedSource, SyncState

ACCOUNT, REGION = "111122223333", "eu-west-1"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
STATE = SyncState(ready=True, reason=Reason.SYNCED, listed_at=NOW, good_at=NOW, interval=300.0)


def standing(path: str, seconds: float | None = 0.0, error: Reason | None = None, **subtree: object) -> Standing:
    """A subtree that was listed so many seconds after NOW."""
    listed_at = None if seconds is None else datetime.fromtimestamp(NOW.timestamp() + seconds, UTC)
    return Standing(Subtree(Identity(REGION), path, **subtree), listed_at, error)  # type: ignore[arg-type]


def sync_key(index: int) -> SyncKey:
    """The key of a sync."""
    return SyncKey(f"team-{index % 50}", f"service-number-{index}")


def full_metrics(
    syncs: int = 1, *, per_object: bool = True, standings: Sequence[Standing] | None = None, ahead: float = 0.0
) -> Metrics:
    """Metrics in which all that can be counted was counted once. To be called on an event loop.

    :param syncs: how many syncs there are, each of a subtree of its own.
    """
    if standings is None:
        standings = [standing(f"/prod/{sync_key(index)}") for index in range(syncs)]
        standings.append(standing("/denied", None, Reason.ACCESS_DENIED))
    metrics, budgets, place = Metrics(per_object=per_object), Budgets(lambda account, region: 20), (ACCOUNT, REGION)
    budgets.of(*place)
    metrics.watch(lambda: 0, lambda: 0)
    metrics.watch_feeds(FeedSource(lambda: standings, lambda _: ACCOUNT, lambda: ahead))
    metrics.watch_lead(lambda: True)
    metrics.watch_namespaces(lambda: 0)
    metrics.watch_budgets(budgets)
    metrics.waited(place, 0.1)
    metrics.queued(0.1)
    metrics.decrypted("GetParameters", 1)
    metrics.reconciled(Reason.SYNCED)
    metrics.repaired("Secret", "keys")
    metrics.sts_request("AssumeRole", "paramsync-cluster@default", None)
    with metrics.ssm_request("GetParameters", "operator"), metrics.write(TargetKind.SECRET), metrics.reconcile():
        pass
    for index in range(syncs):
        metrics.sync(sync_key(index), STATE)
    return metrics
