"""What the documents say about the chart can be done."""

import re
import shlex
from pathlib import Path

import yaml

from deploy.helm.generating import CHART, ROOT
from tests.edge.test_documents import STORES
from tests.helm.rendering import Helm, one

INSTALL = re.compile(r"^helm install paramsync deploy/helm/paramsync (.*?)(?<!\\)$", re.MULTILINE | re.DOTALL)


def test_the_command_of_the_install_page_gives_a_role_and_a_store(helm: Helm) -> None:
    command = INSTALL.search((ROOT / "docs" / "install.md").read_text())
    assert command is not None
    flags = [flag for flag in shlex.split(command[1].replace("\\\n", " ")) if flag != "--wait"]

    objects = list(yaml.safe_load_all(helm.run("template", "paramsync", str(CHART), *flags)))

    role = "arn:aws:iam::111122223333:role/paramsync"
    assert one(objects, "ServiceAccount")["metadata"]["annotations"] == {"eks.amazonaws.com/role-arn": role}
    settings = yaml.safe_load(one(objects, "ConfigMap")["data"]["settings.yaml"])
    assert settings["stores"]["default"]["access"][0]["paths"] == ["/prod/{namespace}"]
    assert "region: eu-west-1" in one(objects, "ConfigMap")["data"]["settings.yaml"]


def test_examples_of_values_are_taken(helm: Helm) -> None:
    examples = [example for example in STORES if "image" in example.content]
    assert examples
    for example in examples:
        assert one(helm.render(example.content), "Deployment")


def test_the_notes_name_the_next_command(helm: Helm, tmp_path: Path) -> None:
    values = tmp_path / "values.yaml"
    values.write_text("stores: {mine: {access: [{namespaces: [team-*], paths: ['/prod/{namespace}']}]}}")
    arguments = ["install", "paramsync", str(CHART), "--dry-run=client", "--namespace", "paramsync"]

    without = helm.run(*arguments)
    given = helm.run(*arguments, "--values", str(values))

    assert "There is no store in the values" in without
    sync = yaml.safe_load(given.partition("<<END\n")[2].partition("END")[0])
    assert sync["spec"] == {"storeRef": {"name": "mine"}, "sources": [{"path": "/prod/team-NAME"}]}
    assert sync["metadata"]["namespace"] == "team-NAME"
