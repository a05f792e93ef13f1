"""What is built once and kept for all who need it: where, and one process at a time."""

import fcntl
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Say = Callable[[str], None]


def kept(name: str) -> Path:
    """The directory in the cache of this name, made if need be."""
    directory = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "paramsync" / name
    directory.mkdir(parents=True, exist_ok=True)
    return directory


@contextmanager
def alone(lock: Path, say: Say) -> Iterator[None]:
    """Hold a lock between processes, which ends with the process at the latest."""
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another process that builds the same")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def stopwatch() -> Say:
    """Tells of progress on stderr, with the seconds since now."""
    began = time.monotonic()

    def say(message: str) -> None:
        print(f"{time.monotonic() - began:4.0f} s  {message}", file=sys.stderr, flush=True)

    return say
