"""Texts into which values are put, and the filters."""

import base64
import json
import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramsync.core.shaping.filters import FILTERS
from paramsync.core.shaping.templates import UnfitValue, parse

from .hidden import assert_hidden, everything_of, values

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
NAMES = st.from_regex(r"[a-zA-Z0-9_-]{1,5}(/[a-zA-Z0-9_.-]{0,3}[a-z0-9]){0,3}", fullmatch=True)
REFERENCES = st.builds(
    lambda name, filters: "${" + "|".join((name, *filters)) + "}",
    NAMES,
    st.lists(st.sampled_from(sorted(FILTERS)), max_size=3),
)
TEMPLATES = st.lists(TEXTS.map(lambda text: text.replace("$", "$$")) | REFERENCES, max_size=6).map("".join)


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("", ""),
        ("plain text", "plain text"),
        ("${a}", "A"),
        ("${a}${a}", "AA"),
        ("x${a}y${b/c}z", "xAyB/Cz"),
        ("$$", "$"),
        ("$${a}", "${a}"),
        ("$$${a}", "$A"),
        ("{a}", "{a}"),
        ("${b/c|urlquote}", "B%2FC"),
        ("${b/c|base64}", "Qi9D"),
        ("${b/c|json}", '"B/C"'),
        ("${b/c|base64|urlquote}", "Qi9D"),
        ("${b/c|urlquote|json|base64}", "IkIlMkZDIg=="),
        ("}{", "}{"),
        ("a\n${a}\r\n", "a\nA\r\n"),
    ],
)
def test_values_are_put_in(text: str, rendered: str) -> None:
    assert parse(text).render({"a": b"A", "b/c": b"B/C"}, 10_000) == rendered


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("$", "at character 1: write $$ for a dollar sign, or ${db/host} for a value"),
        ("ab $c", "at character 4: write $$ for a dollar sign"),
        ("$(c)", "at character 1: write $$"),
        ("${c", "at character 1: write $$"),
        ("${a${b}}", "at character 1: write $$"),
        ("$$$", "at character 3: write $$"),
        ("${}", "at character 1: ${} names no parameter below a source's path, such as db/host"),
        ("x ${/a}", "at character 3: ${/a} names no parameter"),
        ("${a/}", "${a/} names no parameter"),
        ("${a b}", "${a b} names no parameter"),
        ("${../a}", "${../a} names no parameter"),
        ("${.}", "${.} names no parameter"),
        ("${ä}", "${ä} names no parameter"),
        ("${a|}", "at character 1: there is no filter ''; there are base64, json, urlquote"),
        ("${a|upper}", "there is no filter 'upper'; there are base64, json, urlquote"),
        ("${a |json}", "${a |json} names no parameter"),
        ("${a| json}", "there is no filter ' json'"),
    ],
)
def test_what_is_no_template_is_refused_with_the_place(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        parse(text)


@given(TEXTS)
def test_a_text_with_its_dollars_doubled_is_itself(text: str) -> None:
    assert parse(text.replace("$", "$$")).render({}, 10_000) == text


@given(TEMPLATES, st.data())
def test_every_template_renders_with_a_value_for_each_reference(text: str, data: st.DataObject) -> None:
    template = parse(text)
    held = {name: data.draw(TEXTS).encode() for name in template.references}
    assert len(set(template.references)) == len(template.references)
    assert isinstance(template.render(held, 10_000), str)


@given(TEXTS, TEXTS)
def test_what_is_put_in_is_not_looked_at_again(first: str, second: str) -> None:
    held = {"a": f"${{b}}$${first}".encode(), "b": second.encode()}
    assert parse("${a}|${b}").render(held, 10_000) == f"${{b}}$${first}|{second}"


@given(TEXTS)
def test_each_filter_can_be_undone(text: str) -> None:
    made = {name: parse(f"${{a|{name}}}").render({"a": text.encode()}, 10_000) for name in FILTERS}
    assert made.keys() == {"urlquote", "base64", "json"}
    assert re.fullmatch(r"[A-Za-z0-9._~%-]*", made["urlquote"])
    assert unquote(made["urlquote"]) == text
    assert base64.b64decode(made["base64"], validate=True).decode() == text
    assert json.loads(made["json"]) == text


def test_bytes_that_are_no_text_can_be_encoded_and_nothing_else() -> None:
    held = {"a": b"\xff\x00"}
    assert parse("${a|base64}").render(held, 10_000) == "/wA="
    assert parse("${a|urlquote}").render(held, 10_000) == "%FF%00"
    for text in ("${a}", "${a|json}"):
        with pytest.raises(UnfitValue, match="the value of a is no text"):
            parse(text).render(held, 10_000)


@values
def test_no_error_shows_a_value(value: str) -> None:
    with pytest.raises(UnfitValue) as unfit:
        parse("${a|json}").render({"a": b"\xff" + value.encode()}, 10_000)
    assert_hidden(everything_of(unfit.value), value)
