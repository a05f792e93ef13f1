"""Every value of the chart does something, and what is no value is refused."""

import re
from typing import Any

import pytest
import yaml

from deploy.helm.generating import CHART, leaves
from tests.helm.combinations import nested
from tests.helm.rendering import Helm, HelmError, Json

MONITORS = {"metrics": {"serviceMonitor": {"enabled": True}, "podMonitor": {"enabled": True}}}
ALERTS = {"metrics": {"prometheusRule": {"enabled": True}}}
DASHBOARD = {"metrics": {"dashboard": {"enabled": True}}}
RESTRICTED = {"networkPolicy": {"enabled": True}}

# Another value for each, and what it needs beside it to be of any account.
OTHERS: dict[str, object | tuple[object, Json]] = {
    "region": "eu-west-1",
    "stores": {"default": {"access": [{"namespaces": ["payments"], "paths": ["/prod"]}]}},
    "budget": {"requestsPerSecond": 10},
    "maxDecryptedMiB": 128,
    "watchNamespaces": ["payments"],
    "parameterStores.enabled": True,
    "image.repository": "registry.example.com/paramsync",
    "image.tag": "9.9.9",
    "image.digest": f"sha256:{'0' * 64}",
    "image.pullPolicy": "Always",
    "imagePullSecrets": [{"name": "pull"}],
    "replicas": 1,
    "logFormat": "text",
    "logLevel": "debug",
    "logLevels": {"aws": "info", "libraries": "warning"},
    "crds.install": False,
    "policies.enabled": False,
    "rbac.create": False,
    "rbac.aggregate": False,
    "serviceAccount.create": (False, {"serviceAccount": {"name": "mine"}}),
    "serviceAccount.name": "mine",
    "serviceAccount.annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/paramsync"},
    "resources": {"requests": {"cpu": "1"}},
    "caBundle.configMap": "authorities",
    "caBundle.key": ("other.crt", {"caBundle": {"configMap": "authorities"}}),
    "proxy.https": "http://proxy:3128",
    "proxy.http": "http://proxy:3128",
    "proxy.noProxy": (["internal"], {"proxy": {"https": "http://proxy:3128"}}),
    "extraEnv": [{"name": "AWS_USE_FIPS_ENDPOINT", "value": "true"}],
    "extraVolumes": [{"name": "more", "emptyDir": {}}],
    "extraVolumeMounts": [{"name": "more", "mountPath": "/more"}],
    "metrics.objects": False,
    "metrics.tls.secretName": "certificate",
    "metrics.token.secretName": ("token", {"metrics": {"tls": {"secretName": "certificate"}}}),
    "metrics.token.key": ("other", {"metrics": {"tls": {"secretName": "a"}, "token": {"secretName": "b"}}}),
    "metrics.service.enabled": False,
    "metrics.serviceMonitor.enabled": True,
    "metrics.serviceMonitor.interval": ("1m", MONITORS),
    "metrics.serviceMonitor.labels": ({"team": "a"}, MONITORS),
    "metrics.podMonitor.enabled": True,
    "metrics.podMonitor.interval": ("1m", MONITORS),
    "metrics.podMonitor.labels": ({"team": "a"}, MONITORS),
    "metrics.prometheusRule.enabled": True,
    "metrics.prometheusRule.labels": ({"team": "a"}, ALERTS),
    "metrics.prometheusRule.alertLabels": ({"team": "a"}, ALERTS),
    "metrics.prometheusRule.disabled": (["ParamsyncFight"], ALERTS),
    "metrics.prometheusRule.runbook": ("https://wiki.example.com/paramsync", ALERTS),
    "metrics.dashboard.enabled": True,
    "metrics.dashboard.namespace": ("grafana", DASHBOARD),
    "metrics.dashboard.labels": ({"grafana_dashboard": "yes"}, DASHBOARD),
    "metrics.dashboard.annotations": ({"grafana_folder": "AWS"}, DASHBOARD),
    "networkPolicy.enabled": True,
    "networkPolicy.metricsFrom": ([{"namespaceSelector": {}}], RESTRICTED),
    "networkPolicy.egress": ([{}], RESTRICTED),
    "podDisruptionBudget.enabled": False,
    "podDisruptionBudget.maxUnavailable": 2,
    **{
        f"probes.{probe}.{field}": 17
        for probe in ("liveness", "readiness")
        for field in ("periodSeconds", "timeoutSeconds", "failureThreshold")
    },
    "podSecurityContext": {"fsGroup": 1},
    "securityContext": {"privileged": False},
    "topologySpreadConstraints": [],
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "priorityClassName": "system-cluster-critical",
    "terminationGracePeriodSeconds": 60,
    "labels": {"team": "a"},
    "podLabels": {"team": "a"},
    "podAnnotations": {"team": "a"},
    "nameOverride": "other",
    "fullnameOverride": "other",
}


def together(one: Json, other: Json) -> Json:
    both = {key: together(one[key], other[key]) for key in one.keys() & other.keys()}
    return one | other | both


def test_the_table_names_every_value() -> None:
    assert sorted(OTHERS) == sorted(path for path, _ in leaves())


@pytest.mark.parametrize("path", OTHERS)
def test_a_value_has_an_effect(helm: Helm, path: str) -> None:
    value = OTHERS[path]
    value, beside = value if isinstance(value, tuple) else (value, {})
    assert helm.render(together(nested(path, value), beside)) != helm.render(beside)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"replica": 3}, "additional properties 'replica' not allowed"),
        ({"image": {"tags": "1"}}, "at '/image': additional properties 'tags' not allowed"),
        ({"stores": {"a": {"acces": []}}}, "at '/stores/a': additional properties 'acces' not allowed"),
        ({"stores": {"a": {"access": [{"paths": ["/a"], "namespaces": ["A"]}]}}}, "'A' does not match pattern"),
        ({"budget": {"requestsPerSecond": 0}}, "at '/budget/requestsPerSecond'"),
        ({"region": "europe"}, "at '/region'"),
        ({"image": {"digest": "sha256:1"}}, "at '/image/digest'"),
        ({"watchNamespaces": ["pay*"]}, "'pay*' does not match pattern"),
        ({"watchNamespaces": ["a", "a"]}, "items at 0 and 1 are equal"),
        ({"stores": {"A_b": {}}}, "'A_b' does not match pattern"),
        ({"nameOverride": "Foo_Bar"}, "'Foo_Bar' does not match pattern"),
        ({"replicas": "2"}, "got string, want integer"),
        ({"terminationGracePeriodSeconds": 10}, "minimum: got 10, want 25"),
        ({"serviceAccount": {"create": False}}, "serviceAccount.name: name the account to use"),
        (
            {"metrics": {"service": {"enabled": False}, "serviceMonitor": {"enabled": True}}},
            "metrics.serviceMonitor needs metrics.service.enabled",
        ),
        (
            {"metrics": {"prometheusRule": {"enabled": True, "disabled": ["ParamsyncFights"]}}},
            "metrics.prometheusRule.disabled: no alert is called ParamsyncFights; there are ParamsyncAbsent, ",
        ),
        ({"metrics": {"prometheusRule": {"runbook": "docs/monitoring.md"}}}, "does not match pattern"),
        ({"metrics": {"prometheusRule": {"runbook": "https://a/{{b}}"}}}, "does not match pattern"),
        ({"metrics": {"token": {"secretName": "token"}}}, "metrics.token needs metrics.tls"),
    ],
)
def test_a_wrong_value_is_refused(helm: Helm, values: Json, said: str) -> None:
    with pytest.raises(HelmError, match=re.escape(said)):
        helm.render(values)


def test_the_chart_passes_helm_s_linter(helm: Helm) -> None:
    assert "1 chart(s) linted, 0 chart(s) failed" in helm.run("lint", "--strict", str(CHART))


def test_values_yaml_holds_every_value_and_no_other() -> None:
    def paths(value: Any, path: str) -> list[str]:
        if path in OTHERS or not isinstance(value, dict):
            return [path]
        return [found for key, inner in value.items() for found in paths(inner, f"{path}.{key}".lstrip("."))]

    assert sorted(paths(yaml.safe_load((CHART / "values.yaml").read_text()), "")) == sorted(OTHERS)
