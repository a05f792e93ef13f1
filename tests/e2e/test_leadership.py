"""Several replicas, of which one leads: who takes over, how soon, and who writes nothing any more. In real time."""

import signal
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cluster.audit import AuditEntry
from tests.cluster.cluster import AccountKubeconfig
from tests.cluster.waiting import wait_until
from tests.e2e.gateway import Gateway
from tests.e2e.scene import MERGE, READY, conditions
from tests.load.stub import Settings, Stub, run_stub
from tests.running.accounts import accepted, accounts, writes
from tests.running.objects import Syncs
from tests.running.operator import LEADER, Operator, Start, as_a_user, module, run_operator

AFTER_A_CRASH, AFTER_A_STOP = 15.0, 2.0
"""Seconds within which another replica leads."""

REQUESTS = "paramsync_ssm_requests_total"

EVERYTHING = {"configmaps", "events", "parametersyncs/status"}
"""Where it writes who repairs a ConfigMap and does what a refresh asks for."""


@dataclass
class Replicas:
    """Replicas of one operator; the first one reaches the API server through a gateway."""

    home: str
    kubeconfig: AccountKubeconfig
    gateway: Gateway
    stub: Stub
    syncs: Syncs
    directory: Path

    def first(self, start: Start = as_a_user) -> AbstractContextManager[Operator]:
        """Run the one that is to lead first."""
        return self._run(self.gateway.kubeconfig, "first", start)

    def second(self, kubeconfig: AccountKubeconfig | None = None) -> AbstractContextManager[Operator]:
        """Run the one that is to take over; by default with the chart's account."""
        return self._run(kubeconfig or self.kubeconfig, "second", as_a_user)

    def _run(self, kubeconfig: AccountKubeconfig, name: str, start: Start) -> AbstractContextManager[Operator]:
        lease = f"{self.home}/paramsync"
        return run_operator(kubeconfig, self.directory / name, endpoint=self.stub.url, lease=lease, start=start)

    def put(self, value: str) -> None:
        """Give both parameters a value."""
        self.stub.put("/app/key", value, "SecureString")
        self.stub.put("/app/plain", value)

    def begin(self, first: Operator) -> list[str]:
        """Let the first one lead, and bring a sync to an end; the versions of its targets."""
        first.wait_leads()
        self.put("v1")
        self.syncs.create("app", "/app", interval="10s")
        self.syncs.wait_reason("app", "Synced")
        return self.versions()

    def versions(self) -> list[str]:
        """The resourceVersions of both targets."""
        targets = [self.syncs.target(kind, "app") for kind in ("Secret", "ConfigMap")]
        return [target["metadata"]["resourceVersion"] for target in targets if target is not None]

    def edit_by_hand(self) -> None:
        """Change the ConfigMap, as somebody with kubectl would."""
        path = self.syncs.target_path("ConfigMap", "app")
        self.syncs.cluster.request("PATCH", path, {"data": {"PLAIN": "by hand"}}, content_type=MERGE)

    def wait_value(self, value: str) -> None:
        """Wait until both targets hold a value."""
        self.syncs.wait_data("Secret", "app", {"KEY": value})
        self.syncs.wait_data("ConfigMap", "app", {"PLAIN": value})


def seconds_until_it_leads(operator: Operator) -> float:
    began = time.monotonic()
    operator.wait_leads()
    return time.monotonic() - began


@pytest.fixture
def replicas(
    bound_kubeconfig: AccountKubeconfig, home: str, gateway: Gateway, syncs: Syncs, tmp_path: Path
) -> Iterator[Replicas]:
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


def paused_and_resumed(replicas: Replicas, start: Start) -> list[AuditEntry]:
    """What the first one would have written since another one leads, by the audit log; it has ended by then.

    When it is paused, a write to a target is on its way; a status or an Event would be accepted then, see
    docs/limits.md. When it goes on, there is much to do: a target was edited by hand, and a refresh is asked for. The
    second one sleeps meanwhile, too briefly to lose the Lease. A renewal that hangs leaves the first one some time
    until it knows that it has lost the Lease.
    """
    namespace, cluster = replicas.syncs.namespace, replicas.syncs.cluster
    with accounts(cluster, replicas.home) as make, replicas.first(start) as first:
        account = make("second")

        def by_first() -> list[AuditEntry]:
            return [entry for entry in writes(cluster.audit(since)) if entry.username != account.username]

        with replicas.second(account.kubeconfig) as second:
            replicas.begin(first)
            on_its_way = replicas.gateway.hold("PATCH", f"/{namespace}/secrets/app")
            replicas.put("v2")
            on_its_way.arrived()
            first.signal(signal.SIGSTOP)
            second.wait_leads()
            replicas.wait_value("v2")
            replicas.syncs.wait_reason("app", "Synced")
            since = cluster.audit_mark()

            on_its_way.release()
            wait_until(by_first, "the API server has answered what was on its way")
            renewal = replicas.gateway.hold("PUT", "/leases/paramsync")
            second.signal(signal.SIGSTOP)
            replicas.edit_by_hand()
            replicas.syncs.annotate("app", refresh="now")
            first.signal(signal.SIGCONT)
            renewal.arrived()
            before = len(replicas.gateway.writes("/leases/paramsync"))
            wait_until(
                lambda: len(replicas.gateway.writes("/leases/paramsync")) > before, "it tries to renew once more"
            )
            second.signal(signal.SIGCONT)
            assert first.wait() == 1
            renewal.drop()
            assert first.logs().endswith("Error: the Lease is lost; another replica may lead now\n")
            second.wait_leads()
            replicas.syncs.refresh("app")
            replicas.wait_value("v2")
            return by_first()


def test_one_that_was_paused_sends_nothing_more_and_what_was_on_its_way_is_refused(replicas: Replicas) -> None:
    by_first = paused_and_resumed(replicas, as_a_user)
    answers = [(entry.resource, entry.response.code) for entry in by_first]
    assert answers == [("secrets", 409)], "what was on its way is refused, and nothing else is sent"


def test_without_the_fence_it_would_write(replicas: Replicas) -> None:
    by_first = paused_and_resumed(replicas, module("tests.running.sabotaged", "fence"))
    assert {entry.resource for entry in accepted(by_first)} == EVERYTHING


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
        assert operator.wait() == 1
        assert "give the Lease as NAMESPACE/NAME" in operator.logs()
