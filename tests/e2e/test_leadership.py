"""Several replicas, of which one leads: who takes over, how soon, and who writes nothing any more. In real time."""

import signal
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cluster.waiting import wait_until
from tests.e2e.gateway import Gateway
from tests.e2e.scene import READY, conditions
from tests.load.stub import Settings, Stub, run_stub
from tests.running.objects import Syncs
from tests.running.operator import Operator, run_operator

AFTER_A_CRASH, AFTER_A_STOP = 15.0, 2.0
"""Seconds within which another replica leads."""

LEADER, REQUESTS = "paramsync_leader", "paramsync_ssm_requests_total"


@dataclass
class Replicas:
    """Replicas of one operator; the first one reaches the API server through a gateway."""

    home: str
    kubeconfig: Path
    gateway: Gateway
    stub: Stub
    syncs: Syncs
    directory: Path

    def first(self) -> AbstractContextManager[Operator]:
        """Run the one that is to lead first."""
        return self._run(self.gateway.kubeconfig, "first")

    def second(self) -> AbstractContextManager[Operator]:
        """Run the one that is to take over."""
        return self._run(self.kubeconfig, "second")

    def _run(self, kubeconfig: Path, name: str) -> AbstractContextManager[Operator]:
        lease = f"{self.home}/paramsync"
        return run_operator(kubeconfig, self.directory / name, endpoint=self.stub.url, lease=lease)

    def put(self, value: str) -> None:
        """Give both parameters a value."""
        self.stub.put("/app/key", value, "SecureString")
        self.stub.put("/app/plain", value)

    def begin(self, first: Operator) -> list[str]:
        """Let the first one lead, and bring a sync to an end; the versions of its targets."""
        wait_leads(first)
        self.put("v1")
        self.syncs.create("app", "/app", interval="10s")
        self.syncs.wait_reason("app", "Synced")
        return self.versions()

    def versions(self) -> list[str]:
        """The resourceVersions of both targets."""
        targets = [self.syncs.target(kind, "app") for kind in ("Secret", "ConfigMap")]
        return [target["metadata"]["resourceVersion"] for target in targets if target is not None]

    def wait_value(self, value: str) -> None:
        """Wait until both targets hold a value."""
        self.syncs.wait_data("Secret", "app", {"KEY": value})
        self.syncs.wait_data("ConfigMap", "app", {"PLAIN": value})


def wait_leads(operator: Operator) -> None:
    wait_until(lambda: operator.metric(LEADER) == 1, "it leads")


def seconds_until_it_leads(operator: Operator) -> float:
    began = time.monotonic()
    wait_leads(operator)
    return time.monotonic() - began


@pytest.fixture
def replicas(bound_kubeconfig: Path, home: str, gateway: Gateway, syncs: Syncs, tmp_path: Path) -> Iterator[Replicas]:
    """None of them runs yet."""
    with run_stub(Settings(quota=None)) as stub:
        yield Replicas(home, bound_kubeconfig, gateway, stub, syncs, tmp_path)


def test_the_one_that_waits_is_ready_reads_nothing_and_takes_over_when_the_first_one_stops(replicas: Replicas) -> None:
    with replicas.first() as first, replicas.second() as second:
        versions = replicas.begin(first)
        assert (second.metric(LEADER), second.metric(REQUESTS)) == (0, 0)
        assert second.get("/healthz")[0] == second.get("/readyz")[0] == 200

        assert first.stop() == 0

        took = seconds_until_it_leads(second)
        print(f"after a clean stop: {took:.1f} s")
        assert took <= AFTER_A_STOP
        wait_until(lambda: second.metric(REQUESTS) > 0, "it reads")
        assert conditions(replicas.syncs.refresh("app")) == READY
        assert replicas.versions() == versions, "nothing is rewritten"
        replicas.put("v2")
        replicas.wait_value("v2")


def test_another_one_takes_over_soon_after_a_crash(replicas: Replicas) -> None:
    with replicas.first() as first, replicas.second() as second:
        versions = replicas.begin(first)

        first.signal(signal.SIGKILL)
        first.wait()

        took = seconds_until_it_leads(second)
        print(f"after a crash: {took:.1f} s")
        assert took <= AFTER_A_CRASH
        assert conditions(replicas.syncs.refresh("app")) == READY
        assert replicas.versions() == versions
        replicas.put("v2")
        replicas.wait_value("v2")


def test_one_that_was_paused_writes_nothing_more_and_ends(replicas: Replicas) -> None:
    with replicas.first() as first, replicas.second() as second:
        replicas.begin(first)
        before = len(replicas.gateway.writes(replicas.syncs.namespace))
        first.signal(signal.SIGSTOP)
        replicas.put("v2")
        wait_leads(second)
        replicas.wait_value("v2")

        first.signal(signal.SIGCONT)

        assert first.wait() == 1
        assert first.logs().endswith("Error: the Lease is lost; another replica may lead now\n")
        writes = replicas.gateway.writes(replicas.syncs.namespace)[before:]
        assert {write.path.rpartition("/")[2] for write in writes} <= {"paramsync"}, "but for a renewal that fails"
        assert second.metric(LEADER) == 1
        replicas.wait_value("v2")


def test_one_that_cannot_reach_the_api_server_ends_and_the_other_one_leads(replicas: Replicas) -> None:
    with replicas.first() as first, replicas.second() as second:
        replicas.begin(first)

        replicas.gateway.close()

        assert seconds_until_it_leads(second) <= AFTER_A_CRASH
        assert first.wait() == 1
        replicas.put("v2")
        replicas.wait_value("v2")


def test_a_lease_is_given_as_namespace_and_name(replicas: Replicas) -> None:
    with run_operator(replicas.kubeconfig, replicas.directory, lease="paramsync", ready=False) as operator:
        assert operator.wait() == 2
        assert "give the Lease as NAMESPACE/NAME" in operator.logs()
