"""All combinations of the chart's switches, template by template: one depends on no value that it does not name."""

import re
from collections.abc import Iterator
from copy import deepcopy
from itertools import product
from pathlib import Path

from deploy.helm.generating import CHART
from tests.helm.rendering import Helm, Json

TEMPLATES = CHART / "templates"
NAMED = re.compile(r"\.Values\.([a-zA-Z.]+)")
INCLUDED = re.compile(r'include "([a-z.A-Z]+)"')
DEFINED = re.compile(r'define "([a-z.A-Z]+)"(.*?)(?=\{\{-? define|\Z)', re.DOTALL)

BOOLEANS = (
    "parameterStores.enabled",
    "crds.install",
    "policies.enabled",
    "rbac.create",
    "rbac.aggregate",
    "metrics.objects",
    "metrics.service.enabled",
    "metrics.serviceMonitor.enabled",
    "metrics.podMonitor.enabled",
    "metrics.prometheusRule.enabled",
    "metrics.dashboard.enabled",
    "networkPolicy.enabled",
    "podDisruptionBudget.enabled",
)

LARGE = {"crds": {"install": False}, "policies": {"enabled": False}}
"""Left out where a template does not depend on them."""

States = tuple[Json, Json]


def nested(path: str, value: object) -> Json:
    """A value where it belongs."""
    *outer, last = path.split(".")
    made: Json = {last: value}
    for part in reversed(outer):
        made = {part: made}
    return made


def _states(path: str) -> States:
    """Values with a boolean switched off, and on."""
    return nested(path, value=False), nested(path, value=True)


SWITCHES: dict[str, States] = {
    "region": ({}, {"region": "eu-west-1"}),
    "stores": ({}, {"stores": {"default": {"access": [{"namespaces": ["a"], "paths": ["/{label:team}"]}]}}}),
    "watchNamespaces": ({}, {"watchNamespaces": ["NAMESPACE"]}),
    "image.digest": ({}, {"image": {"digest": f"sha256:{'0' * 64}"}}),
    "caBundle.configMap": ({}, {"caBundle": {"configMap": "authorities"}}),
    "proxy.https": ({}, {"proxy": {"https": "http://proxy:3128"}}),
    "serviceAccount.create": ({}, {"serviceAccount": {"create": False, "name": "mine"}}),
    "networkPolicy.metricsFrom": ({}, {"networkPolicy": {"metricsFrom": [{"namespaceSelector": {}}]}}),
    "metrics.tls.secretName": ({}, {"metrics": {"tls": {"secretName": "certificate"}}}),
    "metrics.token.secretName": ({}, {"metrics": {"token": {"secretName": "token"}}}),
    **{path: _states(path) for path in BOOLEANS},
}
"""Values for both states of each switch."""


def templates() -> list[str]:
    """All templates that make objects."""
    return sorted(path.name for path in TEMPLATES.glob("*.yaml"))


def switches(template: str) -> list[str]:
    """The switches that a template depends on, itself or by what it includes."""
    named = _named((TEMPLATES / template).read_text(), _definitions(), set())
    return [switch for switch in SWITCHES if any(switch == each or switch.startswith(f"{each}.") for each in named)]


def render_all(helm: Helm, template: str, namespace: str) -> Iterator[Json]:
    """The chart's objects in every combination of the switches of a template."""
    chosen = [SWITCHES[switch] for switch in switches(template)]
    for combination in product(*chosen):
        values: Json = deepcopy(LARGE)
        for state in combination:
            merge(values, state, namespace)
        metrics = values.get("metrics", {})
        if metrics.get("serviceMonitor", {}).get("enabled") and not metrics["service"]["enabled"]:
            continue  # refused, see test_values.py
        if "token" in metrics and "tls" not in metrics:
            continue  # refused, too
        yield from helm.render(values, namespace=namespace)


def merge(values: Json, more: Json, namespace: str) -> None:
    """Add values to others."""
    for key, value in more.items():
        if isinstance(value, dict):
            merge(values.setdefault(key, {}), value, namespace)
        else:
            values[key] = [namespace] if value == ["NAMESPACE"] else value


def _definitions() -> dict[str, str]:
    return {name: body for path in Path(TEMPLATES).glob("*.tpl") for name, body in DEFINED.findall(path.read_text())}


def _named(text: str, definitions: dict[str, str], seen: set[str]) -> set[str]:
    named = set(NAMED.findall(text))
    for name in set(INCLUDED.findall(text)) - seen:
        seen.add(name)
        named |= _named(definitions[name], definitions, seen)
    return named
