"""Starts operators at once, and lets time go faster for them: each is a fork of a process that has imported it all.

The imports take two seconds of CPU: a test that kills thirty operators would do little else. What a fork has of
its parent is modules and nothing that has run; it is a process of its own, to be killed and paused like any other.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NoReturn

from tests.cluster.waiting import wait_until

FASTER = 30.0
"""How many times faster time goes: an interval of 30 s takes one."""

PAUSE = 2.0
"""Seconds without a sign of life that are a pause. A busy machine gives none for a while, too."""

FOR_EVER = 3600.0


class Forked:
    """An operator's process, as `subprocess.Popen` shows one."""

    def __init__(self, nursery: "Nursery", pid: int) -> None:
        self._nursery = nursery
        self._code: int | None = None
        self.pid = pid

    def poll(self) -> int | None:
        """Its exit code; None while it lives."""
        if self._code is None:
            self._code = self._nursery.code(self.pid)
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises subprocess.TimeoutExpired."""
        try:
            wait_until(lambda: self.poll() is not None, f"the end of process {self.pid}", timeout or FOR_EVER)
        except TimeoutError:
            raise subprocess.TimeoutExpired("paramsync", timeout or FOR_EVER) from None
        assert self._code is not None
        return self._code

    def send_signal(self, number: int) -> None:
        """Send it a signal; nothing if it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


class Nursery:
    """The process that operators are forked from. For one thread at a time."""

    def __init__(self, server: subprocess.Popen[str]) -> None:
        self._server = server

    def start(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Forked:
        """Start an operator with the arguments of ``paramsync``; what it prints is added to the log."""
        asked = {"arguments": list(arguments), "environment": dict(environment), "log": str(log)}
        return Forked(self, int(self._ask(asked) or 0))

    def code(self, pid: int) -> int | None:
        """The exit code of an operator, if it has ended."""
        return self._ask({"pid": pid})

    def _ask(self, question: object) -> int | None:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(question) + "\n")
        self._server.stdin.flush()
        answer: int | None = json.loads(self._server.stdout.readline())
        return answer


@contextmanager
def run_nursery() -> Iterator[Nursery]:
    """Run a nursery; the operators that it starts are to end before the context does."""
    command = [sys.executable, "-m", "tests.running.nursery"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield Nursery(server)
        finally:
            server.kill()


def main() -> None:
    """Be the nursery: fork an operator for each line that asks for one, and tell how they ended."""
    make_faster()
    ended: dict[int, int] = {}
    for line in sys.stdin:
        asked = json.loads(line)
        answer: int | None
        if "arguments" in asked:
            answer = os.fork()
            if answer == 0:
                become_operator(**asked)
        else:
            pid, status = (asked["pid"], None) if asked["pid"] in ended else os.waitpid(asked["pid"], os.WNOHANG)
            if status is not None and pid:
                ended[pid] = os.waitstatus_to_exitcode(status)
            answer = ended.get(asked["pid"])
        print(json.dumps(answer), flush=True)


def become_operator(arguments: list[str], environment: dict[str, str], log: str) -> NoReturn:
    """Run ``paramsync`` in this process, until it ends."""
    from paramsync.cli.main import main as paramsync  # noqa: PLC0415

    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, descriptor in enumerate((nothing, output, output)):
        os.dup2(descriptor, number)
    os.environ.clear()
    os.environ.update(environment)
    paramsync(arguments, prog_name="paramsync")
    raise AssertionError("a command ends by itself")


def make_faster() -> None:
    """Import the operator, and shorten all that it waits for, but for the answers of others."""
    from paramsync.api import fields, sync  # noqa: PLC0415
    from paramsync.core import schedule, settling  # noqa: PLC0415
    from paramsync.runtime import awake, relisting, replica, sources, workers  # noqa: PLC0415
    from paramsync.runtime.feeds import needs, reading  # noqa: PLC0415

    waits: dict[object, tuple[str, ...]] = {
        settling: ("AGREEMENT", "STEADY_CHANGE", "ABSENCE"),
        schedule: ("SHORTEST_DEADLINE", "LONGEST_DEADLINE", "FIRST_RETRY", "GRACE_RETRY"),
        sources: ("LONGEST_WAIT",),
        reading: ("LONGEST_PAUSE",),
        relisting: ("RETRY", "LOOK_AGAIN"),
        workers: ("RETRY",),
    }
    for module, names in waits.items():
        for name in names:
            setattr(module, name, getattr(module, name) / FASTER)
    instead: tuple[tuple[object, str, object], ...] = (
        (awake, "LONGEST_GAP", PAUSE),
        (sync, "seconds", lambda duration: fields.seconds(duration) / FASTER),
        (replica, "Tools", partial(needs.Tools, shortest_pause=1 / FASTER)),
    )
    for module, name, faster in instead:
        setattr(module, name, faster)


if __name__ == "__main__":
    main()
