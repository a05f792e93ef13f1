"""The ways to an application on the page, on a real API server and with the readers that applications have."""

import base64
import io
import json
import re
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml
from dotenv import dotenv_values
from javaproperties import loads

from tests.cluster.certificates import make_certificates
from tests.cluster.cluster import AccountKubeconfig, Cluster
from tests.conftest import ROOT
from tests.e2e.scene import REMOVAL, Json, store
from tests.load.stub import Settings, Stub, run_stub
from tests.running.objects import Syncs
from tests.running.operator import run_operator
from tests.unit.readers import started

PAGE = (ROOT / "docs" / "consuming.md").read_text()
NAMESPACE = "shop"
ADOPT = "paramsync.dev/adopt"
PASSWORD = 'p#ss "w$rd"'
PULL = {"auths": {"registry.example.com": {"auth": base64.b64encode(b'robot:qu"ote').decode()}}}
"""What ``docker login`` writes."""

COMMAND = re.compile(r"^    aws ssm put-parameter --name (\S+) --type (\S+) .*--value file://(\S+)$", re.MULTILINE)

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
def stub() -> Iterator[Stub]:
    with run_stub(Settings(quota=None)) as running:
        yield running


@pytest.fixture(scope="module")
def shop(
    cluster: Cluster, bound_kubeconfig: AccountKubeconfig, stub: Stub, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Syncs]:
    """The page's namespace, with the page's parameters and an operator."""
    for name, kind, value in parameters():
        stub.put(name, value, kind)  # type: ignore[arg-type]
    settings = {"stores": {"default": store("default", stub.url, ["*"], ["/"])["spec"]}}
    cluster.request("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    # No pod is admitted before its account is there.
    cluster.wait_for_object(f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/default")
    with run_operator(bound_kubeconfig, tmp_path_factory.mktemp("operator"), settings=settings):
        yield Syncs(cluster, NAMESPACE)
    cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def put(stub: Stub, files: Mapping[str, str]) -> None:
    """Run the page's commands that put these files into parameters."""
    commands = [command for command in COMMAND.findall(PAGE) if command[2] in files]
    assert len(commands) == len(files)
    for name, kind, file in commands:
        stub.put(name, files[file], kind)


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
    """The variables of the pod's container, as a kubelet makes them: of every key, and a later source wins.

    Source: ``makeEnvironmentVariables`` in ``pkg/kubelet/kubelet_pods.go`` of Kubernetes 1.36.
    """
    made: dict[str, str] = {}
    for source in pod["spec"]["containers"][0]["envFrom"]:
        kind, ref = ("ConfigMap", "configMapRef") if "configMapRef" in source else ("Secret", "secretRef")
        made |= shop.data(kind, source[ref]["name"]) or {}
    return made


def seen(variables: Mapping[str, str]) -> dict[str, str]:
    """What a shell hands on to a program: some drop variables whose names they do not take."""
    script = f'"{sys.executable}" -I -c "import json, os; print(json.dumps(dict(os.environ)))"'
    run = subprocess.run(["/bin/sh", "-c", script], env=dict(variables), check=True, capture_output=True, text=True)
    found: dict[str, str] = json.loads(run.stdout)
    return {name: value for name, value in found.items() if name not in {"PWD", "LC_CTYPE", "SHLVL", "_", "OLDPWD"}}


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
    assert seen(environment(shop, deploy(shop, "Environment variables", tmp_path))) == FLAT


def test_mounted_files(shop: Syncs, tmp_path: Path) -> None:
    place = mounted(shop, deploy(shop, "Mounted files", tmp_path), tmp_path)
    assert {path.name: path.read_text() for path in place.iterdir()} == DOTTED


def test_spring(shop: Syncs, tmp_path: Path) -> None:
    place = mounted(shop, deploy(shop, "Spring", tmp_path), tmp_path)
    file = place / "application.properties"
    assert loads(file.read_bytes()) == DOTTED
    if (java := shutil.which("java")) is not None:
        with started([java, str(ROOT / "tests" / "unit" / "ReadProperties.java")]) as reader:
            assert reader.entries(file.read_text()) == DOTTED


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


def test_tls(shop: Syncs, stub: Stub, tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path / "certificates")
    pair = certificates.api_server
    put(stub, {"tls.crt": pair.certificate.read_text(), "tls.key": pair.key.read_text()})
    place = mounted(shop, deploy(shop, "TLS", tmp_path), tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(place / "tls.crt", place / "tls.key")
    shake_hands(server, ssl.create_default_context(cafile=certificates.authority))


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext) -> None:
    """Let a client and a server talk in memory. Raises ssl.SSLError if the client does not trust the server."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(down, up, server_hostname="localhost"), server.wrap_bio(up, down, server_side=True)]
    while ends:
        end = ends.pop(0)
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            ends.append(end)


def test_pull_secrets(shop: Syncs, stub: Stub, tmp_path: Path) -> None:
    put(stub, {"config.json": json.dumps(PULL)})
    pod = deploy(shop, "Pull secrets", tmp_path)
    (reference,) = pod["spec"]["imagePullSecrets"]
    secret = shop.target("Secret", reference["name"])
    assert secret is not None
    assert secret["type"] == "kubernetes.io/dockerconfigjson"
    file = tmp_path / "config.json"
    file.write_bytes(base64.b64decode(secret["data"][".dockerconfigjson"]))
    assert json.loads(file.read_text()) == PULL
    if (podman := shutil.which("podman")) is not None:
        command = [podman, "login", "--get-login", "--authfile", str(file), "registry.example.com"]
        assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "robot\n"


def test_each_way_of_the_page_is_tried() -> None:
    headings = re.findall(r"^## (.*)$", PAGE, re.MULTILINE)
    files = ["Mounted files", "Spring", "Dotenv", "Node", "TLS", "Pull secrets"]
    assert headings == ["Environment variables", *files, "Labels and annotations"]


def test_labels_and_annotations(shop: Syncs, tmp_path: Path) -> None:
    (sync,) = section("Labels and annotations")
    secret = shop.target_path("Secret", "labelled")
    theirs = {"metadata": {"name": "labelled", "labels": {"team": "theirs"}, "annotations": {ADOPT: "labelled"}}}
    shop.cluster.request("POST", secret.rpartition("/")[0], theirs)
    file = tmp_path / "page.yaml"
    file.write_text(yaml.safe_dump(sync))
    shop.cluster.kubectl("apply", "--server-side", "-f", str(file))

    told = shop.wait_reason("labelled", "Synced", REMOVAL)

    (problem,) = told["status"]["problems"]
    assert (problem["reason"], problem["subject"]) == ("MetadataKept", "Secret labelled/labels/team")
    (command,) = re.findall(r"^    kubectl (label secret labelled .*)$", PAGE, re.MULTILINE)
    shop.cluster.kubectl(*command.split())
    told = shop.refresh("labelled")
    assert "problems" not in told["status"]
    for target in sync["spec"]["targets"]:
        found = shop.target(target["kind"], "labelled")
        assert found is not None
        for field, given in target["metadata"].items():
            assert found["metadata"][field].items() >= given.items()
