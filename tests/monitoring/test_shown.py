"""Every panel shows something where there is something to see, also while the leader changes."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from tests.monitoring.known import exported, panels
from tests.monitoring.promtool import Promtool

LABELS = {
    "outcome": ["ok", "Throttled"],
    "le": ["0.1", "+Inf"],
    "reason": ["AccessDenied"],
    "ready": ["false"],
}
"""The values of labels; of others, one that does not matter."""

VALUES = {
    "paramsync_sync_ready": "0+0x30",
    "paramsync_sync_last_listing_timestamp_seconds": "0+0x30",
    "paramsync_sync_last_good_timestamp_seconds": "0+0x30",
    "paramsync_sync_interval_seconds": "60+0x30",
}
"""The values of metrics; others grow."""


def series() -> Iterator[tuple[str, str]]:
    """All series of two replicas, of which each tells of one sync."""
    for metric, labels in exported().items():
        own = {label: LABELS.get(label, ["x"]) for label in sorted(labels)}
        if metric == "paramsync_sync_reason":
            yield from ((_named(metric, own | {"reason": [why], "instance": [instance]})) for why, instance in REASONS)
            continue
        for chosen in product(*own.values(), ["a", "b"]):
            yield _named(metric, dict(zip([*own, "instance"], ([each] for each in chosen), strict=True)))


REASONS = [("AccessDenied", "a"), ("Synced", "b")]
"""What the old leader said last, and the new one says."""


def _named(metric: str, labels: dict[str, list[str]]) -> tuple[str, str]:
    names = {"namespace": ["paramsync"], "job": ["paramsync"]} | labels
    shown = ", ".join(f'{name}="{value}"' for name, (value,) in names.items())
    default = "1+0x30" if metric in {"paramsync_sync_reason", "paramsync_feed_error"} else "1+1x30"
    return f"{metric}{{{shown}}}", VALUES.get(metric, default)


def evaluated(expressions: list[str]) -> dict[str, Any]:
    """Tests for promtool that each expression gives something."""
    tests = [
        {"expr": f"count({each}) > bool 0", "eval_time": "20m", "exp_samples": [{"labels": "{}", "value": 1}]}
        for each in expressions
    ]
    world = [{"series": name, "values": values} for name, values in series()]
    return {
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": world, "promql_expr_test": tests}],
    }


def test_every_panel_shows_something(promtool: Promtool, tmp_path: Path) -> None:
    file = tmp_path / "tests.yaml"
    file.write_text(yaml.safe_dump(evaluated(list(panels().values()))))

    promtool.test_rules(file)
