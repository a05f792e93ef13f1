"""What the operator exports, and what rules and dashboard ask for."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from deploy.helm.generating import MONITORING, ROOT
from deploy.monitoring.dashboard import dashboard

GRAFANA = {"$__rate_interval": "5m", "$cluster": ".*", "$job": ".*", "$namespace": ".*"}
"""What Grafana puts in the place of its variables."""

HISTOGRAM = ("_bucket", "_sum", "_count")

AGREED = """
| `paramsync_sync_reason` | gauge | `namespace`, `name`, `reason` |
| `paramsync_sync_interval_seconds` | gauge | `namespace`, `name` |
| `paramsync_sync_held_actions` | gauge | `namespace`, `name` |
| `paramsync_syncs` | gauge | `reason`, `ready` |
| `paramsync_feed_last_listing_timestamp_seconds` | gauge | `account`, `region`, `path`, `label` |
| `paramsync_feed_error` | gauge | `account`, `region`, `path`, `label`, `reason` |
| `paramsync_ssm_requests_total` | counter | `operation`, `outcome`, `store` |
| `paramsync_sts_requests_total` | counter | `operation`, `outcome`, `store` |
| `paramsync_api_budget_wait_seconds` | histogram | `account`, `region` |
| `paramsync_queue_wait_seconds` | histogram | |
| `paramsync_kubernetes_writes_total` | counter | `kind`, `result` |
"""
"""What the page is about to have."""

PAGE = (ROOT / "docs" / "reference" / "metrics.md").read_text()


def exported(page: str = PAGE + AGREED) -> dict[str, set[str]]:
    """All metrics of the operator with their labels, as the page on metrics has them."""
    found: dict[str, set[str]] = {}
    for name, kind, labels in re.findall(r"^\| `(\w+)`\*? \| (\w+) \|([^|]*)\|", page, re.MULTILINE):
        names = [name + suffix for suffix in HISTOGRAM] if kind == "histogram" else [name]
        more = {"le"} if kind == "histogram" else set()
        found |= {each: {*re.findall(r"`(\w+)`", labels), *more} for each in names}
    return found | {name: set() for name in re.findall(r"`(process_\w+)`", page)} | {"up": set()}


def alerts() -> dict[str, str]:
    """The expressions of alerts, by their names."""
    return {rule["alert"]: rule["expr"] for rule in _rules()}


def asked_by_texts() -> Iterator[tuple[str, str]]:
    """The expressions in the texts of alerts."""
    for rule in _rules():
        for text in rule["annotations"].values():
            for number, expression in enumerate(re.findall(r'printf "(paramsync[^"]+)"', text)):
                yield f"{rule['alert']} {number}", expression.replace("%q", '""')


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
