"""The log shows no value, whatever crashes, and whoever logs."""

import io
import logging
from collections.abc import Iterator

import pytest

from paramsync.core.values import SecureValue
from paramsync.runtime import logs

from . import builders
from .hidden import assert_hidden, logged, values


@pytest.fixture(params=["text", "json"])
def log(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What the operator logs at DEBUG, in both styles."""
    with logged(request.param) as written:
        yield written


def chained(value: str) -> ExceptionGroup[Exception]:
    """An error that quotes the value, caused by one, in the context of one, in a group of two."""
    inner = KeyError(value)
    inner.__cause__ = ValueError(value)
    inner.add_note(value)
    group = ExceptionGroup(value, [inner, ValueError(value)])
    group.__context__ = OSError(value)
    return group


@values
@pytest.mark.parametrize("name", ["paramsync.runtime.reconcile", "asyncio", "kopf.objects", "concurrent.futures"])
def test_a_crash_is_logged_without_its_text(log: io.StringIO, name: str, value: str) -> None:
    try:
        raise chained(value)
    except ExceptionGroup:
        logging.getLogger(name).exception("a reconcile failed by a defect", extra={"sync": "payments/pay"})
    assert "a reconcile failed by a defect" in log.getvalue()
    assert "ExceptionGroup at test_leak_log.py" in log.getvalue()
    assert_hidden(log.getvalue(), value)


@values
def test_libraries_do_not_log_what_they_send_and_receive(log: io.StringIO, value: str) -> None:
    for name in ("botocore.parsers", "botocore.endpoint", "urllib3.connectionpool", "kubernetes.client.rest", "boto3"):
        logging.getLogger(name).debug("Response body:\n%s", value)
    logging.getLogger("kopf.objects").info("event: %r", value)
    logging.getLogger("paramsync").debug("a line")
    assert "a line" in log.getvalue()
    assert_hidden(log.getvalue(), value)


@values
def test_a_secure_value_that_is_logged_by_mistake_stays_hidden(log: io.StringIO, value: str) -> None:
    secure = SecureValue.of(value)
    for what in (secure, [secure], builders.secure(value=value), builders.secret_content({"A": secure})):
        logging.getLogger("paramsync").info("%r", what)
    assert "SecureValue(hidden)" in log.getvalue()
    assert_hidden(log.getvalue(), value)


@values
def test_a_secure_value_beside_a_message_gives_no_line_that_shows_it(
    log: io.StringIO, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logging.getLogger("paramsync").info("a line", extra={"fact": SecureValue.of(value)})
    assert_hidden(log.getvalue() + capsys.readouterr().err, value)


@values
def test_a_crash_is_told_by_type_and_place(value: str) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        raise chained(value)
    told = logs.crash(caught.value)
    assert told.startswith("ExceptionGroup at test_leak_log.py:")
    assert_hidden(told, value)
