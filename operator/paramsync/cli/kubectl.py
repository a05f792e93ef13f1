"""``kubectl paramsync``: kubectl runs a program of that name, and asks another one how a line may go on."""

import sys
from typing import Final

import click
from click.shell_completion import ShellComplete

from .main import main, program

NAME: Final = "kubectl paramsync"

NO_FILES, FILES = 4, 0
"""What kubectl takes from the last line of an answer (ShellCompDirective of Cobra): whether files may follow."""


def plugin() -> None:
    """The program ``kubectl-paramsync``."""
    program(NAME)


def complete() -> None:
    """The program ``kubectl_complete-paramsync``: a line for each word that may follow, with what it means."""
    *before, unfinished = sys.argv[1:] or [""]
    # What has been said and not yet been ended by a space is the last word, also of an option that wants a value.
    found = ShellComplete(main, {}, NAME, "").get_completions(before, unfinished)
    words = [each for each in found if each.type == "plain"]
    for each in words:
        click.echo(f"{each.value}\t{each.help}" if each.help else each.value)
    click.echo(f":{FILES if len(words) < len(found) else NO_FILES}")
