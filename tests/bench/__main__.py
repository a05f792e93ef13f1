"""The benchmark: many syncs on one subtree. Counts are asserted; times, CPU and memory are shown."""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.aws.emulator import run_emulator
from tests.aws.proxy import Proxy, run_proxy
from tests.cluster.cluster import Cluster
from tests.cluster.control_plane import control_plane
from tests.cluster.waiting import wait_until
from tests.running.objects import BASE, Syncs
from tests.running.operator import Operator, run_operator

ROOT = Path(__file__).parents[2]
PLAIN, SECURE = 15, 5
PAGES = 3  # the stand-in for AWS gives a token with a full last page, as AWS may
WRITES = frozenset({"create", "patch", "update", "delete"})
PATIENCE = 600.0


@dataclass
class Phase:
    """What one phase of the benchmark cost."""

    name: str
    seconds: float = 0.0
    cpu: float = 0.0
    rss: float = 0.0
    listings: int = 0
    requests: Counter[str] | None = None

    def show(self) -> None:
        """Print it."""
        asked = ", ".join(f"{count} {what}" for what, count in sorted((self.requests or Counter()).items()))
        print(f"{self.name:<34} {self.seconds:7.1f} s  {self.cpu:6.1f} s CPU  {self.rss:6.1f} MiB  ", end="")
        print(f"{self.listings} list calls to SSM; API server: {asked or 'nothing'}", flush=True)


def main() -> int:
    """Run the benchmark, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--syncs", type=int, default=1000, help="how many syncs share the subtree (1000)")
    number: int = parser.parse_args().syncs
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="paramsync-bench-")))
        cluster = stack.enter_context(control_plane((ROOT / "crds",)))
        ssm = stack.enter_context(run_emulator())
        proxy = stack.enter_context(run_proxy(ssm.url))
        for index in range(PLAIN):
            ssm.put(f"/bench/app/plain-{index}", f"value {index}")
        for index in range(SECURE):
            ssm.put(f"/bench/app/secret-{index}", f"secret {index}", "SecureString")
        namespaces = [stack.enter_context(cluster.namespace("bench")) for _ in range(10)]
        syncs = [Syncs(cluster, namespace) for namespace in namespaces]

        with run_operator(cluster.kubeconfig, directory, endpoint=proxy.url) as operator:
            idle = Phase("idle, no sync", rss=operator.rss() / 2**20)
            idle.show()
            with phase(f"{number} new syncs", cluster, proxy, operator) as first:
                for index in range(number):
                    syncs[index % len(syncs)].create(f"app-{index}", "/bench/app", interval="5m")
                wait_until(lambda: _synced(cluster) == number, "all syncs are Synced", PATIENCE)
            _expect(
                first,
                listings=PAGES,
                writes={"secrets": number, "configmaps": number, "parametersyncs/status": number, "events": number},
            )
            before = _revisions(cluster)
            ssm.put("/bench/app/plain-0", "changed")
            with phase("one parameter changed", cluster, proxy, operator) as changed:
                syncs[0].annotate("app-0", refresh="1")
                wait_until(lambda: _holding(cluster, namespaces, "changed") == number, "all have the change", PATIENCE)
                wait_until(lambda: operator.metric("paramsync_queue_depth") == 0, "the queue is empty", PATIENCE)
                wait_until(lambda: not before & _revisions(cluster), "all statuses say so", PATIENCE)
            _expect(
                changed,
                listings=PAGES,
                writes={"configmaps": number, "parametersyncs/status": number, "events": number},
            )
        with (
            run_operator(cluster.kubeconfig, directory, endpoint=proxy.url, ready=False) as operator,
            phase("restart, nothing changed", cluster, proxy, operator) as restart,
        ):
            operator.wait_ready()
            done = "paramsync_reconciles_total"
            wait_until(lambda: operator.metric(done, reason="Synced") >= number, "all were looked at", PATIENCE)
        _expect(restart, listings=PAGES, writes={})
    print("all counts are as they should be")
    return 0


@contextmanager
def phase(name: str, cluster: Cluster, proxy: Proxy, operator: Operator) -> Iterator[Phase]:
    """Measure what happens inside."""
    result = Phase(name)
    mark, listed, cpu, began = cluster.audit_mark(), len(proxy.calls()), _cpu(operator), time.monotonic()
    yield result
    result.seconds = time.monotonic() - began
    result.cpu = _cpu(operator) - cpu
    result.rss = operator.rss() / 2**20
    result.listings = len(proxy.calls()) - listed
    ours = [entry for entry in cluster.audit(mark) if (entry.user_agent or "").startswith("paramsync")]
    result.requests = Counter(f"{entry.verb} {entry.resource}" for entry in ours)
    result.show()


def _expect(phase: Phase, *, listings: int, writes: dict[str, int]) -> None:
    requests = phase.requests or Counter()
    written: Counter[str] = Counter()
    for what, count in requests.items():
        verb, _, resource = what.partition(" ")
        if verb in WRITES:
            written[resource] += count
    if phase.listings != listings or dict(written) != writes:
        sys.exit(f"{phase.name}: expected {listings} list calls and the writes {writes}; got {dict(written)}")


def _cpu(operator: Operator) -> float:
    fields = Path(f"/proc/{operator.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _statuses(cluster: Cluster) -> list[dict[str, Any]]:
    return [item.get("status", {}) for item in cluster.request("GET", f"{BASE}/parametersyncs")["items"]]


def _synced(cluster: Cluster) -> int:
    reasons = [each["reason"] for status in _statuses(cluster) for each in status.get("conditions", [])]
    return reasons.count("Synced")


def _revisions(cluster: Cluster) -> set[str]:
    return {status["revision"] for status in _statuses(cluster)}


def _holding(cluster: Cluster, namespaces: list[str], value: str) -> int:
    found = 0
    for namespace in namespaces:
        items = cluster.request("GET", f"/api/v1/namespaces/{namespace}/configmaps")["items"]
        found += sum(item.get("data", {}).get("PLAIN_0") == value for item in items)
    return found


if __name__ == "__main__":
    sys.exit(main())
