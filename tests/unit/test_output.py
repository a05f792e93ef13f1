"""How commands show what they found."""

import json
from collections.abc import Callable

import click
import pytest
import yaml
from click.testing import CliRunner

from paramsync.cli.output import Colour, Form, coloured, form_option, progress, show, table


@click.command()
@form_option
def command(form: Form) -> None:
    rows = [("A", coloured("ready", Colour.GOOD)), ("LONGER", None)]
    show(form, lambda: table(("KEY", "STATE"), rows), lambda: {"keys": ["A", "ü"], "count": 2})


def run(*arguments: str, colour: bool = False) -> str:
    result = CliRunner().invoke(command, arguments, color=colour)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_columns_stand_below_their_headers() -> None:
    lines = [line.rstrip() for line in run().splitlines()]
    assert lines == ["KEY     STATE", "A       ready", "LONGER"]


def test_colours_change_no_column(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[32mready\x1b[0m" in run(colour=True)
    assert click.unstyle(run(colour=True)).split() == run().split()
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in run(colour=True)


@pytest.mark.parametrize(("form", "load"), [("json", json.loads), ("YAML", yaml.safe_load)])
def test_a_program_reads_the_same(form: str, load: Callable[[str], object]) -> None:
    assert load(run("-o", form)) == {"keys": ["A", "ü"], "count": 2}


def test_numbers_are_shown_as_they_are() -> None:
    assert table(("NAME", "VERSION"), [("0123", 7), ("1e3", 10)]).splitlines()[1].split() == ["0123", "7"]


def test_progress_is_silent_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with progress() as told:
        told(3)
    assert capsys.readouterr() == ("", "")
