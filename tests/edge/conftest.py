"""Fixtures of the edge tests: the operator's account, bound by the policies that are shipped."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

    from tests.cluster.cluster import Cluster
    from tests.edge.account import Account


@pytest.fixture(scope="module")
def home(cluster: "Cluster") -> Iterator[str]:
    """The operator's own namespace."""
    with cluster.namespace("operator") as name:
        yield name


@pytest.fixture(scope="module")
def bound(cluster: "Cluster", home: str) -> "Iterator[ApiClient]":
    """A client that proves to be the operator's account, with the policies in force."""
    from tests.edge.policies import bound_policies  # noqa: PLC0415  (imports the kubernetes client)

    with bound_policies(cluster, home) as kubeconfig, cluster.api(kubeconfig) as client:
        yield client


@pytest.fixture
def account(cluster: "Cluster", home: str, bound: "ApiClient", namespace: str) -> "Account":
    """The operator's account in a new namespace with a sync `app`."""
    from paramsync.kube.fence import SoleReplica  # noqa: PLC0415
    from paramsync.kube.targets import Targets  # noqa: PLC0415
    from paramsync.kube.transport import Transport  # noqa: PLC0415
    from tests.edge.account import Account, create_sync  # noqa: PLC0415

    targets = Targets(Transport(bound), SoleReplica())
    return Account(cluster, home, namespace, targets, bound, create_sync(cluster, namespace, "app"))
