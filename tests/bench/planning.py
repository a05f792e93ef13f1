"""What planning costs: one sync whose targets hold many keys, new, unchanged, and with most of them lost."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from paramsync.core.actions import ActionKind
from tests.unit.builders import parameter, planned, secure, snapshot, written

if TYPE_CHECKING:
    from collections.abc import Callable

    from paramsync.core.parameters import Parameter
    from paramsync.core.plan import Plan
    from tests.bench.measure import Results

NUMBER = 2000
MOST_SECONDS = 0.05
REPEATS = 7


def planning(results: Results, number: int = NUMBER) -> None:
    """The plan of one sync, without any request."""
    made = [_parameter(index) for index in range(number)]
    everything, few = snapshot(*made), snapshot(*made[: number // 10])
    first = planned(everything)
    metadata = [written(content, values=False) for content in first.contents]
    full = [written(content) for content in first.contents]
    plans: dict[str, Callable[[], Plan]] = {
        "new": lambda: planned(everything),
        "unchanged, metadata only": lambda: planned(everything, live=metadata),
        "unchanged, with values": lambda: planned(everything, live=full),
        "nine of ten lost, held": lambda: planned(few, live=full),
    }
    for what, run in plans.items():
        seconds = min(_timed(run) for _ in range(REPEATS))
        results.show(f"{number} keys, {what}: planning", 1000 * seconds, 1000 * MOST_SECONDS, unit=" ms")
    results.equal("keys that are kept", _kept(plans["nine of ten lost, held"]()), number - number // 10)
    results.equal("actions of an unchanged plan", len(plans["unchanged, metadata only"]().actions), 0)


def _parameter(index: int) -> Parameter:
    name = f"/prod/pay/group-{index % 20}/name-{index}"
    return parameter(name, f"value {index}") if index % 3 else secure(name, f"value {index}")


def _kept(plan: Plan) -> int:
    return sum(action.kind is ActionKind.KEEP for action in plan.actions)


def _timed(run: Callable[[], Plan]) -> float:
    began = time.process_time()
    run()
    return time.process_time() - began
