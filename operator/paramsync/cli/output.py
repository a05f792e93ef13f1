"""How commands show what they found: a table for people, JSON or YAML for programs; and how far a read has come."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

import click

if TYPE_CHECKING:
    from pydantic import JsonValue

    from paramsync.core.reasons import Reason

P = ParamSpec("P")
R = TypeVar("R")
Command = Callable[P, R]


READING: Final = "Reading pages"
WIDEST: Final = 36
"""Columns of a bar, where there is room."""

_COLOURS: Final = re.compile("(\x1b\\[[0-9;]*m)")


class Form(StrEnum):
    """How something is shown."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


class Colour(StrEnum):
    """What a colour says."""

    GOOD = "green"
    CHANGED = "yellow"
    BAD = "red"
    FAINT = "bright_black"


def form_option(command: Command[P, R]) -> Command[P, R]:
    """Adds ``--output``; the command gets it as ``form``."""
    return click.option(
        "-o",
        "--output",
        "form",
        type=click.Choice(Form, case_sensitive=False),
        default=Form.TABLE,
        show_default=True,
        help="How it is shown.",
    )(command)


def coloured(text: str, colour: Colour) -> str:
    """The text in a colour. What is written to a file or a pipe loses it again, and so it does under ``NO_COLOR``."""
    return text if os.environ.get("NO_COLOR") else click.style(text, fg=colour)


def printable(text: str) -> str:
    """A text that others wrote, on one line and without what would steer a terminal; colours stay."""
    if text.isprintable():
        return text
    parts = _COLOURS.split(text)  # every second one is a colour
    return "".join(part if index % 2 else _one_line(part) for index, part in enumerate(parts))


def _one_line(text: str) -> str:
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def told(reason: Reason, message: str) -> str:
    """A problem, on one line."""
    from paramsync.core.reasons import Nature

    return f"{coloured(reason, Colour.CHANGED if reason.nature is Nature.GOOD else Colour.BAD)}: {printable(message)}"


def table(headers: Sequence[str], rows: Sequence[Sequence[object]], *, indents: bool = False) -> str:
    """Columns as kubectl shows them; a cell that is None is empty.

    :param indents: whether a cell keeps the spaces that it begins with.
    """
    from tabulate import tabulate

    return tabulate(
        [[None if cell is None else printable(str(cell)) for cell in row] for row in rows],
        list(headers),
        tablefmt="plain",
        disable_numparse=True,
        preserve_whitespace=indents,
    )


def document(found: JsonValue, form: Form) -> str:
    """The text of a document, as JSON or YAML."""
    import json

    text = json.dumps(found, indent=2, ensure_ascii=False)
    if form is Form.JSON:
        return text
    import yaml

    # By way of JSON: YAML does not take a word of a closed list for the text that it is.
    return yaml.safe_dump(json.loads(text), sort_keys=False, allow_unicode=True, width=110).rstrip("\n")


def show(form: Form, as_table: Callable[[], str], as_document: Callable[[], JsonValue]) -> None:
    """Show something in the form that was asked for; only that is put together."""
    text = as_table() if form is Form.TABLE else document(as_document(), form)
    if text:
        click.echo(text)


@contextmanager
def progress() -> Iterator[Callable[[int], None]]:
    """A bar on the standard error output, and the number of pages, while pages are read of which nobody knows how many.

    Nothing is shown if that is no terminal.

    :returns: what is to be told how many more have been read.
    """
    if not sys.stderr.isatty():
        yield lambda _more: None
        return
    pages: tuple[object, ...] = ()
    unknown = (page for page in pages)  # of what has a length, click would know that it is at its end
    columns = os.get_terminal_size(sys.stderr.fileno()).columns or 80  # 0: the terminal does not know
    width = min(max(columns - len(f"{READING}  []  1000000"), 1), WIDEST)
    with click.progressbar(unknown, label=READING, show_pos=True, width=width, file=sys.stderr) as bar:
        yield bar.update
