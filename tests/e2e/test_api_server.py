"""The API server goes away and comes back, with another certificate, too. The control plane is this file's own.

Time goes faster for the operators, but not for their Lease.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cluster.cluster import AccountKubeconfig, Cluster
from tests.cluster.control_plane import control_plane
from tests.cluster.waiting import wait_until
from tests.conftest import ROOT
from tests.e2e.scene import READY, conditions
from tests.load.stub import Settings, Stub, run_stub
from tests.running.nursery import Nursery, run_nursery
from tests.running.objects import Syncs
from tests.running.operator import Operator, run_operator

BACK = 15.0
"""Seconds after which the operator is at work again when the API server is."""

LOST = 10.0
"""Seconds within which a leader that cannot renew its Lease has ended."""

LEADS, LISTED = "paramsync_leader", "paramsync_ssm_requests_total"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with control_plane((ROOT / "crds",)) as running:
        yield running


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with run_nursery() as running:
        yield running


@pytest.fixture
def stub() -> Iterator[Stub]:
    with run_stub(Settings(quota=None)) as running:
        yield running


def put(stub: Stub, value: str) -> None:
    stub.put("/app/key", value, "SecureString")
    stub.put("/app/plain", value)


def begin(stub: Stub, syncs: Syncs) -> None:
    put(stub, "v1")
    syncs.create("app", "/app", interval="1m")
    syncs.wait_reason("app", "Synced")


def wait_value(syncs: Syncs, value: str, timeout: float = BACK) -> None:
    syncs.wait_data("Secret", "app", {"KEY": value}, timeout)
    syncs.wait_data("ConfigMap", "app", {"PLAIN": value}, timeout)


def wait_new_sync(syncs: Syncs) -> None:
    """What only a watch shows so soon: a sync that is new."""
    syncs.create("new", "/app", interval="1h")
    syncs.wait_reason("new", "Synced", BACK)


def writes_of_targets(cluster: Cluster, syncs: Syncs, name: str, since: int) -> list[tuple[str, int]]:
    return [
        (f"{entry.verb} {entry.resource}", entry.response.code)
        for entry in cluster.audit(since)
        if (entry.target.namespace, entry.target.name) == (syncs.namespace, name)
        and entry.resource in {"secrets", "configmaps"}
        and entry.verb not in {"get", "list", "watch"}
    ]


def wait_polled_twice(operator: Operator) -> None:
    """Until the operator has seen what changed, and has decided what to do about it."""
    before = operator.metric(LISTED)
    wait_until(lambda: operator.metric(LISTED) >= before + 2, "it polls")


def test_what_changes_while_it_is_away_arrives_when_it_is_back(
    cluster: Cluster, bound_kubeconfig: AccountKubeconfig, nursery: Nursery, stub: Stub, syncs: Syncs, tmp_path: Path
) -> None:
    with run_operator(bound_kubeconfig, tmp_path, endpoint=stub.url, start=nursery.start) as operator:
        begin(stub, syncs)
        since = cluster.audit_mark()
        cluster.api_server.stop()
        put(stub, "v2")
        wait_polled_twice(operator)
        cluster.certificates.renew_api_server()

        cluster.api_server.start()

        wait_value(syncs, "v2")
        assert writes_of_targets(cluster, syncs, "app", since) == [("patch secrets", 200), ("patch configmaps", 200)]
        assert conditions(syncs.wait_reason("app", "Synced")) == READY
        wait_new_sync(syncs)
        assert operator.process.poll() is None


def test_a_leader_that_lost_it_ends_and_one_of_those_that_wait_leads_when_it_is_back(
    cluster: Cluster,
    home: str,
    bound_kubeconfig: AccountKubeconfig,
    nursery: Nursery,
    stub: Stub,
    syncs: Syncs,
    tmp_path: Path,
) -> None:
    lease = f"{home}/paramsync"

    with ExitStack() as running:

        def start(name: str, *, ready: bool = True) -> Operator:
            directory = tmp_path / name
            context = run_operator(
                bound_kubeconfig, directory, endpoint=stub.url, lease=lease, ready=ready, start=nursery.start
            )
            return running.enter_context(context)

        first, second = start("first"), start("second")
        wait_until(lambda: first.metric(LEADS) + second.metric(LEADS) == 1, "one leads")
        leader, other = (first, second) if first.metric(LEADS) else (second, first)
        begin(stub, syncs)
        since = cluster.audit_mark()
        cluster.api_server.stop()
        put(stub, "v2")

        assert leader.wait(LOST) == 1
        assert leader.logs().endswith("Error: the Lease is lost; another replica may lead now\n")
        again = start("again", ready=False)  # as kubelet would
        cluster.api_server.start()

        wait_value(syncs, "v2")
        again.wait_ready()
        assert other.process.poll() is again.process.poll() is None
        assert other.metric(LEADS) + again.metric(LEADS) == 1
        assert writes_of_targets(cluster, syncs, "app", since) == [("patch secrets", 200), ("patch configmaps", 200)]
