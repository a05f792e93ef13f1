"""Texts into which values are put: ``${db/host}``, with filters ``${db/password|urlquote}``; ``$$`` is a dollar sign.

There is nothing else in them, no logic and no lookup, and a value that is put in is not looked at again.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from paramsync.api.fields import is_segment

from .filters import FILTERS

MOST_FILTERS: Final = 4
"""Of one reference. Each may make a value several times as long."""

_DOLLAR: Final = re.compile(r"\$(?:\$|\{([^{}$]*)\})?")


class TooLong(Exception):  # noqa: N818
    """A text would be longer than it may be."""


class UnfitValue(Exception):  # noqa: N818
    """A value is no text, and was put where only text can be."""

    def __init__(self, relative: str) -> None:
        super().__init__(f"the value of {relative} is no text")
        self.relative: Final = relative


@dataclass(frozen=True, slots=True)
class Reference:
    """A place in a template that a value is put into."""

    relative: str
    filters: tuple[str, ...] = ()

    def filled(self, value: bytes) -> str:
        """What stands there.

        :raises UnfitValue: if it would not be text.
        """
        with suppress(UnicodeDecodeError):  # it quotes the value
            for name in self.filters:
                value = FILTERS[name](value)
            return value.decode()
        raise UnfitValue(self.relative)


@dataclass(frozen=True, slots=True)
class Template:
    """A text with references."""

    text: str
    parts: tuple[str | Reference, ...]

    @property
    def references(self) -> tuple[str, ...]:
        """The relative names that it refers to, each once, in the order of the text."""
        return tuple(dict.fromkeys(part.relative for part in self.parts if isinstance(part, Reference)))

    def render(self, values: Mapping[str, bytes], most: int) -> str:
        """The text with values put in.

        :param values: one for every reference, by relative name.
        :param most: characters of the text.
        :raises UnfitValue: if one is no text and nothing makes it one.
        :raises TooLong: as soon as the text is too long.
        """
        made: list[str] = []
        length = 0
        for part in self.parts:
            made.append(part if isinstance(part, str) else part.filled(values[part.relative]))
            length += len(made[-1])
            if length > most:
                raise TooLong
        return "".join(made)

    def hidden(self, values: Mapping[str, bytes], secure: Collection[str]) -> str | None:
        """The text with something else in the place of secure values, which does to a JSON document what they do,
        whatever they are; None if what they do depends on what they are.

        :param values: the others, by relative name.
        :param secure: the relative names of those that are not to be looked at.
        :raises UnfitValue: if one of the others is no text and nothing makes it one.
        """
        made: list[str] = []
        for part in self.parts:
            if isinstance(part, str) or part.relative not in secure:
                made.append(part if isinstance(part, str) else part.filled(values[part.relative]))
            elif part.filters[-1:] == ("json",):
                made.append('"Q"')
            elif part.filters[-1:] in (("base64",), ("urlquote",)):
                made.append("Q")  # only within a string is it JSON, and not behind a backslash
            else:
                return None
        return "".join(made)


def parse(text: str) -> Template:
    """Read a template.

    :raises ValueError: with the place and what to write instead.
    """
    return Template(text, tuple(_parts(text)))


def _parts(text: str) -> Iterator[str | Reference]:
    end = 0
    for found in _DOLLAR.finditer(text):
        yield text[end : found.start()]
        end = found.end()
        if found[0] == "$$":
            yield "$"
        elif found[1] is None:
            raise ValueError(
                f"at character {found.start() + 1}: write $$ for a dollar sign, or ${{db/host}} for a value"
            )
        else:
            yield _reference(found[1], found.start() + 1)
    yield text[end:]


def _reference(inside: str, at: int) -> Reference:
    relative, *filters = inside.split("|")
    if not all(map(is_segment, relative.split("/"))):
        raise ValueError(f"at character {at}: ${{{inside}}} names no parameter below a source's path, such as db/host")
    unknown = next((name for name in filters if name not in FILTERS), None)
    if unknown is not None:
        raise ValueError(f"at character {at}: there is no filter {unknown!r}; there are {', '.join(sorted(FILTERS))}")
    if len(filters) > MOST_FILTERS:
        raise ValueError(
            f"at character {at}: ${{{relative}|…}} has {len(filters)} filters, and {MOST_FILTERS} are allowed"
        )
    return Reference(relative, tuple(filters))
