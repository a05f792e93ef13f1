"""Logs: constant messages with facts beside them, in two styles, and never the text of an exception."""

import json
import logging
import warnings
from collections.abc import Callable, Iterator

import pytest

from paramsync.runtime.logs import CAPPED, RECONCILE, Format, configure, crash

log = logging.getLogger("paramsync.test")


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """The logging of the tests is as before, whatever a test configured."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in CAPPED}
    # Or `force` would close them.
    root.handlers[:] = []
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


Lines = Callable[[], list[str]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    """What was logged since it was last asked, and that nothing of it went to stdout."""

    def read() -> list[str]:
        captured = capsys.readouterr()
        assert captured.out == ""
        return captured.err.splitlines()

    return read


def boom() -> None:
    known: dict[str, str] = {}
    try:
        known["hunter2"]
    except KeyError as error:
        raise ValueError("the value is hunter2") from error


def test_json_has_facts_beside_the_message(lines: Lines) -> None:
    configure("json", "info")
    log.info("a target was written", extra={"sync": "payments/app", "keys": 3})
    (line,) = lines()
    found = json.loads(line)
    assert found.pop("time")
    assert found == {
        "level": "INFO",
        "logger": "paramsync.test",
        "message": "a target was written",
        "sync": "payments/app",
        "keys": 3,
    }


def test_text_has_facts_behind_the_message(lines: Lines) -> None:
    configure("text", "info")
    log.warning("a target was written", extra={"sync": "payments/app", "keys": 3, "what": 'a "b"\nc', "none": None})
    (line,) = lines()
    when, _, rest = line.partition(" ")
    assert len(when) == len("2026-03-01T12:00:00")
    assert rest == (
        'WARNING paramsync.test a target was written sync="payments/app" keys=3 what="a \\"b\\"\\nc" none=null'
    )


@pytest.mark.parametrize(("style", "shown"), [("json", '"reconcile": "r-1"'), ("text", 'reconcile="r-1"')])
def test_a_line_names_the_reconcile_that_it_belongs_to(lines: Lines, style: Format, shown: str) -> None:
    configure(style, "info")
    token = RECONCILE.set("r-1")
    log.info("inside")
    RECONCILE.reset(token)
    log.info("outside")
    inside, outside = lines()
    assert shown in inside
    assert "reconcile" not in outside


@pytest.mark.parametrize("style", ["json", "text"])
def test_a_crash_is_told_by_type_and_place_and_not_by_its_text(lines: Lines, style: Format) -> None:
    configure(style, "debug")
    try:
        boom()
    except ValueError as error:
        log.exception("a reconcile failed by a defect")
        log.warning("and again", exc_info=error)
    first, second = lines()
    for line in (first, second):
        assert "ValueError at test_logs.py:" in line
        assert " > test_logs.py:" in line
        assert "hunter2" not in line
        assert "Traceback" not in line


def test_an_exception_without_a_traceback() -> None:
    assert crash(ValueError("hunter2")) == "ValueError at an unknown place"


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_libraries_that_print_bodies_are_capped_at_any_level(lines: Lines, level: str) -> None:
    configure("text", level)
    for name in ("botocore.parsers", "kubernetes.client.rest", "boto3", "urllib3.connectionpool", "kopf.objects"):
        library = logging.getLogger(name)
        assert not library.isEnabledFor(logging.DEBUG)
        capped_at_info = not name.startswith(("urllib3", "kopf"))
        assert library.isEnabledFor(logging.INFO) is (level in ("debug", "info") and capped_at_info)
        library.debug("response body: hunter2")
    logging.getLogger("urllib3.connection").warning("Failed to parse headers: hunter2")
    assert lines() == []


@pytest.mark.parametrize(
    ("level", "shown"),
    [("debug", "debug info warning error"), ("INFO", "info warning error"), ("warning", "warning error")],
)
def test_the_level_counts(lines: Lines, level: str, shown: str) -> None:
    configure("text", level)
    for each in ("debug", "info", "warning", "error"):
        getattr(log, each)(each)
    assert [line.rpartition(" ")[2] for line in lines()] == shown.split()


def test_warnings_of_python_are_lines_too(lines: Lines) -> None:
    configure("json", "info")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        logging.captureWarnings(capture=False)
    (line,) = lines()
    assert json.loads(line)["logger"] == "py.warnings"


def test_configuring_again_does_not_double_the_lines(lines: Lines) -> None:
    configure("text", "info")
    configure("text", "info")
    log.info("once")
    assert len(lines()) == 1
