"""The examples for Argo CD and Flux are what these tools take, and say what the documents say of them."""

import re

import pytest
import yaml

from deploy.helm.generating import CHART
from paramsync.api.stores import ParameterStore
from paramsync.api.sync import ParameterSync
from tests.gitops.argo import DEPLOY, ROOT, Argo, ArgoError, settings
from tests.gitops.desired import SERVER_SIDE, manifests
from tests.helm.rendering import Helm, one

APPLICATIONS = ("operator.yaml", "operator-from-registry.yaml", "team.yaml")
WAVE = "argocd.argoproj.io/sync-wave"


def test_all_files_are_known_here() -> None:
    assert {path.name for path in DEPLOY.glob("*.yaml")} == {*APPLICATIONS, "health.yaml"}


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
