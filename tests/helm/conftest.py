"""Fixtures of the chart's tests."""

from pathlib import Path

import pytest

from tests.helm.rendering import Helm


@pytest.fixture(scope="session")
def helm(helm_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Helm:
    """Helm, which knows nothing of the user's own Helm."""
    return Helm(helm_program, tmp_path_factory.mktemp("helm-home"))
