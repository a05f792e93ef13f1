"""Every command line of paramsync in the documentation is one that the command takes."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from paramsync.cli.main import main

ROOT = Path(__file__).parents[2]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"])
LINE = re.compile(r"^ *(?:\$ )?(?:.* \| *)?(paramsync(?: [^|`]*)?)(?:\|.*)?$")
ASIDE = re.compile(r"`(paramsync [^`]*)`")


def lines(page: Path) -> Iterator[str]:
    """The commands of a page: those on lines of their own, indented or in blocks, and those in its text."""
    text = page.read_text()
    yield from (match[1].strip() for line in text.splitlines() if line.startswith(" ") and (match := LINE.match(line)))
    yield from (match.replace("\n", " ") for match in ASIDE.findall(text))


FOUND = [(page.relative_to(ROOT), line) for page in PAGES for line in lines(page)]


@pytest.mark.parametrize("line", [line for _, line in FOUND], ids=[f"{page}: {line}" for page, line in FOUND])
def test_a_command_and_its_options_are_there(line: str) -> None:
    _, *arguments = [word for word in shlex.split(line) if word != "…"]
    context = click.Context(main, info_name="paramsync", resilient_parsing=True)
    if not arguments or arguments[0].startswith("-"):
        main.make_parser(context).parse_args(arguments)
        return
    name, command, rest = main.resolve_command(context, arguments)
    assert command is not None, f"there is no command {name}"
    _, left, _ = command.make_parser(click.Context(command, info_name=name)).parse_args(rest)
    assert left == [], "more arguments than it takes"


def test_the_page_on_operations_is_among_them() -> None:
    told = {line.split()[1] for page, line in FOUND if page.name == "cli-operations.md" and len(line.split()) > 1}
    assert {"explain", "approve", "refresh", "suspend", "resume", "doctor", "validate"} <= told
