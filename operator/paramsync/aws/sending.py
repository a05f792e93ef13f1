"""When a request really goes out: a thread may have waited for others long after it was given its turn."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from paramsync.core.pacing import Ticket


class _Current(threading.local):
    ticket: Ticket | None = None


_CURRENT: Final = _Current()


@contextmanager
def with_ticket(ticket: Ticket) -> Iterator[None]:
    """Send the requests of this thread with a ticket."""
    _CURRENT.ticket = ticket
    try:
        yield
    finally:
        _CURRENT.ticket = None


def stamp(**_: object) -> None:
    """Handle botocore's event ``before-send``: the ticket learns when its request went out."""
    if _CURRENT.ticket is not None:
        _CURRENT.ticket.sent_at = time.monotonic()
