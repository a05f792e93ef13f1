"""Logs: constant messages with facts beside them, in two styles, and never the text of an exception."""

import ast
import json
import logging
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import click
import pytest
from click.testing import CliRunner

import paramsync
from paramsync.cli.run import run
from paramsync.runtime.logs import PARTS, RECONCILE, Format, configure, crash
from tests.running.logging import own_logging

SOURCE: Final = Path(paramsync.__file__).parent

log = logging.getLogger("paramsync.test")


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    with own_logging():
        yield


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


LOADED = """
import logging
from paramsync.runtime import logs, operator
logs.configure("json", "debug", {"libraries": "debug"})
names = [name for name in logging.root.manager.loggerDict if not name.startswith("paramsync")]
print(*sorted(name for name in names if logging.getLogger(name).isEnabledFor(logging.DEBUG)))
print(*sorted({name.partition(".")[0] for name in names}))
"""


def test_no_library_that_the_operator_loads_is_heard_below_info() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    heard, loaded = done.stdout.splitlines()
    assert heard == ""
    assert {"aiohttp", "asyncio", "botocore", "kopf", "kubernetes", "urllib3"} <= set(loaded.split())


def test_a_part_has_a_level_of_its_own(lines: Lines) -> None:
    configure("text", "warning", {"aws": "debug", "feeds": "info", "libraries": "error"})
    heard = {
        "paramsync.aws.listing": "debug info warning error",
        "paramsync.kube.transport": "warning error",
        "paramsync.runtime.feeds.feed": "info warning error",
        "paramsync.runtime.notes": "warning error",
        "botocore.endpoint": "error",
        "kopf.objects": "error",
    }
    for name, expected in heard.items():
        for each in ("debug", "info", "warning", "error"):
            getattr(logging.getLogger(name), each)(each)
        assert [line.rpartition(" ")[2] for line in lines()] == expected.split(), name


def test_the_feeds_are_a_part_of_the_runtime_unless_they_are_named(lines: Lines) -> None:
    feed = logging.getLogger("paramsync.runtime.feeds.feed")
    configure("text", "info", {"runtime": "debug"})
    feed.debug("heard")
    configure("text", "info", {"runtime": "debug", "feeds": "warning"})
    feed.info("not heard")
    configure("text", "info")
    feed.debug("nor this, for the levels of before are gone")
    assert [line.rpartition(" ")[2] for line in lines()] == ["heard"]


def test_every_logger_of_ours_is_in_a_part() -> None:
    names = {
        "paramsync." + ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        for path in SOURCE.rglob("*.py")
        if "logging.getLogger(__name__)" in path.read_text()
    }
    parts = {PARTS[part]: part for part in PARTS if part != "libraries"}
    assert {name for name in names if not name.startswith(tuple(parts))} == set()
    assert {part for prefix, part in parts.items() if not any(name.startswith(prefix) for name in names)} == set()


def test_a_message_is_constant_and_says_its_facts_beside_it() -> None:
    """What changes from line to line stands in ``extra``, so that lines can be counted by their message."""
    calls = [
        (path.name, node, node.func.attr)
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "log"
    ]
    assert len(calls) > 30
    for place, node, method in calls:
        message = node.args[1 if method == "log" else 0]
        either = [message.body, message.orelse] if isinstance(message, ast.IfExp) else [message]
        texts = [each.value for each in either if isinstance(each, ast.Constant)]
        assert len(texts) == len(either), place
        assert not any("%" in str(text) for text in texts), place
        assert {each.arg for each in node.keywords} <= {"extra", "exc_info"}, place


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--log-level", "loud"], "loud: write one of debug, info, warning, error; or PART=LEVEL"),
        (["--log-level", "core=debug"], "core=debug: write one of"),
        (["--log-level", "=debug"], "=debug: write one of"),
        (["--log-level", "aws=debug", "--log-level", "aws=info"], "aws=info: give one level for aws"),
        (["--log-level", "debug", "--log-level", "info"], "info: give one level for all parts"),
    ],
)
def test_a_level_that_is_none_is_refused_with_what_there_is(arguments: list[str], complaint: str) -> None:
    done = CliRunner().invoke(run, arguments)
    assert done.exit_code == 2
    assert complaint in " ".join(done.output.split())


def test_levels_of_parts_leave_that_of_the_others() -> None:
    option = next(each for each in run.params if each.name == "levels")
    for texts, expected in (
        (["aws=debug"], {"aws": "debug"}),
        (["warning", "feeds=debug"], {"": "warning", "feeds": "debug"}),
    ):
        assert option.process_value(click.Context(run), texts) == expected


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
