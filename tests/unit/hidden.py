"""Values that nothing may show, and the ways in which it could."""

import base64
import io
import json
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import pytest

from paramsync.runtime import logs
from tests.running.logging import own_logging

VALUES = ("hunter2/secret", "p4ss \"word'\n\\ß%", "MIIEvQ9/+==", "arn:aws:x:9", "policy '9'")
"""None of them has the form of what is shown: of a reason (letters) or of a field's path (no slash, no space)."""

values = pytest.mark.parametrize("value", VALUES)


def assert_hidden(text: str, value: str) -> None:
    """Assert that a text shows a value in none of the forms in which it may be quoted."""
    shown = (value, json.dumps(value)[1:-1], repr(value)[1:-1], base64.b64encode(value.encode()).decode())
    assert [form for form in shown if form in text] == []


def everything_of(error: BaseException) -> str:
    """The text of an error in all its forms, with everything that it is chained to."""
    return "".join([str(error), repr(error), *traceback.format_exception(error)])


@contextmanager
def logged(style: logs.Format) -> Iterator[io.StringIO]:
    """What the operator logs at DEBUG."""
    written = io.StringIO()
    with own_logging(), mock.patch("sys.stderr", written):
        logs.configure(style, "debug")
        yield written
