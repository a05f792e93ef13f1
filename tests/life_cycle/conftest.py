"""Fixtures of the life cycle: a cluster with nodes, the image, and the chart installed by the real Helm."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.helm.generating import CHART
from tests.aws.proxy import Proxy
from tests.cluster.cluster import Cluster
from tests.cluster.control_plane import control_plane
from tests.helm.rendering import Helm, Json
from tests.image.image import Image
from tests.life_cycle.kubelet import CONTROLLERS, Kubelet, run_kubelet
from tests.life_cycle.release import Release
from tests.running.operator import AWS, STORE_ACCESS


@pytest.fixture
def own_cluster() -> Iterator[Cluster]:
    """A cluster to which nobody has applied anything."""
    with control_plane(controllers=CONTROLLERS) as running:
        yield running


@pytest.fixture
def kubelet(own_cluster: Cluster, tmp_path: Path) -> Iterator[Kubelet]:
    """Two nodes."""
    with run_kubelet(own_cluster, tmp_path / "pods") as running:
        yield running


@pytest.fixture
def values(image: Image, proxy: Proxy) -> Json:
    """What an admin would set: an image, a store, and here credentials, for there is no AWS to give them."""
    repository, _, tag = image.name.rpartition(":")
    return {
        "region": "eu-west-1",
        "image": {"repository": repository, "tag": tag, "pullPolicy": "Never"},
        "stores": {"default": {"endpoint": proxy.url, "access": STORE_ACCESS}},
        "extraEnv": [{"name": key, "value": text} for key, text in AWS.items() if key != "AWS_REGION"],
    }


@pytest.fixture
def release(own_cluster: Cluster, kubelet: Kubelet, helm: Helm, values: Json, tmp_path: Path) -> Release:
    """The chart's release `paramsync` in namespace `paramsync`, which is not installed yet."""
    chart = tmp_path / "chart"
    shutil.copytree(CHART, chart)
    given = tmp_path / "values.json"
    given.write_text(json.dumps(values))
    return Release(own_cluster, kubelet, helm, chart, given)
