"""YAML files, as readers of YAML 1.1 and of 1.2 take them."""

from io import StringIO

import pytest
import ruamel.yaml
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from paramsync.core.shaping.formats.file import Item, UnfitFile
from paramsync.core.shaping.formats.yaml import YAML

from .readers import WORDS, leaves, nestings, texts

files = nestings(texts | st.lists(texts, max_size=3).map(tuple))
Values = dict[str, str | tuple[str, ...]]


def rendered(values: Values) -> str:
    return YAML.render([Item(name, value) for name, value in values.items()])


def newer(text: str) -> object:
    """As YAML 1.2 has it."""
    return ruamel.yaml.YAML(typ="safe", pure=True).load(StringIO(text))


def test_a_file() -> None:
    values: Values = {"db/host": "h", "db/read/host": "r", "list": ("a", "no"), "no": "no", "none": ()}
    assert rendered(values) == (
        '"db":\n  "host": "h"\n  "read":\n    "host": "r"\n"list":\n  - "a"\n  - "no"\n"no": "no"\n"none": []\n'
    )


def test_what_yaml_cannot_hold_is_escaped() -> None:
    value = 'ß😀"\\\n\t\0\x7f\x85\u2028\u2029\ufeff\ufffe\uffff'
    assert rendered({"a": value}) == (
        '"a": "ß😀\\"\\\\\\n\\t\\u0000\\u007f\\u0085\\u2028\\u2029\\ufeff\\ufffe\\uffff"\n'
    )


@settings(max_examples=200)
@given(files)
@example({word: word for word in WORDS})
@example({"a" * 1000: "x\n " * 20_000, "/".join("a" * 60): "x"})
def test_readers_of_both_versions_read_what_was_written(values: Values) -> None:
    text = rendered(values)
    expected = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    assert leaves(yaml.safe_load(text) or {}) == expected
    assert leaves(newer(text)) == expected


@given(files)
def test_the_c_parser_reads_what_was_written(values: Values) -> None:
    expected = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    assert leaves(yaml.load(rendered(values), Loader=yaml.CSafeLoader)) == expected


@pytest.mark.parametrize("segment", ["a" * 1001, "\0" * 167])
def test_a_segment_that_is_longer_than_a_key_may_be_is_refused(segment: str) -> None:
    with pytest.raises(UnfitFile, match="a segment of it takes more than 1000 characters; shorten it"):
        rendered({f"a/{segment}": "x"})
