"""Grafana's form of what a dashboard shows: https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Json = dict[str, Any]

COLUMNS: Final = 24
"""Into which Grafana divides the width."""

SOURCE: Final[Json] = {"type": "prometheus", "uid": "${datasource}"}


@dataclass(frozen=True)
class Query:
    """One expression, and what its series are called."""

    expression: str
    legend: str = ""
    """With labels in double braces."""


@dataclass(frozen=True)
class Panel:
    """What is shown in one place."""

    title: str
    meaning: str
    """For whoever does not know what is normal."""

    kind: Literal["timeseries", "stat", "table"]
    queries: Sequence[Query]
    unit: str = "short"
    """Of Grafana's units."""

    width: int = 8
    height: int = 8
    bad_above: float | None = None
    """From which value on it is red; a line shows it in a graph."""

    columns: Mapping[str, Json] = field(default_factory=dict)
    """Of a table: how its columns are shown, in their sequence, by the name of a label or the legend of a query."""


@dataclass(frozen=True)
class Row:
    """Panels under a heading."""

    title: str
    panels: Sequence[Panel]


def arranged(rows: Iterable[Row]) -> list[Json]:
    """All rows from top to bottom, and their panels from left to right."""
    made: list[Json] = []
    top = 0
    for row in rows:
        made.append(_placed({"type": "row", "title": row.title, "collapsed": False, "panels": []}, 0, top, COLUMNS, 1))
        left, top, height = 0, top + 1, 0
        for panel in row.panels:
            if left + panel.width > COLUMNS:
                left, top, height = 0, top + height, 0
            made.append(_placed(_shown(panel), left, top, panel.width, panel.height))
            left, height = left + panel.width, max(height, panel.height)
        top += height
    return [{"id": number, **panel} for number, panel in enumerate(made, start=1)]


def choice(name: str, label: str, query: str) -> Json:
    """A variable that is chosen from the values of a label."""
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "includeAll": True,
        # So that what has no such label is shown, too.
        "allValue": ".*",
        "multi": True,
        "current": {"text": ["All"], "value": ["$__all"]},
    }


def _placed(panel: Json, left: int, top: int, width: int, height: int) -> Json:
    return {**panel, "gridPos": {"x": left, "y": top, "w": width, "h": height}}


def _shown(panel: Panel) -> Json:
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.meaning,
        "datasource": SOURCE,
        "targets": [_target(panel, number, query) for number, query in enumerate(panel.queries)],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": _overrides(panel)},
        **_LOOKS[panel.kind],
        **({"transformations": _as_one_table(panel)} if panel.kind == "table" else {}),
    }


def _target(panel: Panel, number: int, query: Query) -> Json:
    made: Json = {"datasource": SOURCE, "expr": query.expression, "refId": chr(ord("A") + number)}
    if panel.kind == "table":
        # Grafana names the column after the reference.
        return {**made, "refId": query.legend, "instant": True, "range": False, "format": "table"}
    made["legendFormat"] = query.legend or "__auto"
    return {**made, "instant": True, "range": False} if panel.kind == "stat" else made


def _defaults(panel: Panel) -> Json:
    steps: list[Json] = [{"color": "green" if panel.kind == "stat" else "transparent", "value": None}]
    if panel.bad_above is None:
        custom: Json = {}
    else:
        steps.append({"color": "red", "value": panel.bad_above})
        custom = {"thresholdsStyle": {"mode": "line"}} if panel.kind == "timeseries" else {}
    return {"unit": panel.unit, "min": 0, "thresholds": {"mode": "absolute", "steps": steps}, "custom": custom}


def _overrides(panel: Panel) -> list[Json]:
    return [
        {
            "matcher": {"id": "byName", "options": name},
            "properties": [{"id": key, "value": value} for key, value in properties.items()],
        }
        for name, properties in panel.columns.items()
        if properties
    ]


def _as_one_table(panel: Panel) -> list[Json]:
    """The tables of all queries, joined by the labels that they have in common."""
    values = {f"Value #{query.legend}": query.legend for query in panel.queries}
    positions = {name: position for position, name in enumerate(panel.columns)}
    shown = {raw: positions[name] for raw, name in values.items() if name in positions}
    hidden = {raw: True for raw, name in values.items() if name not in positions}
    organised = {
        "indexByName": {**positions, **shown},
        "renameByName": values,
        "excludeByName": {"Time": True, **hidden},
    }
    return [{"id": "merge", "options": {}}, {"id": "organize", "options": organised}]


_LOOKS: Final[Mapping[str, Json]] = {
    "timeseries": {
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    },
    "stat": {
        "options": {
            "colorMode": "value",
            "graphMode": "none",
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        }
    },
    "table": {"options": {"showHeader": True, "cellHeight": "sm"}},
}
