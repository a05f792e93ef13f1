"""A secure value on its way into a ConfigMap is an error in mypy, before anything runs."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SNIPPET = """
from paramsync.api.sync import TargetKind
from paramsync.core.objects import ConfigMapContent
from paramsync.core.rendering import Memory, render_config_map
from paramsync.core.routing import TargetRef
from paramsync.core.values import SecureValue

REF = TargetRef(TargetKind.CONFIG_MAP, "app")
plain: dict[str, str] = {}
secure: dict[str, SecureValue] = {}
render_config_map(REF, plain, {}, Memory("app", ()))
render_config_map(REF, secure, {}, Memory("app", ()))
ConfigMapContent(REF, plain, {}, {}, "revision")
ConfigMapContent(REF, secure, {}, {}, "revision")
"""


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    snippet = tmp_path_factory.mktemp("types") / "snippet.py"
    snippet.write_text(SNIPPET)
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", "--no-pretty", str(snippet)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.stderr == ""
    return [line.partition("snippet.py:")[2] for line in run.stdout.splitlines() if "error:" in line]


@pytest.mark.parametrize("call", ["render_config_map(REF, secure", "ConfigMapContent(REF, secure"])
def test_mypy_refuses_secure_values(complaints: list[str], call: str) -> None:
    line = next(number for number, text in enumerate(SNIPPET.splitlines(), 1) if text.startswith(call))
    assert [text for text in complaints if text.startswith(f"{line}:") and "[arg-type]" in text] != []


def test_mypy_complains_of_nothing_else(complaints: list[str]) -> None:
    assert len(complaints) == 2
