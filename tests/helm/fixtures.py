"""Fixtures of the chart's tests."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.helm.rendering import Helm


@pytest.fixture(scope="session")
def helm(helm_program: Path, tmp_path_factory: pytest.TempPathFactory) -> "Helm":
    """Helm, which knows nothing of the user's own Helm."""
    from tests.helm.rendering import Helm  # noqa: PLC0415  (imports the models of the values)

    return Helm(helm_program, tmp_path_factory.mktemp("helm-home"))
