"""The policies as an admin meets them: the commands of the documentation, run against the API server."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.cluster.access import KubectlError
from tests.cluster.cluster import Cluster
from tests.cluster.waiting import wait_until
from tests.edge.policies import POLICIES

ROOT = Path(__file__).parents[2]
YAML_BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def installed(cluster: Cluster) -> Iterator[Cluster]:
    """A cluster with the account, the rights and the policies of the install page."""
    first = YAML_BLOCK.findall((ROOT / "docs" / "install.md").read_text())[0]
    assert {each["kind"] for each in yaml.safe_load_all(first)} >= {"Namespace", "ServiceAccount", "ClusterRole"}
    try:
        cluster.kubectl("apply", "-f", "-", input=first)
        cluster.kubectl("apply", "-f", str(POLICIES.parent))
        yield cluster
    finally:
        cluster.kubectl("delete", "--ignore-not-found", "-f", str(POLICIES.parent))
        cluster.kubectl("delete", "--ignore-not-found", "--wait=false", "-f", "-", input=first)


def documented(page: str, begin: str) -> list[str]:
    """The arguments of a kubectl command on a page of the documentation."""
    lines = [line.strip() for line in (ROOT / "docs" / page).read_text().splitlines()]
    (command,) = {line for line in lines if line.startswith(f"kubectl {begin}")}
    return shlex.split(command)[1:]


def refusal(cluster: Cluster, *arguments: str) -> str:
    """What kubectl says of a request that is refused; nothing if it is not."""
    try:
        cluster.kubectl(*arguments)
    except KubectlError as error:
        return str(error)
    return ""


def test_the_command_that_shows_that_they_hold(installed: Cluster) -> None:
    probe = documented("policies.md", "create secret")
    denial = "denied request: the object is not this sync's, and nobody gave it away"

    wait_until(lambda: denial in refusal(installed, *probe), "the policies are in force")


def test_applied_again_they_are_what_they_were(installed: Cluster) -> None:
    assert installed.kubectl("diff", "-f", str(POLICIES.parent)) == ""


def test_the_definitions_go_once_they_are_annotated(
    installed: Cluster, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(ROOT)
    delete = [*documented("removal.md", "delete -f crds/"), "--dry-run=server"]
    wait_until(lambda: "annotate it" in refusal(installed, *delete), "the policy for definitions is in force")

    request.addfinalizer(lambda: installed.kubectl("annotate", "-f", "crds/", "paramsync.dev/allow-deletion-"))
    installed.kubectl(*documented("removal.md", "annotate -f crds/"))

    assert refusal(installed, *delete) == ""
