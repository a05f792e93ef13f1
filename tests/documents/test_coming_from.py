"""The tables for those who come from other tools name fields of ours that are there."""

import re

import pytest

from paramsync.api.stores import ClusterParameterStore, ClusterParameterStoreSpec, ParameterStore, ParameterStoreSpec
from paramsync.api.sync import ParameterSync, ParameterSyncSpec
from paramsync.runtime.syncs import REFRESH_ANNOTATION
from tests.conftest import ROOT
from tests.edge.test_docs_reference import fields

PAGE = (ROOT / "docs" / "coming-from.md").read_text()
MODELS = (ParameterSyncSpec, ClusterParameterStoreSpec, ParameterStoreSpec)
FIELDS = {path for model in MODELS for path in fields(model, "")}
KINDS = {model.__name__ for model in (ParameterSync, ParameterStore, ClusterParameterStore)}


def named(cell: str) -> list[str]:
    """What a cell names in code, without the values that stand behind a colon."""
    return [text.partition(": ")[0] for text in re.findall(r"`([^`]+)`", cell)]


def rows() -> list[list[str]]:
    lines = [line for line in PAGE.splitlines() if line.startswith(("| `", "| ["))]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def is_ours(name: str) -> bool:
    """Whether a name is that of a field, also without the beginning of its path, or of a kind or an annotation."""
    name = name.removeprefix("spec.")
    known = name in FIELDS or any(path.endswith((f".{name}", f"].{name}")) for path in FIELDS)
    return known or name in KINDS | {REFRESH_ANNOTATION}


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:40])
def test_what_becomes_of_a_field_is_there(row: list[str]) -> None:
    theirs, ours, _ = row
    assert theirs
    assert ours == "none" or named(ours) or "](" in ours
    # Values and kinds of Kubernetes stand beside fields.
    others = {"ConfigMap", "Delete", "Retain", "secret", "envFrom"}
    assert [name for name in named(ours) if name not in others and not is_ours(name)] == []


def test_a_field_that_is_not_there_is_found() -> None:
    assert is_ours("keys.rename")
    assert is_ours("access[].namespaces")
    assert not is_ours("keys.nothing")


def test_both_tools_are_there() -> None:
    assert len(rows()) > 35
