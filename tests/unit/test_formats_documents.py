"""What docs/files.md shows is what is written."""

import json
import re
from pathlib import Path

import pytest

from paramsync.api.shaping import FileFormat
from paramsync.api.sync import ParameterType
from paramsync.core.shaping.formats.file import Item, UnfitFile
from paramsync.core.shaping.formats.registry import FORMATS

PAGE = (Path(__file__).parents[2] / "docs" / "files.md").read_text()
PARAMETERS = re.findall(r"^\| `([^`]+)` \| (\w+) \| `([^`]+)` \|$", PAGE, re.MULTILINE)
FORMS: list[tuple[str, str]] = re.findall(r'^\| `(".*?")` \| (`[^`]+`|refused|nothing) \|', PAGE, re.MULTILINE)
FILES = dict(re.findall(r"^## (\w+)\n\n```\w+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


def items(lists: bool) -> list[Item]:
    return [
        Item(relative, tuple(value.split(",")) if lists and kind == ParameterType.STRING_LIST else value)
        for relative, kind, value in PARAMETERS
    ]


def test_the_page_shows_every_format_and_type() -> None:
    assert set(FILES) == set(FileFormat)
    assert {kind for _, kind, _ in PARAMETERS} == set(ParameterType)


@pytest.mark.parametrize("name", FileFormat)
def test_an_example_is_what_is_written(name: FileFormat) -> None:
    assert FORMATS[name].render(items(FORMATS[name].has_lists)) == FILES[name]


@pytest.mark.parametrize(("value", "form"), FORMS, ids=[value for value, _ in FORMS])
def test_a_form_is_what_is_written(value: str, form: str) -> None:
    item = Item("a", json.loads(value))
    if form != "refused":
        assert FORMATS[FileFormat.DOTENV].render([item]) == f"A={form.strip('`').removeprefix('nothing')}\n"
        return
    with pytest.raises(UnfitFile):
        FORMATS[FileFormat.DOTENV].render([item])
    for name in set(FileFormat) - {FileFormat.DOTENV}:
        assert FORMATS[name].render([item])


def test_every_form_of_the_page_is_tried() -> None:
    rows = re.search(r"^\| value, as a JSON string .*?\n\n", PAGE, re.MULTILINE | re.DOTALL)
    assert rows is not None
    assert len(FORMS) == len(rows[0].strip().splitlines()) - 2 == 11
