"""What is wrong with a manifest, in the words in which the API server refuses it, without what stands there."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .errors import hint, place, told


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a field."""

    location: tuple[int | str, ...]
    message: str

    @property
    def field(self) -> str:
        """The path of the field, as the API server writes it."""
        return place(self.location)


_TYPES: Final = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
_WANTED: Final = {
    "bool_type": "boolean",
    "int_type": "integer",
    "string_type": "string",
    "tuple_type": "array",
    "dict_type": "object",
    "model_type": "object",
}
_QUOTED: Final = re.compile(r"'([^']*)'")
_BRANCHES: Final = frozenset({"int", "str"})
"""What pydantic adds to the place of a value that may be one or the other."""


def faults(error: ValidationError) -> tuple[Fault, ...]:
    """What is wrong, field by field."""
    return tuple(dict.fromkeys(_faults(error)))


def _faults(error: ValidationError) -> Iterator[Fault]:
    for each in told(error, include_input=True):
        location = each["loc"]
        if each["type"] in _WANTED and len(location) > 1 and location[-1] in _BRANCHES:
            yield _of_type(location[:-1], "integer or string", each)
        else:
            yield _fault(each)


def _fault(each: ErrorDetails) -> Fault:
    location, context = each["loc"], each.get("ctx", {})
    where = place(location)
    match each["type"]:
        case "missing":
            words = "Required value"
        case "extra_forbidden":
            words = f'unknown field "{where}"'
        case "enum" | "literal_error":
            words = f"Unsupported value: supported values: {_supported(context)}"
        case "string_too_long":
            words = f"Too long: may not be more than {context['max_length']} bytes"
        case "too_long":
            words = f"Too many: must have at most {context['max_length']} items"
        case "string_too_short":
            words = f"Invalid value: {where} in body should be at least {context['min_length']} chars long"
        case "too_short":
            what = "properties" if context["field_type"] == "Dictionary" else "items"
            words = f"Invalid value: {where} in body should have at least {context['min_length']} {what}"
        case "string_pattern_mismatch":
            instead = f": {told_instead}" if (told_instead := hint(each)) else ""
            words = f"Invalid value: {where} in body should match '{context['pattern']}'{instead}"
        case "value_error":
            words = f"Invalid value: {each['msg'].removeprefix('Value error, ')}"
        case wanted if wanted in _WANTED:
            return _of_type(location, _WANTED[wanted], each)
        case _:
            words = f"Invalid value: {each['msg']}"
    return Fault(location, words)


def _of_type(location: tuple[int | str, ...], wanted: str, each: ErrorDetails) -> Fault:
    found = type_of(each["input"])
    return Fault(location, f'Invalid value: "{found}": {place(location)} in body must be of type {wanted}: "{found}"')


def type_of(value: object) -> str:
    """The type of a value, as the API server calls it."""
    return _TYPES.get(type(value), "null")


def _supported(context: Mapping[str, Any]) -> str:
    return ", ".join(f'"{word}"' for word in _QUOTED.findall(context["expected"]))
