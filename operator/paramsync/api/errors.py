"""What is wrong with an object, in words that do not quote it."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .fields import HINTS

MOST = 5

EITHER: Final = "int_or_text"
"""What is told of a value that is neither a whole number nor a text, where both may stand. Pydantic tells of each."""

_BRANCHES: Final = frozenset({("maxRemovals", "int"), ("maxRemovals", "str")})
"""What pydantic makes of the place of such a value."""

_WANTED: Final[Mapping[str, str]] = {
    **dict.fromkeys(("bool_type", "bool_parsing"), "true or false"),
    **dict.fromkeys(
        ("int_type", "int_parsing", "int_parsing_size", "int_from_float", "finite_number"), "a whole number"
    ),
    "string_type": "a text",
    "string_unicode": "a text of whole characters",
    "tuple_type": "a list",
    **dict.fromkeys(("dict_type", "model_type"), "a map"),
    EITHER: "a whole number or a text",
}
"""What to write instead, in the words of YAML."""


def explain(error: ValidationError) -> str:
    """The places and messages of a validation error, never the input."""
    found = told(error)
    texts = [f"{place(each['loc'])}: {hint(each) or _words(each)}" for each in found[:MOST]]
    more = [f"and {len(found) - MOST} more"] if len(found) > MOST else []
    return "; ".join(texts + more)


def told(error: ValidationError, *, include_input: bool = False) -> list[ErrorDetails]:
    """The single errors. A list whose item is wrong is also said to be too short, for pydantic counts the items that
    passed: that is left out.

    :param include_input: whether what is wrong is in them; it is not to be shown.
    """
    errors = error.errors(include_url=False, include_input=include_input)
    inner = [each for each in errors if not any(_is_within(other["loc"], each["loc"]) for other in errors)]
    return list({(each["loc"], each["type"], each["msg"]): each for each in map(_joined, inner)}.values())


def _is_within(inner: tuple[int | str, ...], outer: tuple[int | str, ...]) -> bool:
    return len(inner) > len(outer) and inner[: len(outer)] == outer


def _joined(each: ErrorDetails) -> ErrorDetails:
    """The error of a branch as one of the whole."""
    if each["loc"][-2:] not in _BRANCHES:
        return each
    return {**each, "loc": each["loc"][:-1], "type": EITHER, "msg": ""}


def hint(error: ErrorDetails) -> str | None:
    """What to write instead of a text that does not match its pattern, where that is not said by a rule."""
    return HINTS.get(error.get("ctx", {}).get("pattern", ""))


def _words(each: ErrorDetails) -> str:
    context = each.get("ctx", {})
    match each["type"]:
        case wanted if wanted in _WANTED:
            return f"write {_WANTED[wanted]}"
        case "enum":
            return f"write {context['expected']}"
        case "too_short" | "too_long":
            unit = ("entry", "entries") if context["field_type"] == "Dictionary" else ("item", "items")
            return _within(context, *unit)
        case "string_too_short" | "string_too_long":
            return _within(context, "character", "characters")
        case "string_pattern_mismatch":
            return f"write a text that matches {context['pattern']}"
        case "greater_than_equal":
            return f"write a whole number of at least {context['ge']:,}"
        case "less_than_equal":
            return f"write a whole number of at most {context['le']:,}"
        case _:
            return each["msg"].removeprefix("Value error, ")


def _within(context: Mapping[str, Any], one: str, several: str) -> str:
    """What to write instead of too few or too many."""
    end, count = ("least", context["min_length"]) if "min_length" in context else ("most", context["max_length"])
    return f"write at {end} {count:,} {one if count == 1 else several}"


def place(location: tuple[int | str, ...]) -> str:
    """The path of a field."""
    place = ""
    for part in location:
        place += f"[{part}]" if isinstance(part, int) else f".{part}"
    return place.removeprefix(".") or "the whole"
