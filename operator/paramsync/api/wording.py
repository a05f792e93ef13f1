"""What is wrong with a manifest, in the words in which the API server refuses it, without what stands there."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .errors import EITHER, hint, place, told


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
    **dict.fromkeys(("int_type", "int_from_float"), "integer"),
    "string_type": "string",
    "tuple_type": "array",
    "dict_type": "object",
    "model_type": "object",
    EITHER: "integer or string",
}
_QUOTED: Final = re.compile(r"'([^']*)'")


def faults(error: ValidationError) -> tuple[Fault, ...]:
    """What is wrong, field by field."""
    return tuple(dict.fromkeys(map(_fault, told(error, include_input=True))))


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
        case "json_invalid" if "recursion" in context["error"]:
            words = "Invalid value: it is nested too deeply"
        case "json_invalid":
            words = "Invalid value: a text has half of a character, a surrogate without the other"
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
