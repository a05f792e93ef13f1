"""A secure value can be held, compared and measured, but not read."""

import copy
import io
import json
import logging
import pickle
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticSerializationError, to_json

from paramsync.core.parameters import Parameter
from paramsync.core.reasons import Reason
from paramsync.core.values import Sealed, SecureValue

from . import builders

CONTENT = "hunter2-ß"
FORMS = (CONTENT, "hunter2", CONTENT.encode().hex(), "aHVudGVyMi", repr(CONTENT.encode()))


def assert_hidden(text: str) -> None:
    assert [form for form in FORMS if form in text] == []


@pytest.fixture
def value() -> SecureValue:
    return SecureValue.of(CONTENT)


@dataclass
class Holder:
    value: SecureValue


class Held(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    value: SecureValue


@pytest.mark.parametrize(
    ("content", "is_one"),
    [(b"{}", True), (b"null", True), (b'{"a":1.5}', True), (CONTENT.encode(), False), (b'{"hunter2":', False)],
)
def test_whether_it_is_json_is_told_and_nothing_more(
    content: bytes, is_one: bool, caplog: pytest.LogCaptureFixture
) -> None:
    assert SecureValue(content).is_json_object() is is_one
    assert caplog.text == ""


@pytest.mark.parametrize("number", ["1e309", "-1e309", "9" * 400, "NaN", "Infinity", "-Infinity"])
def test_a_number_that_go_would_not_read_is_no_json(number: str) -> None:
    assert not SecureValue(f'{{"a":{number}}}'.encode()).is_json_object()


def test_what_is_nested_too_deeply_to_be_read_is_no_json() -> None:
    assert not SecureValue(b"[" * 100_000).is_json_object()


READERS: dict[str, Callable[[Any], object]] = {
    "str": str,
    "percent": lambda value: "%s" % value,  # noqa: UP031
    "format method": "{}".format,
    "f-string": lambda value: f"{value}",
    "f-string with a width": lambda value: f"{value:>20}",
    "f-string str": lambda value: f"{value!s}",
    "format": format,
    "join": lambda value: ",".join([value]),
    "concatenation": lambda value: "a" + value,
    "int": int,
    "bytes": bytes,
    "memoryview": memoryview,
    "iteration": list,
    "index": lambda value: value[0],
    "contains": lambda value: "h" in value,
    "length": len,
    "order": lambda value: value < SecureValue(b"i"),
    "hash": hash,
    "set": lambda value: {value},
    "vars": vars,
    "json": json.dumps,
    "json with str": lambda value: json.dumps({"a": value}, default=str),
    "json within": lambda value: json.dumps({"a": [value]}),
    "pydantic json": to_json,
    "pydantic model": lambda value: Held(value=value).model_dump_json(),
    "reduce": lambda value: value.__reduce__(),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_no_conversion_reads_it(value: SecureValue, read: Callable[[Any], object]) -> None:
    with pytest.raises((TypeError, PydanticSerializationError)) as caught:
        read(value)
    assert_hidden(repr(caught.value))
    assert_hidden("".join(traceback.format_exception(caught.value)))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_no_pickle_takes_it(value: SecureValue, protocol: int) -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps({"held": [value]}, protocol)


@pytest.mark.parametrize(
    "show",
    [
        repr,
        ascii,
        lambda value: f"{value!r}",
        lambda value: "%r" % value,  # noqa: UP031
        lambda value: str([value]),
        lambda value: str({"a": value}),
        lambda value: repr(Holder(value)),
        lambda value: str(asdict(Holder(value))),
        lambda value: repr(Held(value=value)),
        lambda value: str(Held(value=value).model_dump()),
        lambda value: repr(ValueError("bad", value)),
        lambda value: str(ValueError("bad", value)),
        lambda value: json.dumps({"a": value}, default=repr),
        lambda value: repr(Parameter(builders.stamp(kind=builders.SECURE_STRING), value)),
        lambda value: repr(builders.snapshot(Parameter(builders.stamp(kind=builders.SECURE_STRING), value))),
        lambda value: repr(builders.secret_content({"A": value})),
        lambda value: repr(builders.ours(builders.SECRET, {"A": value})),
    ],
)
def test_what_shows_it_shows_that_it_is_hidden(value: SecureValue, show: Callable[[SecureValue], str]) -> None:
    shown = show(value)
    assert_hidden(shown)
    assert "SecureValue(hidden)" in shown


@pytest.mark.parametrize("template", ["%s", "%r", "%(held)s", "%(held)r"])
def test_no_log_line_holds_it(value: SecureValue, template: str, capsys: pytest.CaptureFixture[str]) -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    arguments = ({"held": value},) if "held" in template else (value,)
    handler.handle(logging.LogRecord("paramsync", logging.INFO, "here.py", 1, template, arguments, None))
    assert_hidden(written.getvalue() + capsys.readouterr().err)


def test_no_traceback_holds_it_even_with_the_local_variables(value: SecureValue) -> None:
    with pytest.raises(TypeError) as caught:
        str(value)
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "SecureValue(hidden)" in shown
    assert_hidden(shown)


def test_it_has_no_attributes(value: SecureValue) -> None:
    assert not hasattr(value, "__dict__")
    assert not hasattr(value, "content")
    with pytest.raises(AttributeError):
        value.note = "more"  # type: ignore[attr-defined]


def test_a_copy_is_the_value_itself(value: SecureValue) -> None:
    assert copy.copy(value) is value
    assert copy.deepcopy({"a": [value]})["a"][0] is value


@given(st.binary(), st.binary())
def test_equality_is_that_of_the_bytes(first: bytes, second: bytes) -> None:
    assert (SecureValue(first) == SecureValue(second)) is (first == second)


@pytest.mark.parametrize("other", [CONTENT, CONTENT.encode(), None, Sealed(Reason.PENDING, "sealed"), object()])
def test_it_equals_nothing_of_another_class(value: SecureValue, other: object) -> None:
    assert value != other
    assert other != value


@given(st.text().filter(lambda text: not any("\ud800" <= char <= "\udfff" for char in text)))
def test_it_holds_the_bytes_of_a_text(text: str) -> None:
    assert SecureValue.of(text).reveal() == text.encode()
    assert SecureValue.of(text).size == len(text.encode())


def test_the_state_of_a_secure_value_cannot_be_asked_for() -> None:
    with pytest.raises(TypeError):
        SecureValue(b"hunter2").__getstate__()
    with pytest.raises(TypeError):
        object.__reduce_ex__(SecureValue(b"hunter2"), 2)


def test_a_text_that_has_no_bytes_is_not_in_the_error() -> None:
    with pytest.raises(ValueError, match="not valid Unicode") as caught:
        SecureValue.of("hunter2\ud800")
    assert "hunter2" not in repr(caught.value)
