"""Fixtures of the chart's tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.programs import monitoring

if TYPE_CHECKING:
    from tests.cluster.cluster import Cluster
    from tests.helm.rendering import Helm


@pytest.fixture(scope="session")
def helm(helm_program: Path, tmp_path_factory: pytest.TempPathFactory) -> "Helm":
    """Helm, which knows nothing of the user's own Helm."""
    from tests.helm.rendering import Helm  # noqa: PLC0415  (imports the models of the values)

    return Helm(helm_program, tmp_path_factory.mktemp("helm-home"))


@pytest.fixture(scope="module")
def monitors(cluster: "Cluster") -> Iterator[None]:
    """The definitions of the Prometheus operator."""
    files = [argument for path in monitoring.definitions() for argument in ("-f", str(path))]
    cluster.kubectl("apply", "--server-side", *files)
    cluster.kubectl("wait", "--for=condition=Established", *files)
    yield
    cluster.kubectl("delete", *files)
