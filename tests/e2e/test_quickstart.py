"""The quickstart, from its parameters to its pod: what the page says comes of it does."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from tests.aws.clients import REGION, access_key
from tests.aws.emulator import Emulator
from tests.conftest import ROOT
from tests.documents.aws_commands import run
from tests.running.objects import Syncs

PAGE = (ROOT / "docs" / "quickstart.md").read_text()
PASSWORD = "p4ssw0rd"


def section(heading: str) -> str:
    """What stands below a heading of the page."""
    return PAGE.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


@pytest.fixture
def parameters(ssm: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the page's commands write into Parameter Store."""
    key = {"AWS_ACCESS_KEY_ID": access_key(), "AWS_SECRET_ACCESS_KEY": "dummy", "AWS_DEFAULT_REGION": REGION}
    for name, value in ({"AWS_ENDPOINT_URL_SSM": ssm.url} | key).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "password.txt").write_text(PASSWORD)
    for command in re.findall(r"^aws (.*)$", section("5. Parameters"), re.MULTILINE):
        run(shlex.split(command))


@pytest.mark.usefixtures("parameters", "operator")
def test_it_gives_what_it_shows(syncs: Syncs) -> None:
    manifest = section("6. A sync").split("<<'END'\n", 1)[1].split("END\n", 1)[0]
    pod = section("7. A pod that uses them").split("```yaml\n", 1)[1].split("```", 1)[0]
    here = f"namespace: {syncs.namespace}"

    syncs.cluster.kubectl("apply", "-f", "-", input=manifest.replace("namespace: payments", here))
    sync = syncs.wait_reason("app", "Synced")

    assert syncs.data("Secret", "app") == {"DB_PASSWORD": PASSWORD}
    assert syncs.data("ConfigMap", "app") == {"DB_HOST": "db.internal"}
    shown = re.search(r"^ +parametersync\.paramsync\.dev/app +True +(\w+) +(\d+) +(\d+) ", PAGE, re.MULTILINE)
    assert shown is not None
    status = sync["status"]
    assert shown.groups() == ("Synced", str(status["parameters"]), str(status["secure"]))

    syncs.cluster.kubectl("apply", "-f", "-", input=pod.replace("namespace: payments", here))
    (container,) = yaml.safe_load(pod)["spec"]["containers"]
    names = [reference["name"] for source in container["envFrom"] for reference in source.values()]
    assert names == ["app", "app"]
