"""What the operator exports, and what rules, dashboard and pages ask for."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from deploy.helm.generating import MONITORING, ROOT
from deploy.monitoring.dashboard import dashboard
from paramsync.runtime.metrics.definitions import GROUPS, Kind
from tests.documents.blocks import Kind as Block
from tests.documents.blocks import all_blocks
from tests.documents.claims import ASKED, TEXTS

GRAFANA = {"$__rate_interval": "5m", "$cluster": ".*", "$job": ".*", "$namespace": ".*"}
"""What Grafana puts in the place of its variables."""

HISTOGRAM = ("_bucket", "_sum", "_count")

PAGE = ROOT / "docs" / "reference" / "metrics.md"


def exported() -> dict[str, set[str]]:
    """All metrics of the operator with their labels, and those of its process."""
    found: dict[str, set[str]] = {}
    for each in (each for group in GROUPS.values() for each in group):
        is_histogram = each.kind is Kind.HISTOGRAM
        names = [each.name + suffix for suffix in HISTOGRAM] if is_histogram else [each.name]
        found |= {name: {*each.labels, *(("le",) if is_histogram else ())} for name in names}
    return found | {name: set() for name in re.findall(r"`(process_\w+)`", PAGE.read_text())} | {"up": set()}


def alerts() -> dict[str, str]:
    """The expressions of alerts, by their names."""
    return {rule["alert"]: rule["expr"] for rule in _rules()}


def asked_by_texts() -> Iterator[tuple[str, str]]:
    """The expressions in the texts of alerts."""
    for rule in _rules():
        for text in rule["annotations"].values():
            for number, expression in enumerate(re.findall(r'printf "(paramsync[^"]+)"', text)):
                yield f"{rule['alert']} {number}", expression.replace("%q", '""')


def asked_by_pages() -> Iterator[tuple[str, str]]:
    """The expressions that stand in a block of a page, by where it stands."""
    for block in all_blocks(Block.TEXT):
        if any(block.text.startswith(beginning) for beginning, what in TEXTS.items() if what == ASKED):
            for number, expression in enumerate(block.text.splitlines()):
                yield f"{block.place} {number}", expression


def panels() -> dict[str, str]:
    """The expressions of the dashboard by where they stand, as Grafana sends them."""
    return {
        f"{panel['title']} {target['refId']}": re.sub(
            "|".join(map(re.escape, GRAFANA)), lambda match: GRAFANA[match[0]], target["expr"]
        )
        for panel in dashboard()["panels"]
        for target in panel.get("targets", ())
    }


def _rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]
