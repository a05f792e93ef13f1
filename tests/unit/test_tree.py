"""The shape of the source tree."""

import ast
from pathlib import Path

import pytest

import paramsync

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "operator"
PACKAGES = sorted(path.parent for path in SOURCE.rglob("__init__.py"))
MODULES = sorted((SOURCE / "paramsync").rglob("*.py"))


def test_the_source_root_is_no_package() -> None:
    assert Path(paramsync.__file__).parent == SOURCE / "paramsync"
    assert not (SOURCE / "__init__.py").exists()


def test_every_folder_with_modules_is_a_package() -> None:
    assert {module.parent for module in MODULES} == set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_every_package_says_what_it_is_for(package: Path) -> None:
    assert ast.get_docstring(ast.parse((package / "__init__.py").read_text()))
