"""Child processes that never outlive the program that started them."""

import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.waiting import wait_until

GRACE = 5.0
START = 60.0

# It waits for the end of its input, which comes when the parent is gone in whatever way, SIGKILL included.
# Then it removes the data and ends its process group: the children and itself.
GUARD = 'read -r _; rm -rf -- "$1"; kill -KILL 0'


class ProcessEndedError(RuntimeError):
    """A process ended while it should run; the message shows the end of its log."""


class PortTakenError(ProcessEndedError):
    """A process ended because somebody else was faster to take its port."""


@dataclass(frozen=True)
class Process:
    """One running program and the file that takes its output."""

    name: str
    log: Path
    popen: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        return self.popen.pid

    def check(self) -> None:
        """Raises ProcessEndedError or PortTakenError unless the process runs."""
        code = self.popen.poll()
        if code is None:
            return
        text = self.log.read_text(errors="replace")
        tail = "\n".join(text.splitlines()[-20:])
        kind = PortTakenError if "address already in use" in text else ProcessEndedError
        raise kind(f"{self.name} ended with {code}; the end of {self.log}:\n{tail}")

    def wait_for(self, condition: Callable[[], object], what: str) -> None:
        """Wait for a condition that only this process can bring about.

        Raises ProcessEndedError or PortTakenError as soon as it cannot any more, TimeoutError after a minute.
        """

        def met() -> bool:
            self.check()
            return bool(condition())

        wait_until(met, f"{what} (log: {self.log})", START)

    def stop(self) -> None:
        """End the process, politely at first. No error if it has ended."""
        self.popen.terminate()
        try:
            self.popen.wait(GRACE)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()


class Processes:
    """The processes of one control plane, in a process group that no Ctrl-C of the terminal reaches."""

    def __init__(self, logs: Path, group: int) -> None:
        self._logs = logs
        self._group = group
        self.running: list[Process] = []

    def start(self, name: str, program: Path, arguments: Sequence[str]) -> Process:
        """Start a program; its output is added to `<name>.log`."""
        log = self._logs / f"{name}.log"
        with log.open("ab") as output:
            popen = subprocess.Popen(
                [program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._logs,
                process_group=self._group,
            )
        process = Process(name, log, popen)
        self.running.append(process)
        return process

    def end(self, process: Process) -> None:
        """Stop one of them; those that were started later may depend on it, and must bear that."""
        process.stop()
        self.running.remove(process)

    def stop(self) -> None:
        """Stop all, the latest first: each still has what it depends on."""
        while self.running:
            self.running[-1].stop()
            self.running.pop()


@contextmanager
def processes(directory: Path) -> Iterator[Processes]:
    """A group of processes that work below `directory` and end with the context, or with this program."""
    guard = subprocess.Popen(
        ["/bin/sh", "-c", GUARD, "guard", str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        process_group=0,
    )
    group = Processes(directory, guard.pid)
    try:
        yield group
    finally:
        try:
            group.stop()
        finally:
            with suppress(ProcessLookupError):
                # Not the guard alone: an interrupt may have come between a child's start and its listing.
                os.killpg(guard.pid, signal.SIGKILL)
            guard.communicate()


def free_port() -> int:
    """A port of the loopback interface that nobody uses now; somebody may be faster to use it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
