"""Regular expressions that users write: RE2, which takes time in proportion to the text and memory up to a bound."""

from functools import cache
from typing import Any, Final, Protocol

MOST_MEMORY: Final = 256 * 1024
"""In bytes, for one expression and what it remembers of texts. RE2 keeps the last 128."""


class Regex(Protocol):
    """An expression that is ready to be used."""

    @property
    def programsize(self) -> int:
        """The number of its instructions: at worst, each is looked at for each byte of a text."""

    def search(self, text: bytes) -> object | None:
        """What it finds anywhere in a UTF-8 text. ``$`` is the end of the text, and no line break before it."""


def compiled(pattern: str) -> Regex:
    """An expression in RE2's syntax, as CEL and Go have it.

    :raises ValueError: if it is none, or takes more memory than it may; the error does not quote it.
    """
    re2 = _re2()
    options = re2.Options()
    options.max_mem = MOST_MEMORY
    options.log_errors = False
    # What groups find nobody asks, and to keep it takes three times as many instructions.
    options.never_capture = True
    try:
        made: Regex = re2.compile(pattern, options)
    except re2.error:
        pass
    else:
        return made
    raise ValueError("not a regular expression of RE2, or too large a one")


def is_regex(pattern: str) -> bool:
    """Whether a text is a regular expression that can be used."""
    try:
        compiled(pattern)
    except ValueError:
        return False
    return True


@cache
def _re2() -> Any:
    # Loading it takes 2.6 MiB, which nobody has to give who writes no expression.
    import re2  # noqa: PLC0415

    return re2
