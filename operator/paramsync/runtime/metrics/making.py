"""What the client library makes of a definition."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from .definitions import Definition, Kind

TOTAL = "_total"
"""What the library adds to a counter's name by itself."""


def counter(of: Definition, registry: CollectorRegistry) -> Counter:
    """A counter that is registered."""
    return Counter(_name(of, Kind.COUNTER), of.help, of.labels, registry=registry)


def gauge(of: Definition, registry: CollectorRegistry) -> Gauge:
    """A gauge that is registered."""
    return Gauge(_name(of, Kind.GAUGE), of.help, of.labels, registry=registry)


def histogram(of: Definition, registry: CollectorRegistry) -> Histogram:
    """A histogram that is registered."""
    return Histogram(_name(of, Kind.HISTOGRAM), of.help, of.labels, registry=registry, buckets=of.buckets)


def gauges(of: Definition) -> GaugeMetricFamily:
    """The series of a gauge, for a collector to fill."""
    return GaugeMetricFamily(_name(of, Kind.GAUGE), of.help, labels=of.labels)


def counters(of: Definition) -> CounterMetricFamily:
    """The series of a counter, for a collector to fill."""
    return CounterMetricFamily(_name(of, Kind.COUNTER), of.help, labels=of.labels)


def _name(of: Definition, kind: Kind) -> str:
    if of.kind is not kind:
        raise TypeError(f"{of.name} is a {of.kind}, not a {kind}")
    return of.name.removesuffix(TOTAL) if kind is Kind.COUNTER else of.name
