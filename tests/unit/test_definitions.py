"""The CustomResourceDefinitions, and the files that are generated from them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from paramsync.api.definitions import FRESH_STATUS, KINDS, _inlined, definitions
from paramsync.api.status import SyncStatus

CRDS = Path(__file__).parents[2] / "crds"
MADE = definitions()


def schema_of(name: str) -> dict[str, Any]:
    (version,) = MADE[name]["spec"]["versions"]
    schema: dict[str, Any] = version["schema"]["openAPIV3Schema"]
    return schema


def nodes(schema: dict[str, Any], place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema within a schema, with its place."""
    yield place, schema
    for name, each in schema.get("properties", {}).items():
        yield from nodes(each, f"{place}.{name}")
    if "items" in schema:
        yield from nodes(schema["items"], f"{place}[]")
    if "additionalProperties" in schema:
        yield from nodes(schema["additionalProperties"], f"{place}{{}}[]")


PARTS = [
    (f"{name}:{part}", schema_of(name)["properties"][part])
    for name in MADE
    for part in ("spec", "status")
    if part in schema_of(name)["properties"]
]
ALL = [(place, node) for part, schema in PARTS for place, node in nodes(schema, part)]


def of_type(kind: str) -> list[tuple[str, dict[str, Any]]]:
    return [(place, node) for place, node in ALL if node.get("type") == kind]


def test_the_walk_sees_the_whole_schema() -> None:
    places = {place for place, _ in ALL}
    assert {
        "parametersyncs.paramsync.dev:spec.targets[].types[]",
        "parametersyncs.paramsync.dev:status.conditions[].message",
        "clusterparameterstores.paramsync.dev:spec.access[].paths[]",
        "clusterparameterstores.paramsync.dev:spec.access[].namespaceSelector.matchLabels{}[]",
        "parameterstores.paramsync.dev:spec.sessionTags{}[]",
    } <= places


@pytest.mark.parametrize("name", MADE)
def test_the_file_is_what_the_models_say(name: str) -> None:
    assert yaml.safe_load((CRDS / f"{name}.yaml").read_text()) == MADE[name]


def test_there_is_a_file_for_every_definition_and_no_other() -> None:
    assert {path.name for path in CRDS.iterdir()} == {f"{name}.yaml" for name in MADE}


@pytest.mark.parametrize("name", MADE)
def test_a_definition_is_small_enough_for_kubectl_apply(name: str) -> None:
    assert (CRDS / f"{name}.yaml").stat().st_size < 250_000


def test_no_spec_has_a_default() -> None:
    assert [place for place, node in ALL if ":spec" in place and "default" in node] == []


def test_every_string_has_a_bound() -> None:
    assert [place for place, node in of_type("string") if not (node.get("maxLength") or node.get("enum"))] == []


def test_every_list_has_a_bound() -> None:
    assert [place for place, node in of_type("array") if not node.get("maxItems")] == []


def test_lists_are_atomic_and_conditions_a_map_by_type() -> None:
    kinds = {
        place: (node["x-kubernetes-list-type"], node.get("x-kubernetes-list-map-keys"))
        for place, node in of_type("array")
    }
    for name in MADE:
        assert kinds.pop(f"{name}:status.conditions") == ("map", ["type"])
    assert set(kinds.values()) == {("atomic", None)}


def test_every_map_has_a_bound_and_rules_for_its_keys() -> None:
    maps = [(place, node) for place, node in of_type("object") if "additionalProperties" in node]
    assert len(maps) == 11
    assert [place for place, node in maps if not node.get("maxProperties")] == []
    assert [place for place, node in maps if "x-kubernetes-validations" not in node] == []


def test_other_objects_have_known_fields_only() -> None:
    objects = [(place, node) for place, node in of_type("object") if "additionalProperties" not in node]
    assert [place for place, node in objects if not set(node.get("required", ())) <= set(node["properties"])] == []


@pytest.mark.parametrize("name", ["parametersyncs.paramsync.dev", "parameterstores.paramsync.dev"])
def test_no_field_of_a_namespaced_kind_names_a_namespace(name: str) -> None:
    places = [place for place, _ in nodes(schema_of(name)["properties"]["spec"], "spec")]
    assert [place for place in places if "namespace" in place.lower()] == []


def test_every_schema_is_structural() -> None:
    refused = {"$ref", "$defs", "anyOf", "allOf", "oneOf", "title", "const", "propertyNames", "patternProperties"}
    assert {node["type"] for _, node in ALL if "type" in node} == {"string", "integer", "boolean", "array", "object"}
    untyped = [place for place, node in ALL if "type" not in node and not node.get("x-kubernetes-int-or-string")]
    assert untyped == []
    assert [place for place, node in ALL if refused & node.keys()] == []


def test_every_field_is_described() -> None:
    texts = {place: node.get("description", "") for place, node in ALL if not place.endswith("[]")}
    assert [place for place, text in texts.items() if not text.endswith((".", " entries"))] == []
    assert [place for place, text in texts.items() if "\n" in text or "``" in text] == []


@pytest.mark.parametrize("name", MADE)
def test_the_kinds_are_described(name: str) -> None:
    assert schema_of(name)["description"].endswith(".")


def test_every_rule_has_a_message() -> None:
    rules = [rule for _, node in ALL for rule in node.get("x-kubernetes-validations", [])]
    assert len(rules) == 37
    assert all(rule.keys() == {"rule", "message"} and "self" in rule["rule"] for rule in rules)


def test_the_names_are_what_users_type() -> None:
    assert {
        name: (made["spec"]["scope"], made["spec"]["names"]["kind"], made["spec"]["names"]["shortNames"])
        for name, made in MADE.items()
    } == {
        "parametersyncs.paramsync.dev": ("Namespaced", "ParameterSync", ["psync"]),
        "clusterparameterstores.paramsync.dev": ("Cluster", "ClusterParameterStore", ["cpstore"]),
        "parameterstores.paramsync.dev": ("Namespaced", "ParameterStore", ["pstore"]),
    }


@pytest.mark.parametrize("name", MADE)
def test_every_kind_is_served_in_one_version_and_in_our_category(name: str) -> None:
    spec = MADE[name]["spec"]
    assert MADE[name]["metadata"]["name"] == f"{spec['names']['plural']}.{spec['group']}" == name
    assert spec["group"] == "paramsync.dev"
    assert spec["names"]["categories"] == ["paramsync"]
    assert [(each["name"], each["served"], each["storage"]) for each in spec["versions"]] == [("v1alpha1", True, True)]


def test_the_columns_of_a_sync() -> None:
    (version,) = MADE["parametersyncs.paramsync.dev"]["spec"]["versions"]
    columns = [(each["name"].upper(), each.get("priority", 0)) for each in version["additionalPrinterColumns"]]
    assert [name for name, priority in columns if priority == 0] == [
        "READY",
        "REASON",
        "PARAMETERS",
        "SECURE",
        "CHANGED",
        "AGE",
    ]
    assert [name for name, priority in columns if priority == 1] == ["SOURCES", "STORE"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.plural)
def test_every_column_shows_a_field_that_exists(kind: Any) -> None:
    schema = schema_of(f"{kind.plural}.paramsync.dev")
    for column in kind.columns:
        part, *rest = column.path.removeprefix(".").split("[")[0].split(".")
        if part != "metadata":
            assert rest[0] in schema["properties"][part]["properties"]


def test_a_fresh_sync_is_not_mistaken_for_a_healthy_one() -> None:
    schema = schema_of("parametersyncs.paramsync.dev")
    assert schema["properties"]["status"]["default"] == FRESH_STATUS
    fresh = SyncStatus.model_validate(FRESH_STATUS)
    assert fresh.observed_generation == -1
    assert [(each.type, each.status, each.reason) for each in fresh.conditions] == [("Ready", "Unknown", "Pending")]


@pytest.mark.parametrize("name", MADE)
def test_a_status_is_a_subresource(name: str) -> None:
    (version,) = MADE[name]["spec"]["versions"]
    assert version["subresources"] == {"status": {}}


@pytest.mark.parametrize("name", ["clusterparameterstores.paramsync.dev", "parameterstores.paramsync.dev"])
def test_the_columns_of_a_store(name: str) -> None:
    (version,) = MADE[name]["spec"]["versions"]
    columns = [(each["name"].upper(), each.get("priority", 0)) for each in version["additionalPrinterColumns"]]
    always = ["READY", "REASON", "ACCOUNT", "REGION", "SYNCS", "AGE"]
    assert [column for column, priority in columns if priority == 0] == always
    assert next(column for column, priority in columns if priority == 1) == "IDENTITY"


def test_a_union_cannot_be_defined() -> None:
    with pytest.raises(TypeError, match="no unions"):
        _inlined({"anyOf": [{"type": "string"}, {"type": "integer"}]}, {})
