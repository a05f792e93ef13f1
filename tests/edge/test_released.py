"""Objects of every released version are taken by the definitions of this one, and read by its models."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from paramsync import __version__
from paramsync.api.stores import ClusterParameterStore, ParameterStore
from paramsync.api.sync import ParameterSync
from tests.cluster.access import request
from tests.cluster.cluster import Cluster
from tests.running.objects import BASE

RELEASED = sorted((Path(__file__).parent / "released").glob("*.yaml"))
KINDS = {model.__name__: model for model in (ParameterSync, ClusterParameterStore, ParameterStore)}
Json = dict[str, Any]


def objects(file: Path) -> list[Json]:
    return list(yaml.safe_load_all(file.read_text()))


def test_this_version_is_among_them() -> None:
    assert __version__ in {file.stem for file in RELEASED}


@pytest.mark.parametrize("file", RELEASED, ids=lambda file: file.stem)
def test_the_models_read_them_and_lose_nothing(file: Path) -> None:
    for each in objects(file):
        parts = {key: each[key] for key in ("spec", "status") if key in each}
        read = KINDS[each["kind"]].model_validate(parts)
        again = read.model_dump(mode="json", by_alias=True, exclude_unset=True)
        assert again == parts, each["metadata"]["name"]


@pytest.mark.parametrize("file", RELEASED, ids=lambda file: file.stem)
def test_the_definitions_take_them_and_prune_nothing(cluster: Cluster, namespace: str, file: Path) -> None:
    for each in objects(file):
        plural = f"{each['kind'].lower()}s"
        within = BASE if each["kind"] == "ClusterParameterStore" else f"{BASE}/namespaces/{namespace}"
        strict = {"dryRun": "All", "fieldValidation": "Strict"}
        taken = request(cluster.admin, "POST", f"{within}/{plural}", each, query=strict)
        assert taken["spec"] == each["spec"]


@pytest.mark.parametrize("file", RELEASED, ids=lambda file: file.stem)
def test_a_status_is_taken_as_it_was(cluster: Cluster, namespace: str, file: Path) -> None:
    path = f"{BASE}/namespaces/{namespace}/parametersyncs"
    for each in (each for each in objects(file) if "status" in each):
        made = cluster.request("POST", path, each)
        body = {**made, "status": each["status"]}
        taken = cluster.request(
            "PUT", f"{path}/{each['metadata']['name']}/status", body, query={"fieldValidation": "Strict"}
        )
        assert taken["status"] == each["status"]
