"""Logs: constant messages with facts beside them, as JSON or as text; never a value.

Libraries print what they send and receive at DEBUG: whatever the user's level, they say nothing below INFO. A crash
is told by its type and its places in the code, never by its text, which may quote what it failed on.
"""

import contextvars
import json
import logging
import sys
import threading
import traceback
from collections.abc import Mapping
from typing import Final, Literal

from pythonjsonlogger.json import JsonFormatter

log = logging.getLogger(__name__)

Format = Literal["json", "text"]

PARTS: Final[Mapping[str, str]] = {
    "aws": "paramsync.aws",
    "kube": "paramsync.kube",
    "feeds": "paramsync.runtime.feeds",
    "runtime": "paramsync.runtime",
    "libraries": "",
}
"""What may have a level of its own, with the name of its loggers. Feeds are a part of the runtime."""

RECONCILE: Final = contextvars.ContextVar[str | None]("reconcile", default=None)
"""The id of the reconcile that a log line belongs to."""

CAPPED: Final = {
    "botocore.credentials": logging.ERROR,  # a traceback for each renewal that fails; aws/credentials says it in a line
    "urllib3": logging.ERROR,  # a warning quotes an answer that is no HTTP; whoever asked says that it failed
    "kopf": logging.WARNING,  # an INFO line for each event
    "aiohttp.access": logging.WARNING,  # an INFO line for each probe
}
"""The least level of libraries that are not to be heard at INFO either."""

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


class _Facts(logging.Filter):
    """Adds the reconcile's id, and takes the text out of exceptions."""

    def filter(self, record: logging.LogRecord) -> bool:
        reconcile = RECONCILE.get()
        if reconcile is not None:
            record.reconcile = reconcile
        if record.exc_info and record.exc_info[1] is not None:
            record.crash = crash(record.exc_info[1])
        record.exc_info = record.exc_text = None
        return True


class _Text(logging.Formatter):
    """``time level logger message key=value …``."""

    def format(self, record: logging.LogRecord) -> str:
        facts = {key: value for key, value in vars(record).items() if key not in _STANDARD}
        shown = "".join(f" {key}={json.dumps(value, default=str)}" for key, value in facts.items())
        when = self.formatTime(record, "%Y-%m-%dT%H:%M:%S")
        return f"{when} {record.levelname:<7} {record.name} {record.getMessage()}{shown}"


def configure(style: Format, level: str, parts: Mapping[str, str] | None = None) -> None:
    """Send all logs to stderr, in one style and from one level on.

    :param parts: levels of single parts, by their names in :data:`PARTS`, instead of that.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_Facts())
    if style == "json":
        fields = {"asctime": "time", "levelname": "level", "name": "logger"}
        handler.setFormatter(JsonFormatter("%(asctime)s %(levelname)s %(name)s %(message)s", rename_fields=fields))
    else:
        handler.setFormatter(_Text())
    parts = parts or {}
    libraries = max(logging.INFO, _number(parts.get("libraries", level)))
    logging.basicConfig(handlers=[handler], level=libraries, force=True)
    logging.captureWarnings(capture=True)
    for name, least in CAPPED.items():
        logging.getLogger(name).setLevel(max(least, libraries))
    logging.getLogger("paramsync").setLevel(_number(level))
    for part in PARTS.keys() - {"libraries"}:
        logging.getLogger(PARTS[part]).setLevel(_number(parts[part]) if part in parts else logging.NOTSET)
    sys.excepthook = lambda _, error, __: _uncaught(error)
    threading.excepthook = lambda arguments: _uncaught(arguments.exc_value)


def _number(level: str) -> int:
    return logging.getLevelNamesMapping()[level.upper()]


def lost_task(_: object, context: Mapping[str, object]) -> None:
    """asyncio's exception handler: its own would log the exception's text."""
    error = context.get("exception")
    log.error("a task failed that nobody waited for", extra={"crash": _crash_of(error)})


def _uncaught(error: BaseException | None) -> None:
    log.critical("an exception that nobody caught", extra={"crash": _crash_of(error)})


def _crash_of(error: object) -> str:
    return crash(error) if isinstance(error, BaseException) else "an unknown failure"


def crash(error: BaseException) -> str:
    """Where an exception came from, without its text."""
    places = [
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)
    ]
    return f"{type(error).__name__} at {' > '.join(places) or 'an unknown place'}"
