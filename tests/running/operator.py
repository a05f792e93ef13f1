"""The operator as a process, run as a user runs it: ``paramsync run`` with a kubeconfig and a settings file."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import urllib3
import yaml

from tests.cluster.cluster import AccountKubeconfig
from tests.cluster.waiting import wait_until

PATIENCE = 30.0
LEADER = "paramsync_leader"
STORE_ACCESS = [{"namespaces": ["*"], "paths": ["/"]}]
AWS = {
    "AWS_ACCESS_KEY_ID": "AKIA111122223333",
    "AWS_ACCOUNT_ID": "111122223333",
    "AWS_SECRET_ACCESS_KEY": "secret-of-nobody",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_REGION": "eu-west-1",
}
"""The environment of an operator that has keys of its own."""


class Process(Protocol):
    """What a test does with an operator's process, wherever it comes from."""

    @property
    def pid(self) -> int:
        """Its id."""

    def poll(self) -> int | None:
        """Its exit code; None while it lives."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end, and return its exit code. Raises subprocess.TimeoutExpired."""

    def send_signal(self, number: int) -> None:
        """Send it a signal; nothing if it has ended."""

    def kill(self) -> None:
        """End it at once."""


Start = Callable[[Sequence[str], Mapping[str, str], Path], Process]
"""Starts ``paramsync`` with arguments and an environment; what it prints is added to a file."""


def module(*program: str) -> Start:
    """Start it as a module that is run instead of ``paramsync``, with what that is told first."""

    def started(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Process:
        with log.open("ab") as output:
            command = [sys.executable, "-m", *program, *arguments]
            return subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)

    return started


as_a_user: Start = module("paramsync")


class Operator:
    """A running operator."""

    def __init__(self, process: Process, port_file: Path, metrics_port_file: Path, log: Path) -> None:
        self.process = process
        self.log = log
        self._port_file = port_file
        self._metrics_port_file = metrics_port_file
        self._http = urllib3.PoolManager(retries=False)

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self.process.pid

    def logs(self) -> str:
        """Everything that it has logged."""
        return self.log.read_text()

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of its answer, on the port of probes or of metrics; 0 while nobody listens."""
        try:
            port = (self._metrics_port_file if path == "/metrics" else self._port_file).read_text()
            answer = self._http.request("GET", f"http://127.0.0.1:{port}{path}", timeout=5)
        except (OSError, urllib3.exceptions.HTTPError):
            return 0, ""
        return answer.status, answer.data.decode()

    def metric(self, name: str, /, **labels: str) -> float:
        """The sum of a metric's series that carry the labels; 0 without any."""
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        lines = self.get("/metrics")[1].splitlines()
        matching = [line for line in lines if line.split("{")[0].split(" ")[0] == name]
        return sum(float(line.rsplit(" ", 1)[1]) for line in matching if all(part in line for part in wanted))

    def wait_leads(self) -> None:
        """Wait until it leads. Raises TimeoutError."""
        wait_until(lambda: self.metric(LEADER) == 1, "it leads")

    def wait_ready(self, timeout: float = PATIENCE) -> None:
        """Wait until ``/readyz`` says so. Raises TimeoutError, or AssertionError with the log if it has ended."""

        def ready() -> bool:
            assert self.process.poll() is None, f"the operator ended:\n{self.logs()}"
            return self.get("/readyz")[0] == 200

        wait_until(ready, "the operator is ready", timeout)

    def rss(self) -> int:
        """Its resident memory in bytes."""
        return self._memory("VmRSS")

    def peak_rss(self) -> int:
        """The most resident memory that it ever had, in bytes."""
        return self._memory("VmHWM")

    def _memory(self, name: str) -> int:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("the process has no memory")

    def cpu(self) -> float:
        """Seconds of CPU that it has used, its own and the kernel's for it."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def wait(self, timeout: float = PATIENCE) -> int:
        """Wait for its end, and return its exit code."""
        return self.process.wait(timeout)

    def live(self, seconds: float) -> None:
        """Let it live for some seconds. Raises AssertionError with the log if it ends before."""
        try:
            self.wait(seconds)
        except subprocess.TimeoutExpired:
            return
        raise AssertionError(f"the operator ended by itself:\n{self.logs()}")

    def stop(self, timeout: float = PATIENCE) -> int:
        """Stop it as a kubelet does, and return its exit code; kill it if it does not stop in time."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        try:
            return self.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.wait()
            raise
        finally:
            self._http.clear()


@contextmanager
def run_operator(
    kubeconfig: AccountKubeconfig | None,
    directory: Path,
    *,
    endpoint: str | None = None,
    settings: Mapping[str, object] | None = None,
    environment: Mapping[str, str] | None = None,
    log_format: str = "text",
    log_level: str = "debug",
    ready: bool = True,
    lease: str | None = None,
    start: Start = as_a_user,
    more: Sequence[str] = (),
) -> Iterator[Operator]:
    """Run an operator until the end of the context.

    :param kubeconfig: of an account with the chart's rights, as `bound_policies` makes it; None: it runs as in a pod,
        see `tests/running/in_pod.py`.
    :param directory: where its settings and its log go; a second run adds to the log.
    :param endpoint: of SSM; if given, the settings hold a store ``default`` that lets every namespace read all.
    :param settings: the settings file instead.
    :param ready: whether to wait until it is ready.
    :param lease: by which it agrees with others on who leads, as NAMESPACE/NAME.
    :param start: how to start it; with `Nursery.start` it starts sooner, and its time goes faster.
    :param more: further options.
    """
    directory.mkdir(parents=True, exist_ok=True)
    if settings is None and endpoint is not None:
        settings = {"stores": {"default": {"region": "eu-west-1", "endpoint": endpoint, "access": STORE_ACCESS}}}
    names = ("settings.yaml", "operator.log", "port", "metrics-port")
    file, log, port_file, metrics_port_file = (directory / name for name in names)
    file.write_text(yaml.safe_dump(settings or {}))
    for each in (port_file, metrics_port_file):
        each.unlink(missing_ok=True)
    arguments = ["run", "--settings", str(file)]
    arguments += ["--kubeconfig", str(kubeconfig)] if kubeconfig is not None else []
    arguments += ["--listen-host", "127.0.0.1", "--listen-port", "0", "--listen-port-file", str(port_file)]
    arguments += ["--metrics-port", "0", "--metrics-port-file", str(metrics_port_file)]
    arguments += ["--log-level", log_level, "--log-format", log_format]
    arguments += ["--lease", lease] if lease is not None else []
    arguments += more
    inherited = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    process = start(arguments, {**inherited, **AWS, **(environment or {})}, log)
    operator = Operator(process, port_file, metrics_port_file, log)
    try:
        if ready:
            operator.wait_ready()
        yield operator
    finally:
        operator.stop()
