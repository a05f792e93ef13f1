"""Fixtures of a running operator; the top conftest takes them."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.aws.proxy import Proxy
    from tests.cluster.cluster import AccountKubeconfig, Cluster
    from tests.running.objects import Syncs
    from tests.running.operator import Operator


@pytest.fixture
def syncs(cluster: "Cluster", namespace: str) -> "Iterator[Syncs]":
    """The syncs of a new namespace. They go at the end, before their namespace does, and its stores with them.

    A namespace is deleted at leisure, and the next operator would serve what is left in it.
    """
    from tests.running.objects import Syncs  # noqa: PLC0415  (imports the kubernetes client)

    syncs = Syncs(cluster, namespace)
    yield syncs
    syncs.delete_all()


@pytest.fixture(scope="module")
def home(cluster: "Cluster") -> "Iterator[str]":
    """The namespace of the operator's account."""
    with cluster.namespace("home") as name:
        yield name


@pytest.fixture(scope="module")
def bound_kubeconfig(cluster: "Cluster", home: str) -> "Iterator[AccountKubeconfig]":
    """The kubeconfig of the operator's account: it has its rights and no others, and the policies bind it."""
    from tests.edge.policies import bound_policies  # noqa: PLC0415

    with bound_policies(cluster, home) as kubeconfig:
        yield kubeconfig


@pytest.fixture
def operator(bound_kubeconfig: "AccountKubeconfig", proxy: "Proxy", tmp_path: Path) -> "Iterator[Operator]":
    """An operator that reads from the emulator through the proxy, with a store ``default`` in its settings."""
    from tests.running.operator import run_operator  # noqa: PLC0415

    with run_operator(bound_kubeconfig, tmp_path, endpoint=proxy.url) as running:
        yield running
