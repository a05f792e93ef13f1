"""Each threat on the page names tests that are there."""

import ast
import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "security-model.md").read_text()
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def rows() -> list[list[str]]:
    section = PAGE.split("\n## Threats\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def functions(path: Path) -> set[str]:
    """The names of all tests in a module, in classes too."""
    defined = (ast.FunctionDef, ast.AsyncFunctionDef)
    tree = ast.parse(path.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, defined) and node.name.startswith("test_")}


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:50])
def test_a_threat_has_a_defence_and_tests(row: list[str]) -> None:
    threat, defence, tests = row
    assert threat
    assert defence
    assert NAMED.sub("", tests).strip(" ,") == "", "nothing but tests stands there"
    assert NAMED.findall(tests)


@pytest.mark.parametrize(("file", "function"), sorted(set(NAMED.findall(PAGE))))
def test_a_test_that_is_named_is_there(file: str, function: str) -> None:
    found = functions(ROOT / file)
    assert found, f"{file} has no test"
    assert not function or function in found


def test_there_are_many_threats() -> None:
    assert len(rows()) > 20
