"""The fixtures of all tests: a control plane, a stand-in for AWS, the operator as a process."""

from collections.abc import Sequence
from pathlib import Path

import pytest

pytest_plugins = [
    *(f"tests.{package}.fixtures" for package in ("programs", "cluster", "aws", "running", "helm", "image")),
    "tests.image.summary",
]

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def cluster_manifests() -> Sequence[Path]:
    """Our definitions are served from the start."""
    return (ROOT / "crds",)
