"""What is wrong with an object, in words that do not quote it."""

from pydantic import ValidationError

MOST = 5


def explain(error: ValidationError) -> str:
    """The places and messages of a validation error, never the input."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    texts = [f"{_place(each['loc'])}: {each['msg'].removeprefix('Value error, ')}" for each in found[:MOST]]
    more = [f"and {len(found) - MOST} more"] if len(found) > MOST else []
    return "; ".join(texts + more)


def _place(location: tuple[int | str, ...]) -> str:
    place = ""
    for part in location:
        place += f"[{part}]" if isinstance(part, int) else f".{part}"
    return place.removeprefix(".") or "the whole"
