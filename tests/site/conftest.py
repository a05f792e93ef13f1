"""The site of the documentation, built once, as `make docs` builds it but into a folder of the tests."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

Built = subprocess.CompletedProcess[str]


def build_site(config: Path, site: Path) -> Built:
    """Build the site, with warnings as errors."""
    command = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "--config-file",
        str(config),
        "--site-dir",
        str(site),
    ]
    quiet = {"NO_MKDOCS_2_WARNING": "1", "NO_COLOR": "1"}
    return subprocess.run(
        command, cwd=config.parent, env=os.environ | quiet, capture_output=True, text=True, timeout=120
    )


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site."""
    folder = tmp_path_factory.mktemp("site")
    built = build_site(ROOT / "mkdocs.yml", folder)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder
