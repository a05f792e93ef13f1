"""Prometheus's own tool for rules, and its parser of expressions."""

from pathlib import Path
from typing import Final

from tests.programs.building import GoModule, Program

PROMETHEUS: Final = GoModule(
    "prometheus",
    Path(__file__).parent,
    {
        "promtool": Program("github.com/prometheus/prometheus/cmd/promtool", "2 to 5 minutes"),
        "queries": Program(".", "some seconds"),
    },
    # Without what finds targets in all clouds, which promtool brings along to check configurations.
    own_flags=("-mod=readonly", "-trimpath", "-buildvcs=false", "-tags=remove_all_sd,enable_kubernetes_sd"),
)
