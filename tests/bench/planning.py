"""What planning costs: one sync whose targets hold many keys, new, unchanged, and with most of them lost; and what a
reconcile of an unchanged sync costs beside its requests."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from paramsync.api.shaping import FileFormat
from paramsync.api.sync import ParameterSyncSpec
from paramsync.core.actions import ActionKind
from tests.unit.builders import parameter, planned, secure, snapshot, written
from tests.unit.reconcile_world import KEY, World
from tests.unit.virtual_time import in_virtual_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from paramsync.core.parameters import Parameter
    from paramsync.core.plan import Plan
    from tests.bench.measure import Results

NUMBER = 2000
MOST_SECONDS = 0.05
MOST_OF_SHAPES = 0.1
KEYS = 100
MOST_OF_RECONCILE = 0.005
REPEATS = 7
RECONCILES = 100


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
    results.show(f"{KEYS} keys, unchanged: a reconcile", 1000 * _reconcile(), 1000 * MOST_OF_RECONCILE, unit=" ms")
    results.equal("actions of an unchanged plan", len(plans["unchanged, metadata only"]().actions), 0)
    for what, sync in _shapes(number).items():
        seconds = min(_timed(lambda: planned(everything, spec=sync)) for _ in range(REPEATS))  # noqa: B023
        results.show(f"{number} parameters in {what}: planning", 1000 * seconds, 1000 * MOST_OF_SHAPES, unit=" ms")


def _shapes(number: int) -> dict[str, ParameterSyncSpec]:
    """Specs that make something else of the parameters than a key of each."""

    def spec(**target: object) -> ParameterSyncSpec:
        sources = [{"path": "/prod/pay"}]
        return ParameterSyncSpec.model_validate({"sources": sources, "targets": [{"kind": "Secret", **target}]})

    texts = {
        f"TEXT_{index}": " ".join(f"${{{_relative(part)}|json}}" for part in range(index, number, 32))
        for index in range(32)
    }
    return {
        **{f"a {each} file": spec(files=[{"key": "file", "format": each}]) for each in FileFormat},
        "keys named like paths": spec(keys={"style": "Path"}),
        "composed texts": spec(
            compose={key: text[:2048].rpartition(" ")[0] for key, text in texts.items()}, exclude=["**"]
        ),
    }


def _relative(index: int) -> str:
    return f"group-{index % 20}/name-{index}"


def _parameter(index: int) -> Parameter:
    name = f"/prod/pay/{_relative(index)}"
    return parameter(name, f"value {index}") if index % 3 else secure(name, f"value {index}")


def _kept(plan: Plan) -> int:
    return sum(action.kind is ActionKind.KEEP for action in plan.actions)


def _reconcile() -> float:
    """Seconds of CPU of a reconcile whose requests are answered at once."""
    made = snapshot(*map(_parameter, range(KEYS)))
    spent = 0.0

    @in_virtual_time
    async def run() -> None:
        nonlocal spent
        world = World(lambda _: made)
        await world.run(120)
        began = time.process_time()
        for _ in range(RECONCILES):
            await world.reconciler.reconcile(KEY)
        spent = time.process_time() - began

    run()
    return spent / RECONCILES


def _timed(run: Callable[[], Plan]) -> float:
    began = time.process_time()
    run()
    return time.process_time() - began
