"""Prometheus's own tool finds nothing to say of the metrics' names, units, types and texts."""

import subprocess
from pathlib import Path

import pytest

from tests.unit.full_metrics import full_metrics


def lint(programs: Path, page: bytes) -> tuple[int, list[str]]:
    """The exit code of `promtool check metrics`, and what it says."""
    run = subprocess.run([programs / "promtool", "check", "metrics"], input=page, capture_output=True)
    return run.returncode, (run.stdout + run.stderr).decode().splitlines()


@pytest.mark.parametrize("per_object", [True, False])
async def test_promtool_finds_nothing(prometheus_programs: Path, per_object: bool) -> None:
    assert lint(prometheus_programs, full_metrics(per_object=per_object).page()) == (0, [])


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("paramsync_wait_milliseconds", "gauge", "use base unit"),
        ("paramsync_requests", "counter", '"_total" suffix'),
        ("paramsync_gauge_things", "gauge", "should not include type"),
    ],
)
def test_promtool_would_say_it(prometheus_programs: Path, name: str, kind: str, said: str) -> None:
    page = f"# HELP {name} Text.\n# TYPE {name} {kind}\n{name} 1\n"
    status, lines = lint(prometheus_programs, page.encode())

    assert status == 3
    assert said in lines[0]
