"""cosign's command line: which commands there are, which options each has, and which of those need a value.

It is what the reference of the version in `tests/programs/cosign/go.mod` says, which leaves out deprecated options. It
does not say which options cosign needs together, how many images, or what it makes of values: `tests/release` holds the
page's against those of the script that signs, and every release runs that.
"""

import re
from pathlib import Path
from typing import Final

import click

OPTION: Final = re.compile(r"^ +(?:(-\w), )?(--[\w-]+)(?: (\S+))?(?: {2,}|$)", re.MULTILINE)
"""The letter, the name, and the kind of its value; one without a value has none."""

KINDS: Final = {"int": click.INT}
"""Kinds of values that are more than a text."""


def check(arguments: list[str], reference: Path) -> None:
    """Read a command line, and do nothing.

    :param reference: the directory with cosign's pages.

    Raises click.UsageError.
    """
    names = _names(arguments, reference)
    called = " ".join(["cosign", *names])
    page = (reference / f"{called.replace(' ', '_')}.md").read_text()
    if f"\n{called} [flags]\n" not in page:
        raise click.UsageError(f"{called} has no command {' '.join(arguments[len(names) :])}")
    # Told that an option is no flag, click would let it come without its value.
    options = [
        click.Option([*filter(None, (letter, name))], is_flag=not kind or None, type=KINDS.get(kind))
        for letter, name, kind in OPTION.findall(page)
    ]
    rest = click.Argument(["rest"], nargs=-1)
    click.Command(called, params=[*options, rest], add_help_option=False).make_context(called, arguments[len(names) :])


def _names(arguments: list[str], reference: Path) -> list[str]:
    """The words with which a command line begins that name a command."""
    pages = {page.stem for page in reference.glob("*.md")}
    names: list[str] = []
    for word in arguments:
        if "_".join(["cosign", *names, word]) not in pages:
            break
        names.append(word)
    return names
