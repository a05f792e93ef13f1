"""The ways to an application on the page, on a real API server and with the readers that applications have."""

import base64
import io
import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml
from dotenv import dotenv_values
from javaproperties import loads

from tests.cluster.cluster import AccountKubeconfig, Cluster
from tests.cluster.waiting import wait_until
from tests.conftest import ROOT
from tests.e2e.scene import Json, store
from tests.load.stub import Settings, run_stub
from tests.running.objects import Syncs
from tests.running.operator import run_operator

PAGE = (ROOT / "docs" / "consuming.md").read_text()
NAMESPACE = "shop"
PASSWORD = 'p#ss "w$rd"'
VARIABLE = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
"""What a kubelet takes for the name of a variable (Kubernetes: ``IsEnvVarName``)."""

FLAT = {"DB_HOST": "db.internal", "DB_PASSWORD": PASSWORD, "DEBUG": "false", "ZONES": "eu-west-1a,eu-west-1b"}
DOTTED = {name.lower().replace("_", "."): value for name, value in FLAT.items()}


def section(heading: str) -> list[Json]:
    """The manifests below a heading of the page: a sync, and a pod that uses its targets."""
    text = PAGE.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return list(yaml.safe_load_all(text.split("```yaml\n", 1)[1].split("```", 1)[0]))


def parameters() -> Iterator[list[str]]:
    """The rows of the page's table: name, type and value."""
    for line in PAGE.splitlines():
        if line.startswith("| `/"):
            yield [cell.strip().strip("`") for cell in line.strip("|").split("|")]


@pytest.fixture(scope="module")
def shop(
    cluster: Cluster, bound_kubeconfig: AccountKubeconfig, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Syncs]:
    """The page's namespace, with the page's parameters and an operator."""
    directory = tmp_path_factory.mktemp("operator")
    with run_stub(Settings(quota=None)) as stub:
        for name, kind, value in parameters():
            stub.put(name, value, kind)  # type: ignore[arg-type]
        settings = {"stores": {"default": store("default", stub.url, ["*"], ["/"])["spec"]}}
        cluster.request("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        accounts = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts"
        wait_until(lambda: cluster.request("GET", accounts)["items"], "there is an account for pods")
        with run_operator(bound_kubeconfig, directory, settings=settings):
            yield Syncs(cluster, NAMESPACE)
        cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def deploy(shop: Syncs, heading: str, directory: Path) -> Json:
    """Apply what stands below a heading, wait for the sync, and return the pod as the API server has it."""
    sync, pod = section(heading)
    file = directory / "page.yaml"
    file.write_text(yaml.safe_dump_all([sync, pod]))
    shop.cluster.kubectl("apply", "--server-side", "-f", str(file))
    shop.wait_reason(sync["metadata"]["name"], "Synced")
    found: Json = shop.cluster.request("GET", f"/api/v1/namespaces/{NAMESPACE}/pods/{pod['metadata']['name']}")
    return found


def environment(shop: Syncs, pod: Json) -> dict[str, str]:
    """The variables of the pod's container, as a kubelet makes them: a later source wins."""
    made: dict[str, str] = {}
    for source in pod["spec"]["containers"][0]["envFrom"]:
        kind, ref = ("ConfigMap", "configMapRef") if "configMapRef" in source else ("Secret", "secretRef")
        made |= {k: v for k, v in (shop.data(kind, source[ref]["name"]) or {}).items() if VARIABLE.fullmatch(k)}
    return made


def mounted(shop: Syncs, pod: Json, directory: Path) -> Path:
    """The files of the pod's only volume that is a Secret, as a kubelet writes them."""
    (name,) = (each["secret"]["secretName"] for each in pod["spec"]["volumes"] if "secret" in each)
    found = shop.target("Secret", name)
    assert found is not None
    place = directory / "mounted"
    place.mkdir()
    for key, text in found["data"].items():
        (place / key).write_bytes(base64.b64decode(text))
    return place


def test_environment_variables(shop: Syncs, tmp_path: Path) -> None:
    assert environment(shop, deploy(shop, "Environment variables", tmp_path)) == FLAT


def test_mounted_files(shop: Syncs, tmp_path: Path) -> None:
    place = mounted(shop, deploy(shop, "Mounted files", tmp_path), tmp_path)
    assert {path.name: path.read_text() for path in place.iterdir()} == DOTTED


def test_spring(shop: Syncs, tmp_path: Path) -> None:
    place = mounted(shop, deploy(shop, "Spring", tmp_path), tmp_path)
    assert loads((place / "application.properties").read_bytes()) == DOTTED


def test_dotenv(shop: Syncs, tmp_path: Path) -> None:
    place = mounted(shop, deploy(shop, "Dotenv", tmp_path), tmp_path)
    assert dotenv_values(stream=io.StringIO((place / ".env").read_text())) == FLAT


def test_node(shop: Syncs, tmp_path: Path) -> None:
    file = mounted(shop, deploy(shop, "Node", tmp_path), tmp_path) / "settings.json"
    assert parsed(file) == {
        "db": {"host": "db.internal", "password": PASSWORD},
        "debug": "false",
        "zones": ["eu-west-1a", "eu-west-1b"],
    }


def parsed(file: Path) -> Mapping[str, object]:
    """What Node makes of a file, where there is a Node; it prints its JSON again."""
    text = file.read_text()
    if (node := shutil.which("node")) is not None:
        script = 'console.log(JSON.stringify(JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"))))'
        text = subprocess.run([node, "-e", script, str(file)], check=True, capture_output=True, text=True).stdout
    found: Mapping[str, object] = json.loads(text)
    return found


def test_each_way_of_the_page_is_tried() -> None:
    headings = re.findall(r"^## (.*)$", PAGE, re.MULTILINE)
    assert headings == [
        "Environment variables", "Mounted files", "Spring", "Dotenv", "Node", "Certificates and pull secrets",
    ]  # fmt: skip
