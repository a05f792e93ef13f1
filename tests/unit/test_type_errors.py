"""Errors of types say what to write in the words of YAML; in those of the API server, where it is asked instead."""

import json
import re
from collections.abc import Callable, Iterator

import pytest
from pydantic import BaseModel, JsonValue, ValidationError

from paramsync.api.errors import explain, told
from paramsync.api.stores import ClusterParameterStoreSpec, ParameterStoreSpec
from paramsync.api.sync import ParameterSyncSpec
from paramsync.api.wording import faults
from paramsync.core.routing import validated
from paramsync.runtime.settings import Settings

Location = tuple[int | str, ...]

TEXTS: dict[str, JsonValue] = {"a": "b"}
SELECTED: dict[str, JsonValue] = {"include": ["**"], "exclude": ["x"]}
KEYS: dict[str, JsonValue] = {"style": "Path", "separator": ".", "prefix": "A", "rename": {"db/host": "HOST"}}
ROLE = "arn:aws:iam::111122223333:role/a"
TARGET: dict[str, JsonValue] = SELECTED | {
    "kind": "Secret",
    "name": "a",
    "types": ["String"],
    "keys": KEYS,
    "stringList": "JSON",
    "files": [{"key": "a.json", "format": "JSON", "include": ["**"]}],
    "compose": {"A": "x"},
    "secretType": "Opaque",
    "metadata": {"labels": TEXTS, "annotations": TEXTS},
}
SOURCE: dict[str, JsonValue] = SELECTED | {
    "path": "/a",
    "optional": True,
    "recursive": True,
    "versionLabel": "live",
    "storeRef": {"kind": "ParameterStore", "name": "a"},
}
SYNC: dict[str, JsonValue] = {
    "sources": [SOURCE],
    "storeRef": {"kind": "ParameterStore", "name": "a"},
    "interval": "5m",
    "suspend": False,
    "mode": "Sync",
    "guard": {"maxRemovals": "20%"},
    "keys": KEYS,
    "stringList": "JSON",
    "expand": {"a": "JSON"},
    "decode": {"a": "Base64"},
    "contract": {"required": ["a"], "secure": ["a"], "plain": ["a"], "match": {"a": "^b$"}},
    "targets": [TARGET],
    "deletionPolicy": "Retain",
}  # fmt: skip
OWN: dict[str, JsonValue] = {
    "region": "eu-west-1",
    "roleArn": ROLE,
    "externalId": "abc",
    "sessionTags": {"a": "b"},
    "serviceAccountRef": {"name": "a"},
}
ACCESS: JsonValue = [{"namespaces": ["a"], "namespaceSelector": {"matchLabels": TEXTS}, "paths": ["/a"]}]
CLUSTER: dict[str, JsonValue] = {**OWN, "endpoint": "https://a", "access": ACCESS}
del CLUSTER["serviceAccountRef"]
SETTINGS: dict[str, JsonValue] = {
    "region": "eu-west-1",
    "stores": {"a": CLUSTER},
    "budget": {
        "requestsPerSecond": 5,
        "accounts": [{"account": "1" * 12, "region": "eu-west-1", "requestsPerSecond": 9}],
    },
    "maxDecryptedMiB": 5,
    "watchNamespaces": ["a"],
    "metrics": {"objects": True},
}
WHOLE: tuple[tuple[type[BaseModel], dict[str, JsonValue]], ...] = (
    (ParameterSyncSpec, SYNC),
    (ParameterStoreSpec, OWN),
    (ClusterParameterStoreSpec, CLUSTER),
    (Settings, SETTINGS),
)
OTHERS: tuple[JsonValue, ...] = (
    None, True, 5, -1, 10**30, 1.5, float("inf"), "", "hunter2", "9" * 5000, "\ud800", "x" * 5000, [], ["hunter2"],
    ["hunter2"] * 300, [5], {}, {"unknown": 5}, {"a": 5}, {f"a{number}": "b" for number in range(300)},
)  # fmt: skip

TYPES = {
    "bool_parsing": "write true or false",
    "bool_type": "write true or false",
    "dict_type": "write a map",
    "enum": "write '",
    "extra_forbidden": "Extra inputs are not permitted",
    "finite_number": "write a whole number",
    "greater_than_equal": "write a whole number of at least 1",
    "int_from_float": "write a whole number",
    "int_or_text": "write a whole number or a text",
    "int_parsing": "write a whole number",
    "int_parsing_size": "write a whole number",
    "int_type": "write a whole number",
    "less_than_equal": "write a whole number of at most ",
    "missing": "Field required",
    "model_type": "write a map",
    "string_pattern_mismatch": "write ",
    "string_too_long": "write at most ",
    "string_too_short": "write at least ",
    "string_type": "write a text",
    "string_unicode": "write a text of whole characters",
    "too_long": "write at most ",
    "too_short": "write at least 1 ",
    "tuple_type": "write a list",
    "value_error": "",
}
"""How what is said begins, by what pydantic calls the error."""

OF_PYTHON = re.compile(
    "Input should|[Tt]uple|dictionary|instance|after validation|String should|Value error|Invalid JSON"
)
OF_API_SERVER = (
    "Invalid value: ",
    "Required value",
    "unknown field ",
    "Unsupported value: ",
    "Too long: ",
    "Too many: ",
)


def locations(whole: JsonValue, at: Location = ()) -> Iterator[Location]:
    yield at
    parts = whole.items() if isinstance(whole, dict) else enumerate(whole) if isinstance(whole, list) else ()
    for part, value in parts:
        yield from locations(value, (*at, part))


def replaced(whole: JsonValue, at: Location, other: JsonValue) -> JsonValue:
    if not at:
        return other
    if isinstance(whole, dict):
        return {key: replaced(part, at[1:], other) if key == at[0] else part for key, part in whole.items()}
    assert isinstance(whole, list)
    return [replaced(part, at[1:], other) if index == at[0] else part for index, part in enumerate(whole)]


def errors(validate: Callable[[type[BaseModel], JsonValue], object]) -> Iterator[ValidationError]:
    """What pydantic raises of each field of each model with anything else in its place."""
    for model, whole in WHOLE:
        for at in locations(whole):
            for other in OTHERS:
                try:
                    validate(model, replaced(whole, at, other))
                except ValidationError as error:
                    yield error


def in_python(model: type[BaseModel], whole: JsonValue) -> object:
    return model.model_validate(whole)


def in_json(model: type[BaseModel], whole: JsonValue) -> object:
    """As the API server would look at it, which knows no settings file."""
    return model is Settings or model.model_validate_json(json.dumps(whole), strict=True)


def fields(model: type[BaseModel]) -> set[str]:
    """The fields of a model and of all in it, as they are written."""
    schema = model.model_json_schema(by_alias=True)
    parts = [schema, *schema.get("$defs", {}).values()]
    return {field for part in parts for field in part.get("properties", {})}


@pytest.mark.parametrize(("model", "whole"), WHOLE)
def test_the_wholes_are_whole_and_good(model: type[BaseModel], whole: JsonValue) -> None:
    written = {part for at in locations(whole) for part in at}
    assert fields(model) - written == set()


def test_every_error_that_there_can_be_is_said_in_words_of_yaml() -> None:
    seen = set()
    for error in errors(in_python):
        said = explain(error)
        assert OF_PYTHON.search(said) is None, said
        assert "hunter2" not in said, said
        for each in told(error):
            seen.add(each["type"])
            assert each["type"] in TYPES, each
    assert seen == set(TYPES)


def test_each_type_has_its_words() -> None:
    for error in errors(in_python):
        only = told(error)
        if len(only) == 1:
            (place, _, words) = explain(error).partition(": ")
            assert place
            assert words.startswith(TYPES[only[0]["type"]]), (only[0]["type"], words)


def test_the_api_servers_words_are_not_pydantics() -> None:
    for error in errors(in_json):
        for fault in faults(error):
            assert OF_PYTHON.search(fault.message) is None, fault
            assert fault.message.startswith(OF_API_SERVER), fault


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"sources": "nope"}, "spec: sources: write a list"),
        ({"sources": [{"path": "/a"}], "contract": []}, "spec: contract: write a map"),
        ({"sources": [{"path": "/a"}], "guard": {"maxRemovals": []}}, "spec: guard.maxRemovals: write a whole number"),
        ({"sources": [{"path": "/a"}], "expand": {"int": 5}}, "spec: expand.int: write 'JSON'"),
        ({"sources": [{"path": "/a"}], "keys": {"rename": {"int": 5}}}, "spec: keys.rename.int: write a text"),
        (None, "spec: the whole: write a map"),
    ],
)  # fmt: skip
def test_what_the_operator_says(spec: JsonValue, said: str) -> None:
    assert validated(spec, "app")[1].startswith(said)


def test_a_key_that_is_called_like_a_type_is_a_key() -> None:
    with pytest.raises(ValidationError) as caught:
        in_json(ParameterSyncSpec, {"sources": [{"path": "/a"}], "keys": {"rename": {"int": 5}}})
    assert [fault.field for fault in faults(caught.value)] == ["keys.rename.int"]
