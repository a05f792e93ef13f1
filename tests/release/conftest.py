"""A repository that is ready to release 1.2.3, and the scripts of .ci in it with programs that only record."""

import shutil
import sys
from pathlib import Path

import pytest

from release.versions import ROOT
from tests.release.recording import Scripts

CHANGELOG = """# Changelog

## [Unreleased]

## [1.2.3] - 2026-11-24

- [The page](docs/page.md) and [a site](https://example.com/) and [here](#there).

## [1.2.2] - 2026-01-02

- Before.
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    files = {
        "operator/paramsync/__init__.py": '"""Doc."""\n\n__version__ = "1.2.3"\n',
        "CHANGELOG.md": CHANGELOG,
        "deploy/helm/paramsync/Chart.yaml": 'name: paramsync\nversion: 1.2.3 # ours\nappVersion: "1.2.3"\n',
        "Dockerfile": 'FROM scratch\nLABEL a="b" \\\n      org.opencontainers.image.version="1.2.3"\n',
        "docs/index.md": "# Documentation\n\nVersion 1.2.3, the best.\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def scripts(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Scripts:
    """The repository with our scripts, and the programs that they call; none of them does anything yet."""
    for part in (".ci", "release", "deploy/image"):
        shutil.copytree(ROOT / part, repository / part, ignore=shutil.ignore_patterns("__pycache__"))
    (repository / ".venv").symlink_to(Path(sys.executable).parents[1])
    return Scripts(repository, tmp_path_factory.mktemp("programs"))
