"""What the chart is made of stands once: the rest is generated, and what is generated is fresh."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.helm.generating import CHART, KEPT, ROOT, generated, schema
from deploy.helm.values import Values
from paramsync import __version__
from paramsync.runtime.settings import DEFAULT_DECRYPTED_MIB

DEFAULTS: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())


@pytest.mark.parametrize("path", generated(), ids=lambda path: str(path.relative_to(ROOT)))
def test_generated_files_are_fresh(path: Path) -> None:
    assert path.read_text() == generated()[path], "run make chart"


def test_nothing_lies_beside_what_is_generated() -> None:
    files = {path for path in (CHART / "files").rglob("*") if path.is_file()}
    assert files == {path for path in generated() if path.is_relative_to(CHART / "files")}


def test_the_chart_s_definitions_are_those_that_kubectl_applies_and_are_kept() -> None:
    for path in (ROOT / "crds").iterdir():
        plain = yaml.safe_load(path.read_text())
        plain["metadata"]["annotations"] = KEPT
        assert yaml.safe_load((CHART / "files" / "crds" / path.name).read_text()) == plain


def test_chart_and_operator_have_one_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (__version__, __version__)


def test_the_default_values_are_those_of_the_models() -> None:
    Values.model_validate_json(json.dumps(DEFAULTS))
    assert DEFAULTS["maxDecryptedMiB"] == DEFAULT_DECRYPTED_MIB


def objects(described: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a schema that have fields, by their paths."""
    if "properties" in described:
        yield path, described
    for name, inner in described.get("properties", {}).items():
        yield from objects(schema()["$defs"].get(inner.get("$ref", "").rpartition("/")[2], {}), f"{path}.{name}")


def test_the_schema_refuses_what_it_does_not_know_wherever_there_are_fields() -> None:
    found = dict(objects(schema()))
    assert len(found) > 10
    assert all(described.get("additionalProperties") is False for described in found.values())
