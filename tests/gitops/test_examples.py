"""The examples for Argo CD and Flux are what these tools take, and say what the documents say of them."""

import re

import pytest
import yaml

from deploy.helm.generating import CHART
from paramsync.api.stores import ParameterStore
from paramsync.api.sync import ParameterSync
from tests.gitops.argo import DEPLOY, ROOT, Argo, ArgoError, settings
from tests.gitops.desired import SERVER_SIDE, manifests
from tests.helm.rendering import Helm, HelmError, one
from tests.rights.comparing import Right, granted_to

APPLICATIONS = ("operator.yaml", "operator-from-registry.yaml", "team.yaml")
OPERATORS = APPLICATIONS[:2]
API_GROUP = "paramsync.dev"
WAVE = "argocd.argoproj.io/sync-wave"
NEEDS = {
    "ServiceAccount": {Right("", "serviceaccounts", "get"), Right("", "serviceaccounts/token", "create")},
    "ParameterStore": {Right(API_GROUP, "parameterstores", "watch")},
    "ParameterSync": {
        Right(API_GROUP, "parametersyncs", "watch"),
        Right(API_GROUP, "parametersyncs/status", "patch"),
        *(Right("", kind, verb) for kind in ("secrets", "configmaps") for verb in ("get", "create", "patch", "delete")),
    },
    "Deployment": set[Right](),
}
"""What the operator must be allowed to do for a team's objects."""


def test_all_files_are_known_here() -> None:
    assert {path.name for path in DEPLOY.glob("*.yaml")} == {*APPLICATIONS, "health.yaml", "actions.yaml"}


@pytest.mark.parametrize("file", APPLICATIONS)
def test_an_application_is_one(argo: Argo, file: str) -> None:
    (application,) = manifests(DEPLOY / file)
    argo.validate(application)
    application["spec"]["syncPolicy"]["automatic"] = {}
    with pytest.raises(ArgoError, match="automatic"):
        argo.validate(application)


def test_one_application_applies_on_the_server_and_one_does_not() -> None:
    options = {file: manifests(DEPLOY / file)[0]["spec"]["syncPolicy"]["syncOptions"] for file in APPLICATIONS}
    assert [SERVER_SIDE in options[file] for file in APPLICATIONS] == [True, False, True]


@pytest.mark.parametrize("file", APPLICATIONS)
def test_namespaces_are_made(file: str) -> None:
    assert "CreateNamespace=true" in manifests(DEPLOY / file)[0]["spec"]["syncPolicy"]["syncOptions"]


@pytest.mark.parametrize("file", OPERATORS)
def test_the_operator_s_values_are_the_chart_s_and_grant_what_a_team_needs(helm: Helm, file: str) -> None:
    (application,) = manifests(DEPLOY / file)
    namespace = application["spec"]["destination"]["namespace"]
    values = application["spec"]["source"]["helm"]["valuesObject"]
    with pytest.raises(HelmError, match="parameterstores"):
        helm.render({**values, "parameterstores": {}}, namespace=namespace)
    objects = helm.render(values, namespace=namespace)

    account = one(objects, "ServiceAccount")["metadata"]
    (role,) = account["annotations"].values()
    assert role.startswith("arn:aws:iam::")
    (container,) = one(objects, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert container["image"].startswith("registry.example.com/paramsync:")
    assert yaml.safe_load(one(objects, "ConfigMap")["data"]["settings.yaml"])["region"]

    team = manifests(*sorted((DEPLOY / "team").glob("*.yaml")))
    needed = {right for each in team for right in NEEDS[each["kind"]]}
    assert needed - granted_to(objects, namespace, account["name"]) == set()


def test_both_ways_to_the_operator_have_the_same_values() -> None:
    of_git, of_registry = (manifests(DEPLOY / file)[0]["spec"]["source"]["helm"] for file in OPERATORS)
    assert of_git == of_registry


def test_an_application_has_no_health_unless_argo_cd_is_told(argo: Argo) -> None:
    (application,) = manifests(DEPLOY / "operator.yaml")
    application["status"] = {"health": {"status": "Progressing"}}
    assert argo.health(application) == [("", "")]
    (customization,) = re.findall(r"`(resource\.customizations\S+)`", (ROOT / "docs" / "gitops.md").read_text())
    told = {**settings(), customization: "return {status = obj.status.health.status}"}
    (assessed,) = argo.ask("health", settings=told, objects=[application])
    assert assessed["status"] == "Progressing"


@pytest.mark.parametrize("file", APPLICATIONS)
def test_no_difference_is_ignored(file: str) -> None:
    (application,) = manifests(DEPLOY / file)
    assert "ignoreDifferences" not in application["spec"]
    assert [key for key in settings() if "ignore" in key] == []


def test_the_team_s_objects_are_in_the_waves_that_the_document_names() -> None:
    objects = manifests(*sorted((DEPLOY / "team").glob("*.yaml")))
    waves = {each["kind"]: each["metadata"].get("annotations", {}).get(WAVE, "0") for each in objects}
    assert waves == {"ServiceAccount": "-2", "ParameterStore": "-2", "ParameterSync": "-1", "Deployment": "0"}
    for model in (ParameterStore, ParameterSync):
        (spec,) = (each["spec"] for each in objects if each["kind"] == model.__name__)
        model.model_validate({"spec": spec})


def test_the_document_s_yaml_is_whole(helm: Helm) -> None:
    text = (ROOT / "docs" / "gitops.md").read_text()
    whole, checks = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    source, release, kustomization = yaml.safe_load_all(whole)
    checks = yaml.safe_load(checks)
    assert kustomization["spec"]["wait"] is True

    assert release["spec"]["chartRef"] == {"kind": source["kind"], "name": source["metadata"]["name"]}
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert source["spec"]["url"].endswith(f"/{chart['name']}")
    assert source["spec"]["ref"]["tag"] == chart["version"]
    spec = release["spec"]
    rendered = helm.render(spec["values"], release=spec["releaseName"], namespace=spec["targetNamespace"])
    assert "region: eu-west-1" in one(rendered, "ConfigMap")["data"]["settings.yaml"]
    assert [each["kind"] for each in checks["healthChecks"]] == ["ParameterSync"]
