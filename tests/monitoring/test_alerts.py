"""Every alert fires when it should and not before, ends when its cause ends, and says what to do."""

import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.helm.generating import MONITORING, ROOT
from tests.monitoring.promtool import Promtool, PromtoolError

ALERTS = MONITORING / "alerts.yaml"
SCENES = {path.stem: path for path in sorted((Path(__file__).parent / "rules").iterdir())}
RULES: dict[str, dict[str, Any]] = {
    rule["alert"]: rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]
}
PAGE = ROOT / "docs" / "monitoring.md"


def scene(alert: str) -> str:
    """The name of the file with the tests of an alert."""
    return re.sub(r"(?<!^)([A-Z])", r"-\1", alert.removeprefix("Paramsync")).lower()


def test_the_rules_are_valid(promtool: Promtool) -> None:
    promtool.check_rules(ALERTS)


@pytest.mark.parametrize("name", SCENES)
def test_alerts_fire_when_they_should(promtool: Promtool, name: str) -> None:
    promtool.test_rules(SCENES[name])


def test_every_alert_is_seen_to_fire_and_to_be_silent_just_before_and_after() -> None:
    assert sorted(SCENES) == sorted(map(scene, RULES))
    for alert in RULES:
        (test,) = yaml.safe_load(SCENES[scene(alert)].read_text())["tests"]
        before, fires, after = test["alert_rule_test"]
        assert {each["alertname"] for each in (before, fires, after)} == {alert}
        assert [len(each.get("exp_alerts", ())) for each in (before, fires, after)] == [0, 1, 0]
        assert minutes(fires["eval_time"]) - minutes(before["eval_time"]) == 1
        assert minutes(after["eval_time"]) > minutes(fires["eval_time"])


def test_no_series_has_a_hexadecimal_number() -> None:
    """Prometheus takes ``0x9`` for one; nine more zeros are ``0+0x9``."""
    for path in SCENES.values():
        for series in yaml.safe_load(path.read_text())["tests"][0]["input_series"]:
            assert not re.search(r"\b0x", re.sub(r"[+-]\S+", "", str(series["values"]))), (path, series)


def minutes(duration: str) -> int:
    return int(re.fullmatch(r"(\d+)m", duration)[1])  # type: ignore[index]


def broken() -> Iterator[tuple[str, str, str, Any]]:
    """Alerts with a field that is wrong, and what is wrong with it."""
    for alert, rule in RULES.items():
        waits = minutes(rule["for"])
        yield alert, "later", "for", f"{waits + 1}m"
        yield alert, "earlier", "for", f"{waits - 1}m"
        lines = rule["expr"].splitlines()
        for clause in clauses(lines):
            left = [line for number, line in enumerate(lines) if number not in clause]
            yield alert, f"without line {min(clause) + 1}", "expr", "\n".join(left)


def clauses(lines: list[str]) -> Iterator[set[int]]:
    """Each condition that is added to an expression, by the numbers of its lines."""
    for number, line in enumerate(lines):
        if line.startswith(("and ", "unless ")):
            inner = range(number + 1, len(lines))
            ends = next((each for each in inner if not lines[each].startswith(" ")), len(lines))
            yield {number, *range(number + 1, ends)}


@pytest.mark.parametrize(
    ("alert", "name", "value"),
    [pytest.param(alert, name, value, id=f"{alert} {what}") for alert, what, name, value in broken()],
)
def test_an_alert_that_is_wrong_is_noticed(
    promtool: Promtool, tmp_path: Path, alert: str, name: str, value: object
) -> None:
    wrong = deepcopy(yaml.safe_load(ALERTS.read_text()))
    (rule,) = (each for each in wrong["groups"][0]["rules"] if each["alert"] == alert)
    assert rule[name] != value
    rule[name] = value
    (tmp_path / "alerts.yaml").write_text(yaml.safe_dump(wrong))
    tests = yaml.safe_load(SCENES[scene(alert)].read_text()) | {"rule_files": ["alerts.yaml"]}
    (tmp_path / "tests.yaml").write_text(yaml.safe_dump(tests))

    with pytest.raises(PromtoolError, match=f"alertname: {alert}"):
        promtool.test_rules(tmp_path / "tests.yaml")


def sections() -> dict[str, str]:
    """What the page says under each heading of the third level."""
    parts = re.split(r"^#{2,3} (.+)$", PAGE.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_alert_has_its_section_and_links_to_it() -> None:
    assert [each for each in sections() if each.startswith("Paramsync")] == list(RULES)
    for alert, rule in RULES.items():
        assert rule["annotations"]["runbook"] == f"{PAGE.relative_to(ROOT)}#{alert.lower()}"


def test_a_section_says_how_bad_it_is_and_after_which_time_it_is_told() -> None:
    for alert, rule in RULES.items():
        said = sections()[alert].strip().splitlines()[0]
        assert said.startswith(f"*{rule['labels']['severity'].capitalize()}, after {minutes(rule['for'])} minutes"), (
            alert
        )


def test_every_alert_says_what_to_do() -> None:
    for rule in RULES.values():
        assert rule["annotations"].keys() == {"summary", "description", "runbook"}
        assert rule["labels"].keys() == {"severity"}
        assert rule["labels"]["severity"] in {"critical", "warning"}
