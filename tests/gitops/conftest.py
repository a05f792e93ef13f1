"""Argo CD for the tests of this folder, and the chart's fixtures."""

from pathlib import Path

import pytest

from tests.gitops.argo import Argo
from tests.helm.conftest import helm, monitors

__all__ = ["helm", "monitors"]


@pytest.fixture(scope="session")
def argo(argo_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Argo:
    """Argo CD with our health check."""
    return Argo(argo_program, tmp_path_factory.mktemp("argo"))
