"""A world of its own for each scenario: a control plane, a stub with a record, namespaces, syncs, and the operator."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.measure import MIB, Cost
from tests.bench.record import Record
from tests.cluster.control_plane import control_plane
from tests.cluster.waiting import wait_until
from tests.edge.policies import ACCOUNT, bound_policies
from tests.load.stub import Settings, Stub, run_stub
from tests.running.objects import BASE, Syncs
from tests.running.operator import STORE_ACCESS, Operator, run_operator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.cluster.audit import AuditEntry
    from tests.cluster.cluster import AccountKubeconfig, Cluster

ROOT = Path(__file__).parents[2]
PATIENCE = 900.0
OURS = ("paramsync", "kopf")


@dataclass
class Mark:
    """A moment, with all counts as they were."""

    at: float
    """Seconds since the epoch."""
    audit: int
    record: int
    cpu: float
    calls: Counter[str]
    decrypted: int


@dataclass
class World:
    """What a scenario works with."""

    cluster: Cluster
    stub: Stub
    directory: Path
    home: str
    """The namespace of the operator's account."""
    kubeconfig: AccountKubeconfig
    record: Record = field(default_factory=Record)
    _namespaces: dict[str, Syncs] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.stub.add(self.record)

    def syncs(self, namespace: str) -> Syncs:
        """The syncs of a namespace, which is made if it is not there yet."""
        if namespace not in self._namespaces:
            self.cluster.request("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
            self._namespaces[namespace] = Syncs(self.cluster, namespace)
        return self._namespaces[namespace]

    def fill(self, path: str, plain: int, secure: int = 0) -> None:
        """Put so many parameters below a path."""
        for index in range(plain):
            self.stub.put(f"{path}/plain-{index}", f"value {index}")
        for index in range(secure):
            self.stub.put(f"{path}/secret-{index}", f"secret {index}", "SecureString")

    @contextmanager
    def operator(
        self, budget: int | None = None, *, name: str = "operator", is_replica: bool = False
    ) -> Iterator[Operator]:
        """Run the operator, with so many requests per second, or as many as it takes by default.

        :param name: of the directory where its log goes: one for each that runs at the same time.
        :param is_replica: whether it agrees with others on who leads.
        """
        access: list[dict[str, list[str]]] = STORE_ACCESS
        default = {"region": "eu-west-1", "endpoint": self.stub.url, "access": access}
        settings: dict[str, object] = {"stores": {"default": default}}
        if budget is not None:
            settings["budget"] = {"requestsPerSecond": budget}
        with run_operator(
            self.kubeconfig,
            self.directory / name,
            lease=f"{self.home}/{ACCOUNT}" if is_replica else None,
            settings=settings,
            environment={"AWS_ENDPOINT_URL_STS": self.stub.url},
            log_level="info",
        ) as running:
            yield running

    def mark(self, operator: Operator) -> Mark:
        """The counts as they are now."""
        calls, decrypted = self._calls(), self.stub.counts.decrypted
        return Mark(time.time(), self.cluster.audit_mark(), self.record.mark(), operator.cpu(), calls, decrypted)

    def cost(self, operator: Operator, since: Mark) -> Cost:
        """What it cost since a moment."""
        seconds, cpu = time.time() - since.at, operator.cpu() - since.cpu
        asked = Counter(f"{entry.verb} {entry.resource}" for entry in self.asked(since.audit))
        return Cost(
            seconds,
            cpu,
            operator.rss() / MIB,
            self._calls() - since.calls,
            self.stub.counts.decrypted - since.decrypted,
            asked,
        )

    def asked(self, since: int = 0) -> list[AuditEntry]:
        """The operator's requests to the API server."""
        return [entry for entry in self.cluster.audit(since) if entry.user_agent.startswith(OURS)]

    def created(self, since: int = 0) -> dict[tuple[str, str], float]:
        """When each sync, by namespace and name, was created: seconds since the epoch."""
        return {
            (entry.target.namespace, entry.target.name): entry.received.timestamp()
            for entry in self.cluster.audit(since)
            if entry.verb == "create" and entry.resource == "parametersyncs"
        }

    def written(self, since: int = 0) -> dict[tuple[str, str], float]:
        """When each target, by namespace and name, was first written: seconds since the epoch."""
        first: dict[tuple[str, str], float] = {}
        for entry in self.asked(since):
            if entry.verb in {"create", "patch", "update"} and entry.resource in {"secrets", "configmaps"}:
                first.setdefault((entry.target.namespace, entry.target.name), entry.received.timestamp())
        return first

    def reasons(self) -> Counter[str]:
        """How many syncs are Ready, by reason; Pending those that say nothing yet, not ready those that are not."""
        counts: Counter[str] = Counter()
        for status in self.statuses():
            ready = [each for each in status.get("conditions", []) if each["type"] == "Ready"]
            counts[ready[0]["reason"] if ready and ready[0]["status"] == "True" else "not ready"] += 1
        return counts

    def statuses(self) -> list[dict[str, Any]]:
        """The statuses of all syncs."""
        items = self.cluster.request("GET", f"{BASE}/parametersyncs")["items"]
        return [item.get("status", {}) for item in items]

    def wait_synced(self, number: int) -> None:
        """Wait until so many syncs are Synced."""
        self.wait(lambda: self.reasons()["Synced"] == number, f"{number} syncs are Synced")

    def wait(self, condition: Callable[[], object], what: str) -> None:
        """Wait for what is dear to ask: at most once a second."""
        asked_at = 0.0

        def at_times() -> bool:
            nonlocal asked_at
            if time.monotonic() - asked_at < 1:
                return False
            answer = bool(condition())
            asked_at = time.monotonic()
            return answer

        wait_until(at_times, what, PATIENCE)

    def wait_listings(self, paths: Sequence[str], times: int, since: int) -> None:
        """Wait until each of the paths was listed completely so often."""

        def listed() -> bool:
            listings = self.record.listings(since)
            return all(len(listings.get(path, ())) >= times for path in paths)

        self.wait(listed, f"{times} listings of each of {len(paths)} paths")

    def _calls(self) -> Counter[str]:
        calls: Counter[str] = Counter()
        for (action, _), count in self.stub.counts.requests.items():
            calls[action] += count
        return calls


@contextmanager
def world(quota: float | None = None) -> Iterator[World]:
    """Bring a world up."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="paramsync-bench-")))
        cluster = stack.enter_context(control_plane((ROOT / "crds",)))
        stub = stack.enter_context(run_stub(Settings(quota=quota)))
        home = stack.enter_context(cluster.namespace("home"))
        yield World(cluster, stub, directory, home, stack.enter_context(bound_policies(cluster, home)))
