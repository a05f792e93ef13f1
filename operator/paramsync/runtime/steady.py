"""A clock for what is only compared within this process: nobody can set it.

The clock of a node is corrected by NTP, set by hand, wrong until the network is up. An age that is counted by it is
hours too long or too short then, and what waits for a moment waits for hours. Status, Events and the guard's memory
of the last hour, which outlive the process, go by the clock of the node all the same.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def steady_clock(monotonic: Callable[[], float] = time.monotonic) -> Callable[[], datetime]:
    """A clock that begins with what the clock of the node says now, and then only goes forward.

    :param monotonic: seconds of any clock that only goes forward.
    """
    origin = datetime.now(UTC) - timedelta(seconds=monotonic())
    return lambda: origin + timedelta(seconds=monotonic())


def ahead(steady: Callable[[], datetime]) -> float:
    """Seconds by which the clock of the node is ahead of a steady one at present."""
    return (datetime.now(UTC) - steady()).total_seconds()
