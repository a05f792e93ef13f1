"""What applications count on: which names there must be, what must be secure, and what values look like."""

from typing import Annotated

from pydantic import Field

from .base import Model, Rule
from .fields import Glob
from .regexes import is_regex
from .shaping import GLOBS

Pattern = Annotated[
    str,
    Field(min_length=1, max_length=512),
    Rule(
        # What is found does not matter; an expression that is none is an error, and so refused.
        cel="type(''.matches(self)) == bool",
        holds=is_regex,
        message=(
            "write a regular expression of RE2, such as ^[0-9]+$: no look-around, no back references, repetitions up"
            " to 1000, and not too large in all"
        ),
    ),
]
"""A regular expression."""

Match = Annotated[dict[str, Pattern], Field(min_length=1, max_length=32), GLOBS]
"""Regular expressions by a pattern for relative names."""


class Contract(Model):
    """What must be true of the parameters before anything is written."""

    required: Annotated[tuple[Glob, ...], Field(min_length=1, max_length=32)] | None = None
    """Which parameters there must be, by their names below the source's path: each pattern must match at least one."""

    secure: Annotated[tuple[Glob, ...], Field(min_length=1, max_length=32)] | None = None
    """Which parameters must be SecureStrings, as far as they are there: **/password."""

    match: Match | None = None
    """What plain values must look like, as regular expressions (RE2) by a pattern for their names: db/port: ^[0-9]+$.
    An expression may match anywhere in the value: begin it with ^ and end it with $ to speak of the whole.
    SecureStrings are never looked into."""

    plain: Annotated[tuple[Glob, ...], Field(min_length=1, max_length=32)] | None = None
    """Which parameters are known to be no credentials: they are not reported as LooksSecret, whatever they look
    like."""
