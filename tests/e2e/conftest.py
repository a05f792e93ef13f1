"""Fixtures of the end-to-end tests: the tests of a file share an operator where they do not disturb each other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.aws.emulator import Emulator
from tests.aws.proxy import Proxy, run_proxy
from tests.cluster.cluster import AccountKubeconfig, Cluster
from tests.e2e.gateway import Gateway, run_gateway
from tests.e2e.scene import Scene, Stores
from tests.running.objects import Syncs
from tests.running.operator import Operator, run_operator


@pytest.fixture(scope="module")
def shared_proxy(emulator: Emulator) -> Iterator[Proxy]:
    """The proxy in front of the emulator that the tests of a file share."""
    emulator.reset()
    with run_proxy(emulator.url) as running:
        yield running


@pytest.fixture(scope="module")
def shared_operator(
    bound_kubeconfig: AccountKubeconfig, shared_proxy: Proxy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Operator]:
    """The operator that the tests of a file share; its store `default` lets every namespace read everything."""
    with run_operator(bound_kubeconfig, tmp_path_factory.mktemp("operator"), endpoint=shared_proxy.url) as running:
        yield running


@pytest.fixture
def scene(emulator: Emulator, shared_proxy: Proxy, shared_operator: Operator, syncs: Syncs) -> Iterator[Scene]:
    """A namespace with a path of its own, served by the shared operator."""
    yield Scene(emulator, shared_proxy, shared_operator, syncs)
    shared_proxy.clear()


@pytest.fixture
def stores(scene: Scene) -> Iterator[Stores]:
    """Stores as objects, which are deleted at the end."""
    made = Stores(scene.syncs.cluster, scene.proxy)
    yield made
    made.delete_all()


@pytest.fixture
def gateway(cluster: Cluster, bound_kubeconfig: AccountKubeconfig, tmp_path: Path) -> Iterator[Gateway]:
    """A way of the operator's account to the API server that can hold requests, and records them."""
    with run_gateway(cluster, tmp_path / "gateway.kubeconfig", bound_kubeconfig) as running:
        yield running
