"""What the page on keys says of StringLists and JSON objects is what is planned."""

import json
from pathlib import Path

import yaml

from paramsync.api.sync import ParameterSyncSpec
from paramsync.core.objects import PROVENANCE_ANNOTATION, ConfigMapContent
from paramsync.core.parameters import Parameter
from tests.unit.builders import STRING_LIST, parameter, planned, snapshot

PAGE = (Path(__file__).parents[2] / "docs" / "keys.md").read_text()


def keys(found: Parameter, **fields: object) -> dict[str, object]:
    """The only ConfigMap's keys for a parameter."""
    spec = ParameterSyncSpec.model_validate({"sources": [{"path": "/prod/app"}], **fields})
    plan = planned(snapshot(found, path="/prod/app"), spec=spec)
    (content,) = (each for each in plan.contents if isinstance(each, ConfigMapContent))
    return dict(content.data)


def test_each_row_on_string_lists() -> None:
    _, section = PAGE.split("## StringLists\n", 1)
    rows = [line.strip("| ").split(" | ") for line in section.split("\n## ", 1)[0].splitlines() if "` | " in line]
    assert len(rows) == 4 + 1
    for stored, comma, as_json, in_file in rows[1:]:
        value = stored.strip("`")
        found = parameter("/prod/app/zones", value, kind=STRING_LIST)
        assert keys(found) == {"ZONES": comma.strip("`")}
        assert keys(found, stringList="JSON") == {"ZONES": as_json.strip("`")}
        target = {"kind": "ConfigMap", "files": [{"key": "app.json", "format": "JSON"}]}
        (file,) = keys(found, targets=[target]).values()
        elements = json.loads(str(file))["zones"]
        assert elements == json.loads(as_json.strip("`"))
        count = {1: "one", 2: "two", 3: "three"}[len(elements)]
        assert in_file.startswith(f"a list of {count}")


def test_the_object_that_is_taken_apart() -> None:
    _, section = PAGE.split("## JSON objects\n", 1)
    manifest = yaml.safe_load(section.split("```yaml\n", 1)[1].split("```", 1)[0])
    stored = section.split("/prod/app/config: ", 1)[1].split("\n", 1)[0]
    told = section.split("\ngives ", 1)[1].split(".\n", 1)[0].split(". Numbers", 1)[0]
    expected: dict[str, str] = {}
    for pair in told.split("`")[1::2]:
        expected |= yaml.safe_load(pair)
    made = keys(parameter("/prod/app/config", stored), expand=manifest["spec"]["expand"])
    assert made == expected


def test_the_annotation_that_is_shown() -> None:
    _, section = PAGE.split("## Where a key came from\n", 1)
    shown = json.loads(section.split("```json\n", 1)[1].split("```", 1)[0])
    paths = ["/shared/defaults", "/prod/payment-service"]
    spec = ParameterSyncSpec.model_validate(
        {"sources": [{"path": path} for path in paths], "keys": {"rename": {"db/host": "DATABASE_HOST"}}}
    )
    snapshots = [snapshot(parameter(f"{path}/db/host", version=3), path=path) for path in paths]
    (content,) = (each for each in planned(*snapshots, spec=spec).contents if isinstance(each, ConfigMapContent))
    assert json.loads(content.annotations[PROVENANCE_ANNOTATION]) == shown
