"""The tests run operators with the rights of an installation, and not as the administrator of the cluster."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
MEASURED_OR_SHOWN = {"bench", "demo"}


def runs_as_admin(code: str) -> Iterator[int]:
    """The lines that run an operator with the cluster's own kubeconfig."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "run_operator":
            given = [ast.unparse(each) for each in (*node.args[:1], *(each.value for each in node.keywords))]
            if any(text.rpartition(".")[0].endswith("cluster") and text.endswith(".kubeconfig") for text in given):
                yield node.lineno


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("run_operator(cluster.kubeconfig, path)", [1]),
        ("with operator.run_operator(self.cluster.kubeconfig): pass", [1]),
        ("run_operator(directory=path, kubeconfig=far.cluster.kubeconfig)", [1]),
        ("run_operator(bound_kubeconfig, path)\nrun_operator(gateway.kubeconfig)", []),
    ],
)
def test_one_that_does_is_found(code: str, lines: list[int]) -> None:
    assert list(runs_as_admin(code)) == lines


def test_none_does() -> None:
    modules = [path for path in TESTS.rglob("*.py") if path.relative_to(TESTS).parts[0] not in MEASURED_OR_SHOWN]
    assert any("run_operator(" in path.read_text() for path in modules)
    found = {path.relative_to(TESTS).as_posix(): list(runs_as_admin(path.read_text())) for path in modules}
    assert {name: lines for name, lines in found.items() if lines} == {}
