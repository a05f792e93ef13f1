"""Every manifest on the pages is applied: as a dry run, which the API server checks like any other request."""

import json
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from paramsync.api.sync import ParameterSyncSpec
from paramsync.runtime.settings import Settings
from tests.cluster.access import KubectlError
from tests.cluster.cluster import Cluster
from tests.conftest import ROOT
from tests.documents.blocks import Block, Kind, all_blocks
from tests.documents.claims import FRAGMENTS
from tests.documents.conftest import Reader, resource
from tests.helm.rendering import Helm, one

Json = dict[str, Any]
KUSTOMIZATION = "kustomize.toolkit.fluxcd.io/v1"


def apply(cluster: Cluster, manifest: Json) -> None:
    """Apply a manifest, changing nothing. Raises KubectlError.

    What is there already could be something that no update changes: another object of the same form is applied then.
    """
    metadata = manifest["metadata"]
    place = ("-n", metadata.get("namespace", "default"))
    with suppress(KubectlError):  # a kind that is not there is refused below
        if cluster.kubectl("get", manifest["kind"], metadata["name"], *place, "--ignore-not-found"):
            manifest = {**manifest, "metadata": {**metadata, "name": f"{metadata['name']}-shown"}}
    arguments = ("apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-")
    cluster.kubectl(*arguments, input=json.dumps(manifest))


def manifests(block: Block) -> list[Json]:
    return [document for document in yaml.safe_load_all(block.text) if document is not None]


def lint_job(actionlint: Path, job: Json) -> None:
    """Let actionlint, which knows GitHub's own actions, look at a workflow with this job. Raises AssertionError."""
    workflow = {"name": "Page", "on": "pull_request", "jobs": {"page": {"runs-on": "ubuntu-24.04", **job}}}
    command = [str(actionlint), "-no-color", "-shellcheck", str(Path(sys.executable).parent / "shellcheck"), "-"]
    ran = subprocess.run(command, input=yaml.safe_dump(workflow), capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def look_up_hooks(configuration: Json) -> None:
    """What pre-commit is told to run is what this repository offers. Raises AssertionError."""
    offered = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    for repository in configuration["repos"]:
        assert set(repository) == {"repo", "rev", "hooks"}
        assert {hook["id"] for hook in repository["hooks"]} <= offered


def check(block: Block, document: Json, reader: Reader, helm: Helm, actionlint: Path) -> None:
    """Apply a document, or what it is a part of. Raises KubectlError, ValidationError, HelmError or AssertionError."""
    keys = set(document)
    if {"apiVersion", "kind"} <= keys:
        apply(reader.cluster, document)
        if "settings.yaml" in document.get("data", {}):
            Settings.model_validate(yaml.safe_load(document["data"]["settings.yaml"]))
    elif keys <= {field.alias or name for name, field in Settings.model_fields.items()}:
        try:
            Settings.model_validate(document)
        except ValidationError:
            # The chart has values of the same names, which mean more.
            assert one(helm.render(document), "Deployment"), f"{block.place} is no settings file"
    elif keys <= {field.alias or name for name, field in ParameterSyncSpec.model_fields.items()}:
        spec = {"sources": [{"path": "/prod/payment-service"}], **document}
        apply(reader.cluster, resource("ParameterSync", "fragment", spec))
    elif keys == {"envFrom"}:
        container = {"name": "app", "image": "registry.example.com/app:1", **document}
        apply(reader.cluster, {**resource("Pod", "fragment", {"containers": [container]}), "apiVersion": "v1"})
    elif keys == {"healthChecks"}:
        spec = {"interval": "1m", "prune": True, "sourceRef": {"kind": "GitRepository", "name": "a"}, **document}
        apply(reader.cluster, {**resource("Kustomization", "fragment", spec), "apiVersion": KUSTOMIZATION})
    elif "steps" in keys:
        lint_job(actionlint, document)
    elif keys == {"repos"}:
        look_up_hooks(document)
    elif not keys & FRAGMENTS.keys():
        assert one(helm.render(document), "Deployment"), f"{block.place} has neither manifests nor values of the chart"


@pytest.mark.parametrize("block", all_blocks(Kind.YAML), ids=lambda block: block.place)
def test_what_the_page_shows_can_be_applied(reader: Reader, helm: Helm, actionlint_program: Path, block: Block) -> None:
    found = manifests(block)
    assert found, block.place
    for document in found:
        check(block, document, reader, helm, actionlint_program)


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: paramsync.dev/v1alpha1\nkind: ParameterSync\nmetadata: {name: a}\nspec: {sources: [{pth: /a}]}",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: payments}\nspec: {containers: []}",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {replicas: 2}",
        "apiVersion: nobody.example.com/v1\nkind: Unknown\nmetadata: {name: a}",
        "keys: {style: Camel}",
        "stores: {default: {acces: []}}",
        "envFrom: [{secretRf: {name: a}}]",
        "nothing: {a: b}",
        f"apiVersion: {KUSTOMIZATION}\nkind: Kustomization\nmetadata: {{name: a}}\nspec: {{interval: often}}",
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: a}\nspec: {interval: 1h, chart: 1}",
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: a}\nspec: {url: b}",
        "healthChecks: [{kind: ParameterSync, name: a, nmespace: b}]",
        "steps: [{uses: actions/checkout@v4, with: {path-to: a}}]",
        "repos: [{repo: https://a, rev: v1, hooks: [{id: paramsync-valdate}]}]",
        'steps: [{run: "test $status -eq"}]',
    ],
)
def test_what_cannot_be_applied_is_found(reader: Reader, helm: Helm, actionlint_program: Path, text: str) -> None:
    block = Block("page.md", 1, "yaml", text)
    (document,) = manifests(block)
    with pytest.raises((KubectlError, ValidationError, RuntimeError, AssertionError)):
        check(block, document, reader, helm, actionlint_program)


POLICY = re.compile(r"(?:ssm|kms|sts):[A-Z][A-Za-z]+")


@pytest.mark.parametrize("block", all_blocks(Kind.JSON), ids=lambda block: block.place)
def test_json_is_json_and_policies_are_policies(block: Block) -> None:
    document = json.loads(block.text)
    for statement in document.get("Statement", ()):
        assert document["Version"] == "2012-10-17"
        actions = statement["Action"]
        assert all(POLICY.fullmatch(each) for each in ([actions] if isinstance(actions, str) else actions))
        assert ("Principal" in statement) != ("Resource" in statement), "of trust, or of permission"
