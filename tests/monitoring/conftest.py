"""Fixtures of the tests of rules and dashboard."""

from pathlib import Path

import pytest

from tests.monitoring.promtool import Promtool


@pytest.fixture(scope="session")
def promtool(prometheus_programs: Path) -> Promtool:
    """Prometheus's own tool."""
    return Promtool(prometheus_programs)
