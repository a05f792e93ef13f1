"""Manifests checked without an API server: whether it would take them, and whether the operator would."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from pydantic import JsonValue, ValidationError

from paramsync.api.base import API_VERSION, GROUP, Model
from paramsync.api.definitions import KINDS, Schema, definitions
from paramsync.api.errors import place
from paramsync.api.sync import ParameterSync, ParameterSyncSpec
from paramsync.api.wording import Fault, faults

from .object_meta import identity_faults, other_faults
from .routing import routes

Location = tuple[int | str, ...]

MODELS: Final[Mapping[str, type[Model]]] = {kind.model.__name__: kind.model for kind in KINDS}
_PARTS: Final = ("apiVersion", "kind", "metadata", "spec", "status")


@dataclass(frozen=True, slots=True)
class Checked:
    """A manifest of one of our kinds, and what is wrong with it."""

    kind: str
    name: str
    namespace: str
    faults: tuple[Fault, ...]

    def __str__(self) -> str:
        where = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {where}{self.name or '(without a name)'}"


def is_ours(api_version: object) -> bool:
    """Whether an ``apiVersion`` is one of our group's."""
    return isinstance(api_version, str) and api_version.partition("/")[0] == GROUP


def checked(document: JsonValue, at: Location = ()) -> Iterator[Checked]:
    """The manifests of our kinds in a document, also in a List. Others are left out.

    :param at: where the document stands.
    """
    if not isinstance(document, dict):
        return
    kind, items = document.get("kind"), document.get("items")
    if isinstance(kind, str) and kind.endswith("List") and isinstance(items, list):
        for index, item in enumerate(items):
            yield from checked(item, (*at, "items", index))
    elif is_ours(document.get("apiVersion")):
        yield _checked(document, at)


def checked_identity(document: dict[str, JsonValue]) -> Checked:
    """A manifest of our group with what is wrong with its version, kind, name and namespace: whether there can be such
    an object at all. Its spec is not looked at."""
    return _made(document, (), (*_head(document), *identity_faults(document.get("metadata"))))


def _checked(document: dict[str, JsonValue], at: Location) -> Checked:
    return _made(document, at, [*_head(document)] or [*_body(document)])


def _made(document: dict[str, JsonValue], at: Location, found: Iterable[Fault]) -> Checked:
    kind, metadata = document.get("kind"), document.get("metadata")
    name, namespace = (_text(metadata, field) for field in ("name", "namespace"))
    placed = tuple(Fault((*at, *fault.location), fault.message) for fault in found)
    return Checked(kind if isinstance(kind, str) else "?", name, namespace, placed)


def _text(whole: JsonValue, field: str) -> str:
    found = whole.get(field) if isinstance(whole, dict) else None
    return found if isinstance(found, str) else ""


def _head(document: Mapping[str, JsonValue]) -> Iterator[Fault]:
    """What is wrong with version and kind."""
    if document["apiVersion"] != API_VERSION:
        yield Fault(("apiVersion",), f"there is no such version: write {API_VERSION}")
    kind = document.get("kind")
    if not isinstance(kind, str) or kind not in MODELS:
        yield Fault(("kind",), f"there is no such kind in {API_VERSION}: write one of {', '.join(MODELS)}")


def _body(document: dict[str, JsonValue]) -> Iterator[Fault]:
    metadata, kind = document.get("metadata"), _text(document, "kind")
    yield from (Fault((part,), f'unknown field "{part}"') for part in document if part not in _PARTS)
    yield from identity_faults(metadata)
    yield from other_faults(metadata)
    yield from _unknown(document.get("status"), _status_schemas()[kind], ("status",))
    given = {part: _without_nulls(document[part]) for part in ("spec",) if document.get(part) is not None}
    try:
        # As JSON: in Python's own mode a boolean may be written as text, which the API server refuses.
        made = MODELS[kind].model_validate_json(json.dumps(given), strict=True)
    except ValidationError as error:
        yield from faults(error)
        return
    if isinstance(made, ParameterSync):
        yield from _of_operator(made.spec, _text(metadata, "name"))


@cache
def _status_schemas() -> Mapping[str, Schema]:
    """The schemas of the statuses, by kind. The models of these leave out what they do not know."""
    specs = (definition["spec"] for definition in definitions().values())
    schemas = {spec["names"]["kind"]: spec["versions"][0]["schema"]["openAPIV3Schema"] for spec in specs}
    return {kind: schema["properties"]["status"] for kind, schema in schemas.items()}


def _unknown(value: JsonValue, schema: Schema, at: Location) -> Iterator[Fault]:
    """Fields that are not in the schema. Of a status, nothing else counts: it is dropped from what people apply."""
    if isinstance(value, dict):
        properties, any_other = schema.get("properties", {}), schema.get("additionalProperties")
        for field, part in value.items():
            below = properties.get(field, any_other)
            if below is None:
                yield Fault((*at, field), f'unknown field "{place((*at, field))}"')
            else:
                yield from _unknown(part, below, (*at, field))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _unknown(part, schema.get("items", {}), (*at, index))


def _without_nulls(value: JsonValue) -> JsonValue:
    """Without fields that hold nothing: the API server drops them."""
    if isinstance(value, dict):
        return {key: _without_nulls(part) for key, part in value.items() if part is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value


def _of_operator(spec: ParameterSyncSpec, name: str) -> Iterator[Fault]:
    """What the API server admits and the operator calls InvalidSpec."""
    try:
        routes(spec, name)
    except ValueError as error:
        yield Fault(("spec", "targets"), str(error).removeprefix("spec.targets: "))
