"""Runs the scenarios, and prints what was measured."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from typing import TYPE_CHECKING

from tests.bench.change_over import change_over
from tests.bench.commands import commands
from tests.bench.measure import Results
from tests.bench.metrics import metrics
from tests.bench.page import page
from tests.bench.planning import planning
from tests.bench.quota import quota
from tests.bench.resources import resources
from tests.bench.restart import restart
from tests.bench.shared import one_path, teams
from tests.bench.subtrees import subtrees

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> int:
    """Run the benchmark, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", metavar="NAME", action="append", help="run this scenario only; may be repeated")
    parser.add_argument("--some", type=int, default=200, metavar="N", help="subtrees of `some` (200)")
    parser.add_argument("--many", type=int, default=2000, metavar="N", help="subtrees of `many` (2000)")
    parser.add_argument("--polls", type=int, default=12, metavar="N", help="of each of them (12, as in an hour)")
    parser.add_argument("--shared", type=int, default=50, metavar="N", help="syncs of `shared` (50)")
    parser.add_argument("--teams", type=int, default=60, metavar="N", help="syncs of `teams` (60)")
    parser.add_argument("--quota", type=int, default=300, metavar="N", help="subtrees of `quota` (300)")
    parser.add_argument("--restart", type=int, default=1000, metavar="N", help="syncs of `restart` (1000)")
    parser.add_argument("--times", type=int, default=5, metavar="N", help="of each end in `change-over` (5)")
    parser.add_argument("--resources", type=int, default=500, metavar="N", help="syncs of `resources` (500)")
    asked = parser.parse_args()
    scenarios: dict[str, Callable[[Results], None]] = {
        "page": page,
        "planning": planning,
        "metrics": metrics,
        "commands": commands,
        "one": partial(subtrees, number=1, parameters=25, secure=5),
        "some": partial(subtrees, number=asked.some),
        "many": partial(subtrees, number=asked.many, polls=asked.polls, interval=20),
        "shared": partial(one_path, number=asked.shared),
        "teams": partial(teams, number=asked.teams),
        "quota": partial(quota, number=asked.quota),
        "restart": partial(restart, number=asked.restart),
        "change-over": partial(change_over, times=asked.times),
        "resources": partial(resources, number=asked.resources),
    }
    if unknown := set(asked.only or ()) - scenarios.keys():
        parser.error(f"no scenario {', '.join(sorted(unknown))}; there are {', '.join(scenarios)}")
    results = Results()
    for name, run in scenarios.items():
        if not asked.only or name in asked.only:
            print(f"\n{name}", flush=True)
            results.scenario = name
            run(results)
    results.table()
    return 1 if results.missed else 0


if __name__ == "__main__":
    sys.exit(main())
