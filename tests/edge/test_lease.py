"""The Lease on a real API server."""

from dataclasses import replace
from datetime import timedelta

import pytest

from paramsync.core.leases import DURATION, Lease, released, taken
from paramsync.kube.errors import NotFound, Stale
from paramsync.kube.leases import Leases
from paramsync.kube.transport import Transport
from tests.cluster.cluster import Cluster
from tests.unit.builders import NOW


@pytest.fixture
def leases(cluster: Cluster, namespace: str) -> Leases:
    return Leases(Transport(cluster.admin), namespace, "paramsync")


def test_it_is_created_renewed_taken_and_released(leases: Leases, cluster: Cluster, namespace: str) -> None:
    assert leases.read() == Lease()
    first = leases.write(taken(leases.read(), "first", NOW))
    assert first == Lease("first", DURATION, NOW, NOW, 0, first.version)
    later = NOW + timedelta(seconds=2, microseconds=5)
    renewed = leases.write(taken(first, "first", later))
    assert renewed == Lease("first", DURATION, NOW, later, 0, renewed.version)
    second = leases.write(taken(leases.read(), "second", later))
    assert (second.holder, second.acquired, second.transitions) == ("second", later, 1)
    left = leases.write(released(second, later))
    assert (left.holder, leases.read()) == ("", left)
    path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/paramsync"
    assert cluster.request("GET", path)["spec"]["renewTime"] == "2026-03-01T12:00:02.000005Z"


def test_who_was_too_late_does_not_get_it(leases: Leases) -> None:
    first = leases.write(taken(Lease(), "first", NOW))
    with pytest.raises(Stale):
        leases.write(taken(Lease(), "second", NOW))
    leases.write(taken(first, "first", NOW + timedelta(seconds=1)))
    with pytest.raises(Stale):
        leases.write(taken(first, "second", NOW))
    assert leases.read().holder == "first"


def test_one_that_says_nothing_is_free(leases: Leases, cluster: Cluster, namespace: str) -> None:
    body = {"metadata": {"name": "paramsync"}, "spec": {}}
    cluster.request("POST", f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases", body)
    assert replace(leases.read(), version=None) == Lease()


def test_a_namespace_that_is_not_there_is_told(cluster: Cluster) -> None:
    with pytest.raises(NotFound, match="create Lease nowhere/paramsync"):
        Leases(Transport(cluster.admin), "nowhere", "paramsync").write(taken(Lease(), "me", NOW))
