"""Paused by SIGSTOP and resumed past its deadline, an operator writes nothing that is stale. Time goes faster here."""

import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cluster.cluster import AccountKubeconfig, Cluster
from tests.cluster.waiting import wait_until
from tests.e2e.gateway import Gateway
from tests.e2e.scene import MERGE, READY, Json, conditions
from tests.load.stub import Settings, Stub, run_stub
from tests.running.nursery import Nursery, run_nursery
from tests.running.objects import Syncs
from tests.running.operator import Operator, run_operator

PAUSED = 4.0
"""Seconds: twice the deadline of a sync, as time goes here."""

DONE = "paramsync_reconciles_total"


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with run_nursery() as running:
        yield running


@dataclass
class Leaders:
    """Two operators of one account that read the same; the first one reaches the API server through a gateway."""

    cluster: Cluster
    kubeconfig: AccountKubeconfig
    gateway: Gateway
    nursery: Nursery
    stub: Stub
    syncs: Syncs
    directory: Path
    began: int
    """The audit log's position at the begin."""

    def first(self) -> AbstractContextManager[Operator]:
        """Run the one that is to be paused."""
        return self._run(self.gateway.kubeconfig, "first")

    def second(self) -> AbstractContextManager[Operator]:
        """Run the one that goes on meanwhile."""
        return self._run(self.kubeconfig, "second")

    def _run(self, kubeconfig: AccountKubeconfig, name: str) -> AbstractContextManager[Operator]:
        endpoint, start = self.stub.url, self.nursery.start
        return run_operator(kubeconfig, self.directory / name, endpoint=endpoint, start=start)

    def put(self, value: str) -> None:
        """Give both parameters a value."""
        self.stub.put("/app/key", value, "SecureString")
        self.stub.put("/app/plain", value)

    def synced(self) -> dict[str, str]:
        """Create a sync, and wait until it is Synced; the resourceVersions of its targets, by kind."""
        self.syncs.create("app", "/app", interval="30s")
        self.syncs.wait_reason("app", "Synced")
        return {kind: self.target(kind)["metadata"]["resourceVersion"] for kind in ("Secret", "ConfigMap")}

    def target(self, kind: str) -> Json:
        """A target that is there."""
        found = self.syncs.target(kind, "app")
        assert found is not None
        return found

    def wait_value(self, value: str) -> None:
        """Wait until both targets hold a value and nothing else."""
        self.syncs.wait_data("Secret", "app", {"KEY": value})
        self.syncs.wait_data("ConfigMap", "app", {"PLAIN": value})

    def wait_look(self, operator: Operator) -> None:
        """Wait until an operator, which has been resumed, has brought the sync to what it reads."""
        wait_until(lambda: "the process was paused" in operator.logs(), "it notices the pause")
        before = operator.metric(DONE, reason="Synced")
        wait_until(lambda: operator.metric(DONE, reason="Synced") > before, "a look at the sync")
        assert conditions(self.syncs.get("app")) == READY

    def codes(self) -> list[int]:
        """How the writes to targets of both were answered, in order."""
        resources = {"secrets", "configmaps"}
        return [
            entry.response.code
            for entry in self.cluster.audit(self.began)
            if entry.target.namespace == self.syncs.namespace
            and entry.resource in resources
            and entry.verb in {"patch", "delete"}
            and entry.user_agent == "paramsync"
        ]

    def writes_of_first(self) -> int:
        """How many writes to targets the first one has sent."""
        return sum(
            len(self.gateway.writes(f"/{self.syncs.namespace}/{plural}/")) for plural in ("secrets", "configmaps")
        )


@pytest.fixture
def leaders(
    cluster: Cluster,
    bound_kubeconfig: AccountKubeconfig,
    gateway: Gateway,
    nursery: Nursery,
    syncs: Syncs,
    tmp_path: Path,
) -> Iterator[Leaders]:
    """Two operators, none of which runs yet."""
    with run_stub(Settings(quota=None)) as stub:
        made = Leaders(cluster, bound_kubeconfig, gateway, nursery, stub, syncs, tmp_path, cluster.audit_mark())
        made.put("v1")
        yield made


def test_what_was_edited_by_hand_becomes_what_is_read_now(leaders: Leaders) -> None:
    with leaders.first() as first:
        versions = leaders.synced()
        first.signal(signal.SIGSTOP)
        leaders.put("v2")
        edited = {"data": {"PLAIN": "by hand"}}
        leaders.cluster.request("PATCH", leaders.syncs.target_path("ConfigMap", "app"), edited, content_type=MERGE)
        first.live(PAUSED)
        first.signal(signal.SIGCONT)

        leaders.wait_value("v2")
        history = leaders.syncs.history("ConfigMap", "app", versions["ConfigMap"])
        assert history == [{"PLAIN": "by hand"}, {"PLAIN": "v2"}], "it was v1 no more when the operator woke"


def test_what_a_second_leader_wrote_meanwhile_stays(leaders: Leaders) -> None:
    leaders.stub.put("/app/gone", "v1")
    with leaders.first() as first:
        versions = leaders.synced()
        before = leaders.writes_of_first()
        first.signal(signal.SIGSTOP)
        leaders.put("v2")
        leaders.stub.put("/app/added", "v2")
        leaders.stub.delete("/app/gone")
        with leaders.second() as second:
            leaders.syncs.wait_data("ConfigMap", "app", {"PLAIN": "v2", "ADDED": "v2"})
            leaders.syncs.wait_data("Secret", "app", {"KEY": "v2"})
            second.live(PAUSED)
            written = len(leaders.codes())
            first.signal(signal.SIGCONT)
            leaders.wait_look(first)

        assert leaders.writes_of_first() == before == 2, "one for each target, at the begin"
        assert len(leaders.codes()) == written, "neither writes anything more"
        assert leaders.syncs.history("Secret", "app", versions["Secret"]) == [{"KEY": "v2"}]
        history = leaders.syncs.history("ConfigMap", "app", versions["ConfigMap"])
        assert [each["PLAIN"] for each in history] == ["v2"] * len(history)
        assert history[-1] == {"PLAIN": "v2", "ADDED": "v2"}


@pytest.mark.parametrize("kind", ["Secret", "ConfigMap"])
def test_a_write_that_was_on_its_way_is_refused(leaders: Leaders, kind: str) -> None:
    plural = {"Secret": "secrets", "ConfigMap": "configmaps"}[kind]
    with leaders.first() as first:
        versions = leaders.synced()
        hold = leaders.gateway.hold("PATCH", f"/{leaders.syncs.namespace}/{plural}/app")
        leaders.put("v2")
        hold.arrived()
        first.signal(signal.SIGSTOP)
        leaders.put("v3")
        with leaders.second() as second:
            leaders.wait_value("v3")
            second.live(PAUSED)
            hold.release()
            wait_until(lambda: 409 in leaders.codes(), "the API server refuses what was on its way")
            first.signal(signal.SIGCONT)
            leaders.wait_look(first)

        leaders.wait_value("v3")
        assert leaders.codes().count(409) == 1
        assert "v2" not in str(leaders.syncs.history(kind, "app", versions[kind]))


def test_a_deletion_that_was_on_its_way_is_refused(leaders: Leaders) -> None:
    def name(*names: str) -> None:
        kinds = zip(("Secret", "ConfigMap"), names, strict=True)
        leaders.syncs.patch("app", {"spec": {"targets": [{"kind": kind, "name": name} for kind, name in kinds]}})

    with leaders.first() as first:
        leaders.synced()
        uid = leaders.target("Secret")["metadata"]["uid"]
        hold = leaders.gateway.hold("DELETE", f"/{leaders.syncs.namespace}/secrets/app")
        name("other", "app")
        hold.arrived()
        first.signal(signal.SIGSTOP)
        name("app", "app")
        leaders.put("v2")
        with leaders.second() as second:
            leaders.wait_value("v2")
            second.live(PAUSED)
            hold.release()
            wait_until(lambda: 409 in leaders.codes(), "the API server refuses what was on its way")
            first.signal(signal.SIGCONT)
            leaders.wait_look(first)

        leaders.wait_value("v2")
        assert leaders.target("Secret")["metadata"]["uid"] == uid, "it was never gone"
