"""What is wrong with an object, in words that do not quote it."""

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .fields import HINTS

MOST = 5


def explain(error: ValidationError) -> str:
    """The places and messages of a validation error, never the input."""
    found = told(error)
    texts = [f"{place(each['loc'])}: {hint(each) or _words(each['msg'])}" for each in found[:MOST]]
    more = [f"and {len(found) - MOST} more"] if len(found) > MOST else []
    return "; ".join(texts + more)


def told(error: ValidationError, *, include_input: bool = False) -> list[ErrorDetails]:
    """The single errors. A list whose item is wrong is also said to be too short, for pydantic counts the items that
    passed: that is left out.

    :param include_input: whether what is wrong is in them; it is not to be shown.
    """
    errors = error.errors(include_url=False, include_input=include_input)
    return [each for each in errors if not any(_is_within(other["loc"], each["loc"]) for other in errors)]


def _is_within(inner: tuple[int | str, ...], outer: tuple[int | str, ...]) -> bool:
    return len(inner) > len(outer) and inner[: len(outer)] == outer


def hint(error: ErrorDetails) -> str | None:
    """What to write instead of a text that does not match its pattern, where that is not said by a rule."""
    return HINTS.get(error.get("ctx", {}).get("pattern", ""))


def _words(message: str) -> str:
    return message.removeprefix("Value error, ").replace("Tuple should", "List should")


def place(location: tuple[int | str, ...]) -> str:
    """The path of a field."""
    place = ""
    for part in location:
        place += f"[{part}]" if isinstance(part, int) else f".{part}"
    return place.removeprefix(".") or "the whole"
