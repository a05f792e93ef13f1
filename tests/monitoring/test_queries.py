"""Rules, dashboard and pages ask for what the operator exports, and for nothing else."""

import re
from typing import Any

import pytest

from deploy.monitoring.dashboard import dashboard
from paramsync.core.remedies import REMEDIES
from tests.monitoring.known import alerts, asked_by_pages, asked_by_texts, exported, panels
from tests.monitoring.promtool import Promtool

ADDED = {"cluster", "job", "instance", "namespace"}
"""Labels that Prometheus adds to what it reads: `cluster` if it is told so, `namespace` where we have none."""

EXPRESSIONS = alerts() | dict(asked_by_texts()) | panels() | dict(asked_by_pages())


def test_metrics_of_the_operator_and_of_its_process_are_known() -> None:
    found = exported()
    assert found["paramsync_sync_ready"] == {"namespace", "name"}
    assert "le" in found["paramsync_reconcile_duration_seconds_bucket"]
    assert "process_start_time_seconds" in found


def test_every_expression_is_understood_and_every_metric_and_label_exported(promtool: Promtool) -> None:
    known = exported()
    queries = promtool.queries(list(EXPRESSIONS.values()))
    assert len(queries) == len(EXPRESSIONS) > 40
    problems: list[str] = []
    for name, query in zip(EXPRESSIONS, queries, strict=True):
        if query.error:
            problems.append(f"{name}: {query.error}")
        labels = {*ADDED}
        for metric, chosen_by in ((each.metric, each.labels) for each in query.selectors):
            if metric not in known:
                problems.append(f"{name}: nobody exports {metric}")
            own = known.get(metric, set())
            problems += [f"{name}: {metric} has no label {label}" for label in {*chosen_by} - own - ADDED]
            labels |= own
        problems += [f"{name}: nothing has the label {label}" for label in {*query.groupings} - labels]
    assert problems == []


@pytest.mark.parametrize(
    ("expression", "said"),
    [("sum(", "parse error"), ("rate(up)", "expected type range vector"), ("up{", "unexpected end of input")],
)
def test_what_is_no_expression_is_found(promtool: Promtool, expression: str, said: str) -> None:
    (query,) = promtool.queries([expression])
    assert said in query.error


def test_labels_and_metrics_of_an_expression_are_found(promtool: Promtool) -> None:
    (query,) = promtool.queries(['sum by (a) (rate(b{c="1"}[5m])) * on (d) group_left (e) f'])
    assert [(each.metric, each.labels) for each in query.selectors] == [("b", ["c"]), ("f", [])]
    assert sorted(query.groupings) == ["a", "d", "e"]


def test_legends_and_columns_name_labels_that_the_expression_leaves() -> None:
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", ()):
            for label in re.findall(r"\{\{(\w+)\}\}", target.get("legendFormat", "")):
                assert re.search(rf"by \([^)]*\b{label}\b", target["expr"]), (panel["title"], label)


def test_every_reason_is_shown_with_what_to_do() -> None:
    (panel,) = (each for each in dashboard()["panels"] if each["title"] == "What to look at")
    shown = {each["matcher"]["options"]: each["properties"] for each in panel["fieldConfig"]["overrides"]}
    (mapping,) = next(each["value"] for each in shown["remedy"] if each["id"] == "mappings")
    assert {reason: each["text"] for reason, each in mapping["options"].items()} == REMEDIES


def test_panels_do_not_overlap_and_fill_the_width() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard()["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
    bottom = max(y for _, y in taken) + 1
    assert len(taken) == 24 * bottom


def test_no_two_panels_or_queries_have_one_name() -> None:
    found: list[Any] = [panel["id"] for panel in dashboard()["panels"]]
    assert len(found) == len({*found})
    for panel in dashboard()["panels"]:
        references = [target["refId"] for target in panel.get("targets", ())]
        assert len(references) == len({*references}), panel["title"]
