"""What the page on monitoring says can be done."""

import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

from deploy.helm.generating import MONITORING, ROOT
from tests.helm.rendering import Helm, one
from tests.monitoring.promtool import Promtool

PAGE = (ROOT / "docs" / "monitoring.md").read_text()


def example(title: str) -> Any:
    """The example of a file on the page."""
    (text,) = re.findall(rf"^```yaml\n# {re.escape(title)}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return yaml.safe_load(text)


def test_the_values_on_the_page_give_monitor_alerts_and_dashboard(helm: Helm) -> None:
    values = example("values.yaml")
    objects = helm.render(values)

    rules = one(objects, "PrometheusRule")
    assert rules["metadata"]["labels"]["release"] == "prometheus"
    assert one(objects, "PodMonitor")["metadata"]["labels"]["release"] == "prometheus"
    first = rules["spec"]["groups"][0]["rules"][0]
    assert first["labels"] == {"severity": "critical", "team": "platform"}
    assert first["annotations"]["runbook_url"] == f"{values['metrics']['prometheusRule']['runbook']}#paramsyncabsent"
    assert one(objects, "ConfigMap", "paramsync-dashboard")["metadata"]["namespace"] == "monitoring"


def test_the_configuration_of_prometheus_on_the_page_is_valid(promtool: Promtool, tmp_path: Path) -> None:
    config = example("prometheus.yml")
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    (tmp_path / "alerts.yaml").write_text((MONITORING / "alerts.yaml").read_text())

    promtool.check_config(tmp_path / "prometheus.yml")


def test_the_configuration_of_prometheus_finds_the_pods_of_the_chart(helm: Helm) -> None:
    (job,) = example("prometheus.yml")["scrape_configs"]
    kept = {
        each["source_labels"][0].removeprefix("__meta_kubernetes_pod_"): each["regex"]
        for each in job["relabel_configs"]
        if each.get("action") == "keep"
    }
    objects = helm.render({"metrics": {"podMonitor": {"enabled": True}}})
    (read,) = one(objects, "PodMonitor")["spec"]["podMetricsEndpoints"]
    labels = one(objects, "Deployment")["spec"]["template"]["metadata"]["labels"]

    assert job["honor_labels"]
    assert kept == {
        "label_app_kubernetes_io_name": labels["app.kubernetes.io/name"],
        "container_port_name": read["port"],
    }


def test_the_links_of_the_plain_file_are_replaced_as_the_page_says() -> None:
    (command,) = re.findall(r"^    (sed .*)$", PAGE, re.MULTILINE)

    adapted = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    rules = yaml.safe_load(adapted)["groups"][0]["rules"]
    assert {rule["annotations"]["runbook_url"].partition("#")[0] for rule in rules} == {
        "https://docs.example.com/paramsync/monitoring/"
    }
