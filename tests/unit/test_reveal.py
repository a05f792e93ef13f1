"""Where a secure value is revealed."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "operator" / "paramsync"
DEFINED_IN = SOURCE / "core" / "values.py"
ALLOWED = {"kube/encoding.py", "cli/get.py"}
"""What writes the body of a Secret; and the command that a person asks for a value, with a word of its own."""
HIDDEN = "_SecureValue__content"


def revelations(code: str) -> list[int]:
    """The lines that get at the content of a secure value, in whatever way a name of it is written."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(code))
        if (isinstance(node, ast.Attribute) and node.attr in {"reveal", HIDDEN})
        or (isinstance(node, ast.Constant) and node.value in ("reveal", HIDDEN))
    ]


@pytest.mark.parametrize(
    "code",
    [
        "value.reveal()",
        "map(SecureValue.reveal, values)",
        "take = value.reveal",
        "getattr(value, 'reveal')()",
        "operator.methodcaller('reveal')(value)",
        "value._SecureValue__content",
        "object.__getattribute__(value, '_SecureValue__content')",
    ],
)
def test_every_way_to_reveal_is_found(code: str) -> None:
    assert revelations(code) == [1]


def test_only_the_encoding_of_a_secret_and_who_is_asked_to_reveal() -> None:
    revealing = {
        module.relative_to(SOURCE).as_posix()
        for module in SOURCE.rglob("*.py")
        if module != DEFINED_IN and revelations(module.read_text())
    }
    assert revealing <= ALLOWED


def test_the_class_itself_reveals_nowhere_else() -> None:
    tree = ast.parse(DEFINED_IN.read_text())
    users = {
        function.name
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        and any(isinstance(node, ast.Attribute) and node.attr == "__content" for node in ast.walk(function))
    }
    assert users == {"__init__", "size", "reveal", "is_json_object", "__eq__"}


def test_few_make_something_of_secure_values() -> None:
    """They hand the bytes to functions, whose errors are theirs to keep silent."""
    making = {
        module.relative_to(SOURCE).as_posix()
        for module in SOURCE.rglob("*.py")
        if module != DEFINED_IN and "made_of" in module.read_text()
    }
    assert making == {"core/shaping/derived.py", "core/shaping/making.py"}
