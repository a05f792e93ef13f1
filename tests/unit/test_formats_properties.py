"""Properties files, as Java and a Python library read them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import javaproperties
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from paramsync.core.shaping.formats.file import Item
from paramsync.core.shaping.formats.properties import PROPERTIES

from .readers import Reader, started, texts

files = st.dictionaries(
    (texts | st.text("abAB./-_", min_size=1, max_size=5)).map(lambda name: name.replace("/", ".")), texts, max_size=5
)


def rendered(values: dict[str, str]) -> str:
    return PROPERTIES.render([Item(name, value) for name, value in values.items()])


@pytest.fixture(scope="module")
def java() -> Iterator[Reader]:
    program = shutil.which("java")
    if program is None:
        pytest.skip("there is no java")
    with started([program, str(Path(__file__).with_name("ReadProperties.java"))]) as reader:
        yield reader


@pytest.mark.parametrize(
    ("relative", "value", "line"),
    [
        ("db/host", "db.example.com", "db.host=db.example.com"),
        ("a:b=c d#e!f\\g", "x", r"a\:b\=c\ d\#e\!f\\g=x"),
        ("url", "jdbc:x://h?a=b#c!", "url=jdbc:x://h?a=b#c!"),
        ("spaces", "  a b ", r"spaces=\  a b "),
        ("path", "C:\\new", r"path=C:\\new"),
        ("lines", "a\r\nb\n\tc\f", r"lines=a\r\nb\n\tc\f"),
        ("unicode", "ß\u2028😀\0\x7f", r"unicode=\u00df\u2028\ud83d\ude00\u0000\u007f"),
        ("empty", "", "empty="),
    ],
)
def test_an_entry(relative: str, value: str, line: str) -> None:
    assert rendered({relative: value}) == f"{line}\n"


@settings(max_examples=300)
@given(files)
@example({"": "", " ": " ", "#": "#", "!a": "!", "\\": "\\", "long": "ß\n" * 50_000})
def test_java_reads_what_was_written_from_bytes_and_from_text(java: Reader, values: dict[str, str]) -> None:
    assert java.entries(rendered(values)) == values


@settings(max_examples=300)
@given(files)
def test_a_python_library_reads_what_was_written(values: dict[str, str]) -> None:
    assert javaproperties.loads(rendered(values)) == values


@given(files)
def test_it_is_ascii_with_a_line_for_each_entry(values: dict[str, str]) -> None:
    text = rendered(values)
    assert text.isascii()
    assert len(text.splitlines()) == text.count("\n") == len(values)
