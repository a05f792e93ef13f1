"""What the operator asks of AWS and of the API server, counted: the benchmark's scenarios in small."""

from collections.abc import Callable
from functools import partial

import pytest

from tests.bench.change_over import change_over
from tests.bench.commands import commands
from tests.bench.measure import Results
from tests.bench.metrics import metrics
from tests.bench.page import page
from tests.bench.planning import planning
from tests.bench.quota import SMALL, quota
from tests.bench.restart import restart
from tests.bench.shared import one_path, teams
from tests.bench.subtrees import subtrees

SCENARIOS = {
    "one page": partial(page, number=200, turns=1),
    "planning": partial(planning, number=200),
    "metrics": partial(metrics, number=50),
    "commands": partial(commands, number=30, repeats=1),
    "several pages": partial(subtrees, number=3, parameters=25, secure=5, polls=1),
    "fifty syncs on one path": partial(one_path, number=50, polls=1),
    "teams with a shared path": partial(teams, number=12),
    "half of a quota, and a huge path": partial(quota, number=20, huge=400, scale=SMALL),
    "a restart": partial(restart, number=60, watched=8),
    "one replica after another": partial(change_over, times=1, syncs=3),
}


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_every_count_is_within_its_bound(scenario: Callable[[Results], None]) -> None:
    results = Results()
    scenario(results)
    assert results.checks
    assert results.missed == []
