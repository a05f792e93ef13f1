"""The examples of the documentation, applied as a user applies them, give what they say."""

import base64
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from tests.aws.errors import ACCOUNT
from tests.aws.names import ParameterType
from tests.cluster.cluster import AccountKubeconfig, Cluster
from tests.cluster.waiting import wait_until
from tests.conftest import ROOT
from tests.e2e.scene import Json, store
from tests.load.stub import Settings, Stub, run_stub
from tests.running.objects import Syncs
from tests.running.operator import Operator, run_operator

FOLDER = ROOT / "docs" / "examples"
EXAMPLES = sorted(path.parent for path in FOLDER.glob("*/sync.yaml"))
OURS = {"parameters.yaml", "expected.yaml"}
NAMESPACES = 60


class Parameter(BaseModel, extra="forbid"):
    """A parameter of an example."""

    name: str
    value: str
    type: ParameterType = "String"
    account: str = ACCOUNT
    label: str | None = None


class Expected(BaseModel, extra="forbid"):
    """An object that comes of an example."""

    kind: str
    namespace: str
    name: str
    type: str | None = None
    data: dict[str, str]


@pytest.fixture(scope="module")
def stub() -> Iterator[Stub]:
    with run_stub(Settings(quota=None)) as running:
        yield running


@pytest.fixture(scope="module")
def operator(
    bound_kubeconfig: AccountKubeconfig, stub: Stub, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Operator]:
    aws = {f"AWS_ENDPOINT_URL_{service}": stub.url for service in ("SSM", "STS")}
    settings = {"stores": {"default": store("default", stub.url, ["*"], ["/"])["spec"]}}
    directory = tmp_path_factory.mktemp("operator")
    with run_operator(bound_kubeconfig, directory, settings=settings, environment=aws) as running:
        yield running


def manifests(example: Path) -> list[Json]:
    """What is applied."""
    files = sorted(path for path in example.glob("*.yaml") if path.name not in OURS)
    return [document for file in files for document in documents(file)]


def documents(file: Path) -> list[Json]:
    return list(yaml.safe_load_all(file.read_text()))


def put(stub: Stub, example: Path) -> None:
    """Bring about what Parameter Store holds."""
    for each in yaml.safe_load((example / "parameters.yaml").read_text()):
        parameter = Parameter.model_validate(each)
        version = stub.put(parameter.name, parameter.value, parameter.type, account=parameter.account)
        if parameter.label is not None:
            stub.label(parameter.name, version, parameter.label, account=parameter.account)


def expected(example: Path) -> list[Expected]:
    found = yaml.safe_load((example / "expected.yaml").read_text())
    return sorted((Expected.model_validate(each) for each in found), key=str)


def there(cluster: Cluster, namespace: str) -> list[Expected]:
    """All Secrets and ConfigMaps of a namespace that Kubernetes itself did not make."""
    made = []
    for kind, plural in (("Secret", "secrets"), ("ConfigMap", "configmaps")):
        for each in cluster.request("GET", f"/api/v1/namespaces/{namespace}/{plural}")["items"]:
            name, data = each["metadata"]["name"], each.get("data", {})
            if name == "kube-root-ca.crt":
                continue
            if kind == "Secret":
                data = {key: base64.b64decode(text).decode() for key, text in data.items()}
            made.append(Expected(kind=kind, namespace=namespace, name=name, type=each.get("type"), data=data))
    return made


def apply(cluster: Cluster, objects: list[Json], directory: Path, made: ExitStack) -> None:
    """Apply objects, and their namespaces before; all of it goes with the stack."""
    for namespace in dict.fromkeys(
        each["metadata"]["namespace"] for each in objects if "namespace" in each["metadata"]
    ):
        cluster.request("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
        made.callback(cluster.kubectl, "delete", "namespace", namespace, "--wait=false")
    file = directory / "objects.yaml"
    file.write_text(yaml.safe_dump_all(objects))
    cluster.kubectl("apply", "--server-side", "-f", str(file))
    for each in objects:
        if "namespace" not in each["metadata"]:
            made.callback(cluster.kubectl, "delete", each["kind"], each["metadata"]["name"])


@pytest.mark.usefixtures("operator")
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_it_gives_what_it_says(cluster: Cluster, stub: Stub, tmp_path: Path, example: Path) -> None:
    put(stub, example)
    objects, wanted = manifests(example), expected(example)
    (sync,) = (each for each in objects if each["kind"] == "ParameterSync")
    namespace = sync["metadata"]["namespace"]
    with ExitStack() as made:
        apply(cluster, objects, tmp_path, made)
        Syncs(cluster, namespace).wait_reason(sync["metadata"]["name"], "Synced", 60)
        assert sorted(there(cluster, namespace), key=str) == wanted


def test_sixty_namespaces_list_the_shared_path_once(
    cluster: Cluster, stub: Stub, operator: Operator, tmp_path: Path
) -> None:
    example = FOLDER / "shared-path"
    put(stub, example)
    (shared,), (sync,) = documents(example / "store.yaml"), documents(example / "sync.yaml")
    # The example's own namespace may still be ending.
    names = [f"team-{number:02}" for number in range(2, NAMESPACES + 2)]
    syncs = [{**sync, "metadata": {**sync["metadata"], "namespace": name}} for name in names]
    with ExitStack() as made:
        wait_until(lambda: operator.metric("paramsync_feeds") == 0, "nobody reads anything", 60)
        before = stub.counts.arrived()
        apply(cluster, [shared, *syncs], tmp_path, made)
        for name in names:
            Syncs(cluster, name).wait_reason("shared", "Synced", 120)
        assert operator.metric("paramsync_feeds") == 1
        assert stub.counts.arrived() - before <= 4, "a listing, and another one that agrees"


def test_the_table_has_every_example() -> None:
    page = (FOLDER / "README.md").read_text()
    assert [path.name for path in EXAMPLES if f"]({path.name}/sync.yaml)" not in page] == []
    assert len(EXAMPLES) >= 10
