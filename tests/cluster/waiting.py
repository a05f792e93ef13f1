"""Waiting for a condition instead of for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PAUSE = 0.02


def wait_until(condition: Callable[[], T], what: str, timeout: float = 30.0) -> T:
    """Ask until the answer is true, and return that answer.

    Raises TimeoutError, which names `what` was waited for. What the condition itself raises comes through.
    """
    deadline = time.monotonic() + timeout
    while True:
        if answer := condition():
            return answer
        if time.monotonic() >= deadline:
            raise TimeoutError(f"waited {timeout:g} s in vain: {what}")
        time.sleep(PAUSE)
