"""The operator's metrics, in a registry of its own."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from paramsync import __version__
from paramsync.aws.budget import Budget, Budgets
from paramsync.aws.errors import SourceError

from .keys import SyncKey


class Metrics:
    """What the operator counts and measures. Names and units follow Prometheus's conventions."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        Info("paramsync_build", "The operator's version.", registry=self.registry).info({"version": __version__})
        self._reconciles = Counter(
            "paramsync_reconciles", "Reconciles by how they ended.", ["reason"], registry=self.registry
        )
        self._reconcile_seconds = Histogram(
            "paramsync_reconcile_duration_seconds", "How long a reconcile takes.", registry=self.registry
        )
        self._ssm_requests = Counter(
            "paramsync_ssm_requests", "Requests to SSM by operation and outcome.", ["operation", "outcome"],
            registry=self.registry,
        )  # fmt: skip
        self._decryptions = Counter(
            "paramsync_decryptions", "SecureStrings that were decrypted because they had changed.",
            registry=self.registry,
        )  # fmt: skip
        self._writes = Counter(
            "paramsync_kubernetes_writes", "Writes to the API server by what was written.", ["kind"],
            registry=self.registry,
        )  # fmt: skip
        self._repairs = Counter(
            "paramsync_drift_repairs", "Targets that somebody had changed and that were put back.", ["kind", "drift"],
            registry=self.registry,
        )  # fmt: skip
        self._ready = Gauge(
            "paramsync_sync_ready", "1 while a sync is Ready, 0 while it is not.", ["namespace", "name"],
            registry=self.registry,
        )  # fmt: skip
        self._good = Gauge(
            "paramsync_sync_last_listing_timestamp_seconds",
            "When the last complete listing of all of a sync's sources began.",
            ["namespace", "name"],
            registry=self.registry,
        )

    def watch(self, queue_depth: Callable[[], float], feeds: Callable[[], float], held: Callable[[], float]) -> None:
        """Export what the queue, the feeds and the memory say of themselves."""
        depth = Gauge("paramsync_queue_depth", "Syncs that are due and wait for a worker.", registry=self.registry)
        depth.set_function(queue_depth)
        count = Gauge("paramsync_feeds", "Subtrees that are polled.", registry=self.registry)
        count.set_function(feeds)
        bytes_held = Gauge("paramsync_decrypted_bytes", "Decrypted values held in memory.", registry=self.registry)
        bytes_held.set_function(held)

    def watch_lead(self, leads: Callable[[], bool]) -> None:
        """Export whether this replica leads."""
        leader = Gauge("paramsync_leader", "1 while this replica writes, 0 while it waits.", registry=self.registry)
        leader.set_function(lambda: int(leads()))

    def watch_namespaces(self, lost: Callable[[], float]) -> None:
        """Export how many of the namespaces that are to be watched cannot be read."""
        unreadable = Gauge(
            "paramsync_unreadable_namespaces",
            "Namespaces of watchNamespaces that cannot be read.",
            registry=self.registry,
        )
        unreadable.set_function(lost)

    def watch_budgets(self, budgets: Budgets) -> None:
        """Export what the API budgets say of themselves."""
        self.registry.register(_BudgetCollector(budgets))

    def decrypted(self, count: int) -> None:
        """Count SecureStrings that were decrypted because they had changed."""
        self._decryptions.inc(count)

    @contextmanager
    def ssm_request(self, operation: str) -> Iterator[None]:
        """Count one request to SSM."""
        outcome = "error"
        try:
            yield
            outcome = "ok"
        except SourceError as error:
            outcome = error.reason
            raise
        finally:
            self._ssm_requests.labels(operation, outcome).inc()

    @contextmanager
    def reconcile(self) -> Iterator[None]:
        """Measure one reconcile."""
        began = time.monotonic()
        try:
            yield
        finally:
            self._reconcile_seconds.observe(time.monotonic() - began)

    def reconciled(self, reason: str) -> None:
        """Count the end of a reconcile."""
        self._reconciles.labels(reason).inc()

    def wrote(self, kind: str) -> None:
        """Count a write to the API server."""
        self._writes.labels(kind).inc()

    def repaired(self, kind: str, drift: str) -> None:
        """Count a target that somebody had changed and that was put back."""
        self._repairs.labels(kind, drift).inc()

    def sync(self, key: SyncKey, *, ready: bool, good_at: datetime | None) -> None:
        """Say how a sync is, and when its last complete listing began."""
        self._ready.labels(*key).set(int(ready))
        if good_at is not None:
            self._good.labels(*key).set(good_at.timestamp())

    def forget(self, key: SyncKey) -> None:
        """Drop the series of a deleted sync."""
        self._ready.remove_by_labels({"namespace": key.namespace, "name": key.name})
        self._good.remove_by_labels({"namespace": key.namespace, "name": key.name})


class _BudgetCollector(Collector):
    """The API budgets, read when the metrics are asked for."""

    def __init__(self, budgets: Budgets) -> None:
        self._budgets = budgets

    def collect(self) -> Iterable[Metric]:
        found = self._budgets.all()
        yield _gauge("rate", "Requests a second that the budget lets through now.", found, lambda each: each.rate)
        yield _gauge("waiting", "Requests that wait for their turn.", found, lambda each: each.waiting)
        yield _gauge(
            "stretch_ratio", "By which factor intervals are longer than asked for.", found, lambda each: each.stretch
        )
        throttles = CounterMetricFamily(
            "paramsync_api_throttled_requests", "Requests that AWS throttled.", labels=["account", "region"]
        )
        for (account, region), budget in found.items():
            throttles.add_metric([account or "", region], budget.throttles)
        yield throttles


def _gauge(
    name: str, text: str, found: dict[tuple[str | None, str], Budget], value: Callable[[Budget], float]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"paramsync_api_budget_{name}", text, labels=["account", "region"])
    for (account, region), budget in found.items():
        family.add_metric([account or "", region], value(budget))
    return family
