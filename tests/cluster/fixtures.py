"""Plain pytest fixtures; the top conftest takes them with `pytest_plugins = ["tests.cluster.fixtures"]`."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cluster.cluster import Cluster


@pytest.fixture(scope="session")
def cluster_manifests() -> Sequence[Path]:
    """What is applied before the controllers of `cluster` start; a conftest may say something else."""
    return ()


@pytest.fixture(scope="session")
def cluster(cluster_manifests: Sequence[Path]) -> "Iterator[Cluster]":
    """The control plane that all tests of a run share."""
    # Here, because the kubernetes client takes a second to import, which other tests need not pay.
    from tests.cluster.control_plane import control_plane  # noqa: PLC0415

    with control_plane(cluster_manifests) as running:
        yield running


@pytest.fixture
def namespace(cluster: "Cluster") -> Iterator[str]:
    """The name of a new namespace, for one test."""
    with cluster.namespace() as name:
        yield name
