"""JSON files, as two parsers read them."""

import json

import pydantic_core
from hypothesis import given, settings
from hypothesis import strategies as st

from paramsync.core.shaping.formats.file import Item
from paramsync.core.shaping.formats.json import JSON

from .readers import leaves, nestings, texts

Values = dict[str, str | tuple[str, ...]]

files = nestings(texts | st.lists(texts, max_size=3).map(tuple))


def rendered(values: Values) -> str:
    return JSON.render([Item(name, value) for name, value in values.items()])


def test_a_file() -> None:
    values: Values = {
        "db/host": "h",
        "db/port": "5432",
        "db/read/host": "r",
        "debug": "true",
        "list": ("a", ""),
        "none": (),
    }
    assert rendered(values) == (
        '{\n  "db": {\n    "host": "h",\n    "port": "5432",\n    "read": {\n      "host": "r"\n    }\n  },\n'
        '  "debug": "true",\n  "list": [\n    "a",\n    ""\n  ],\n  "none": []\n}\n'
    )


def test_only_what_must_be_is_escaped() -> None:
    assert rendered({"a": 'ß😀\u2028"\\\n\0\x7f'}) == '{\n  "a": "ß😀\u2028\\"\\\\\\n\\u0000\x7f"\n}\n'


@settings(max_examples=200)
@given(files)
def test_parsers_read_what_was_written(values: Values) -> None:
    text = rendered(values)
    expected = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    assert leaves(json.loads(text)) == expected
    assert leaves(pydantic_core.from_json(text, allow_inf_nan=False)) == expected


@given(files)
def test_names_stand_in_order(values: Values) -> None:
    assert list(leaves(json.loads(rendered(values)))) == sorted(values)
