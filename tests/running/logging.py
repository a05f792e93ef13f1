"""The logging of the tests, which is as before whatever a test configured."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from paramsync.runtime import logs


@contextmanager
def own_logging() -> Iterator[None]:
    """Let the operator's logging be configured here, and take that back at the end."""
    root = logging.getLogger()
    handlers = root.handlers[:]
    names = ("", "paramsync", *logs.CAPPED, *logs.PARTS.values())
    levels = {name: logging.getLogger(name).level for name in names}
    root.handlers = []  # or `force` would close them
    try:
        yield
    finally:
        logging.captureWarnings(capture=False)
        root.handlers = handlers
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
