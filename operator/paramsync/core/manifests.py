"""Manifests checked without an API server: whether it would take them, and whether the operator would."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue, ValidationError

from paramsync.api.base import API_VERSION, GROUP, Model
from paramsync.api.definitions import KINDS
from paramsync.api.fields import matches_whole
from paramsync.api.sync import ParameterSync, ParameterSyncSpec
from paramsync.api.wording import Fault, faults, type_of

from .routing import routes

Location = tuple[int | str, ...]

MODELS: Final[Mapping[str, type[Model]]] = {kind.model.__name__: kind.model for kind in KINDS}
_PARTS: Final = ("apiVersion", "kind", "metadata", "spec", "status")
_NAME: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_LONGEST_NAME: Final = 253
_SUBDOMAIN: Final = (
    "Invalid value: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and"
    " must start and end with an alphanumeric character"
)


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


def _checked(document: dict[str, JsonValue], at: Location) -> Checked:
    kind, metadata = document.get("kind"), document.get("metadata")
    name, namespace = (_text(metadata, field) for field in ("name", "namespace"))
    found = [*_head(document)] or [*_body(document, MODELS[_text(document, "kind")], name)]
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


def _body(document: dict[str, JsonValue], model: type[Model], name: str) -> Iterator[Fault]:
    yield from (Fault((part,), f'unknown field "{part}"') for part in document if part not in _PARTS)
    yield from _metadata(document.get("metadata"))
    given = {part: _without_nulls(document[part]) for part in ("spec",) if document.get(part) is not None}
    try:
        # As JSON: in Python's own mode a boolean may be written as text, which the API server refuses.
        made = model.model_validate_json(json.dumps(given), strict=True)
    except ValidationError as error:
        yield from faults(error)
        return
    if isinstance(made, ParameterSync):
        yield from _of_operator(made.spec, name)


def _metadata(metadata: JsonValue) -> Iterator[Fault]:
    """What is wrong with the name, labels and annotations."""
    if not isinstance(metadata, dict) or not (metadata.get("name") or metadata.get("generateName")):
        yield Fault(("metadata", "name"), "Required value: name or generateName is required")
        return
    name = metadata.get("name")
    if name is not None and not isinstance(name, str):
        yield Fault(("metadata", "name"), f"must be a string, and is of type {type_of(name)}")
    elif name and (len(name) > _LONGEST_NAME or not matches_whole(_NAME, name)):
        yield Fault(("metadata", "name"), _SUBDOMAIN)
    for part in ("labels", "annotations"):
        texts = metadata.get(part)
        for key, text in texts.items() if isinstance(texts, dict) else ():
            if not isinstance(text, str):
                found = type_of(text)
                yield Fault(("metadata", part, key), f"must be a string, and is of type {found}: put it into quotes")


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
