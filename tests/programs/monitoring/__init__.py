"""The definitions of the Prometheus operator, of which the chart may make objects."""

from pathlib import Path

from tests.programs.building import source

MODULE = "github.com/prometheus-operator/prometheus-operator"


def definitions() -> list[Path]:
    """The files with the definitions of ServiceMonitor, PodMonitor and PrometheusRule. Raises BuildError."""
    directory = source(Path(__file__).parent, MODULE) / "example" / "prometheus-operator-crd"
    plurals = ("servicemonitors", "podmonitors", "prometheusrules")
    return [directory / f"monitoring.coreos.com_{plural}.yaml" for plural in plurals]
