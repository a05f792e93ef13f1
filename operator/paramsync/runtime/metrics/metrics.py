"""The operator's metrics, in a registry of its own."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from prometheus_client import CollectorRegistry, Info, PlatformCollector, ProcessCollector, disable_created_metrics

from paramsync import __version__
from paramsync.aws.budget import Budgets
from paramsync.aws.errors import SourceError
from paramsync.kube.errors import ApiError, Forbidden, NamespaceEnds, NotFound, Refused, Stale, Unavailable
from paramsync.kube.fence import Fenced
from paramsync.runtime.keys import SyncKey

from .budgets import BudgetSeries, Place, labels
from .definitions import (
    BUDGET_WAIT,
    BUILD,
    DECRYPTED_BYTES,
    DECRYPTIONS,
    LEADER,
    QUEUE_DEPTH,
    QUEUE_WAIT,
    RECONCILE_SECONDS,
    RECONCILES,
    REPAIRS,
    SSM_REQUESTS,
    STS_REQUESTS,
    UNREADABLE,
    WRITES,
    Written,
)
from .exposition import text
from .making import counter, gauge, histogram
from .objects import FeedSeries, FeedSource, SyncSeries, SyncState

OK: Final = "ok"
DEFECT: Final = "error"

RESULTS: Final[Mapping[type[ApiError], str]] = {
    NotFound: "NotFound",
    Stale: "Conflict",
    Unavailable: "Unavailable",
    NamespaceEnds: "NamespaceEnds",
    Refused: "Refused",
    Forbidden: "Forbidden",
}
"""How a write ended, by its error."""


class Metrics:
    """What the operator counts and measures."""

    def __init__(self, *, per_object: bool = True) -> None:
        """Count from nothing.

        :param per_object: whether syncs and subtrees have series of their own, and stores a label.
        """
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry = CollectorRegistry()
        self._per_object = per_object
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        Info(BUILD.name.removesuffix("_info"), BUILD.help, registry=registry).info({"version": __version__})
        self._reconciles = counter(RECONCILES, registry)
        self._reconcile_seconds = histogram(RECONCILE_SECONDS, registry)
        self._queue_wait = histogram(QUEUE_WAIT, registry)
        self._ssm_requests = counter(SSM_REQUESTS, registry)
        self._sts_requests = counter(STS_REQUESTS, registry)
        self._budget_wait = histogram(BUDGET_WAIT, registry)
        self._decryptions = counter(DECRYPTIONS, registry)
        self._writes = counter(WRITES, registry)
        self._repairs = counter(REPAIRS, registry)
        self._syncs = SyncSeries(each=per_object)
        registry.register(self._syncs)

    def page(self) -> bytes:
        """What Prometheus reads. To be called on the event loop, by whose clock the budgets go."""
        return text(self.registry)

    def watch(self, queue_depth: Callable[[], float], held: Callable[[], float]) -> None:
        """Export what the queue and the memory say of themselves."""
        gauge(QUEUE_DEPTH, self.registry).set_function(queue_depth)
        gauge(DECRYPTED_BYTES, self.registry).set_function(held)

    def watch_feeds(self, source: FeedSource) -> None:
        """Export what the feeds say of themselves."""
        self.registry.register(FeedSeries(source, each=self._per_object))

    def watch_lead(self, leads: Callable[[], bool]) -> None:
        """Export whether this replica leads."""
        gauge(LEADER, self.registry).set_function(lambda: int(leads()))

    def watch_namespaces(self, lost: Callable[[], float]) -> None:
        """Export how many of the namespaces that are to be watched cannot be read."""
        gauge(UNREADABLE, self.registry).set_function(lost)

    def watch_budgets(self, budgets: Budgets) -> None:
        """Export what the API budgets say of themselves."""
        self.registry.register(BudgetSeries(budgets))

    def decrypted(self, operation: str, count: int) -> None:
        """Count SecureStrings that came decrypted with the answer to one request."""
        self._decryptions.labels(operation).inc(count)

    @contextmanager
    def ssm_request(self, operation: str, store: str) -> Iterator[None]:
        """Count one request to SSM. May be used in any thread."""
        outcome = DEFECT
        try:
            yield
            outcome = OK
        except SourceError as error:
            outcome = error.reason
            raise
        finally:
            self._ssm_requests.labels(operation, outcome, self._store(store)).inc()

    def sts_request(self, operation: str, store: str, outcome: str | None) -> None:
        """Count one request to STS. May be called in any thread.

        :param outcome: a reason; None if it succeeded.
        """
        self._sts_requests.labels(operation, outcome or OK, self._store(store)).inc()

    def forget_store(self, store: str) -> None:
        """Drop the series of a store that nobody reads from any more."""
        if self._per_object:
            for each in (self._ssm_requests, self._sts_requests):
                each.remove_by_labels({"store": store})

    def waited(self, place: Place, seconds: float) -> None:
        """Measure how long a request waited for its turn."""
        self._budget_wait.labels(*labels(place)).observe(seconds)

    def forget_budget(self, place: Place) -> None:
        """Drop the series of an account and Region that nobody reads from any more."""
        self._budget_wait.remove_by_labels(dict(zip(BUDGET_WAIT.labels, labels(place), strict=True)))

    def queued(self, seconds: float) -> None:
        """Measure how long a sync that was due waited for a worker."""
        self._queue_wait.observe(seconds)

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

    @contextmanager
    def write(self, kind: Written) -> Iterator[None]:
        """Count one write to the API server, and how it ended; none that the fence did not let pass."""
        result: str | None = DEFECT
        try:
            yield
            result = OK
        except Fenced:
            result = None
            raise
        except ApiError as error:
            result = RESULTS.get(type(error), DEFECT)
            raise
        finally:
            if result is not None:
                self._writes.labels(kind, result).inc()

    def repaired(self, kind: str, drift: str) -> None:
        """Count a target that somebody had changed and that was put back."""
        self._repairs.labels(kind, drift).inc()

    def sync(self, key: SyncKey, state: SyncState) -> None:
        """Say how a sync is."""
        self._syncs.put(key, state)

    def forget(self, key: SyncKey) -> None:
        """Drop the series of a deleted sync."""
        self._syncs.drop(key)

    def _store(self, store: str) -> str:
        return store if self._per_object else ""
