"""The chart gives its account what the operator uses and nothing more, by the API server's audit log."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import pytest

from tests.aws.emulator import Emulator
from tests.aws.proxy import Proxy
from tests.cluster.audit import AuditEntry
from tests.cluster.cluster import AccountKubeconfig, Cluster
from tests.cluster.waiting import wait_until
from tests.e2e.scene import MERGE, SOON, Json, Stores, store_path, wait_store
from tests.edge.policies import ACCOUNT, bound_policies, installed
from tests.rights.comparing import compare, granted_to, used
from tests.running.objects import BASE, Syncs
from tests.running.operator import STORE_ACCESS, Operator, run_operator

SLOW = "1h"
KINDS = ("Secret", "ConfigMap")
OWN = {"kind": "ParameterStore", "name": "own"}
OBJECT = "ClusterParameterStore"


@dataclass(frozen=True)
class Installation:
    """Two replicas that have the chart's account, and a namespace whose syncs they serve."""

    cluster: Cluster
    home: str
    kubeconfig: AccountKubeconfig
    namespaces: tuple[str, ...]
    """In which it has rights; empty: in all."""
    syncs: Syncs
    emulator: Emulator
    proxy: Proxy
    directory: Path

    @property
    def username(self) -> str:
        """Who the operator is to the API server."""
        return f"system:serviceaccount:{self.home}:{ACCOUNT}"

    def run(self, stack: ExitStack, name: str) -> Operator:
        """Start a replica, which runs until the stack ends."""
        place = {"region": "eu-west-1", "endpoint": self.proxy.url}
        selector = {"matchLabels": {"stage": "prod"}}
        stores = {
            "default": {**place, "access": STORE_ACCESS},
            "selected": {**place, "access": [{"namespaceSelector": selector, "paths": ["/"]}]},
        }
        only = {"watchNamespaces": list(self.namespaces)} if self.namespaces else {}
        running = run_operator(
            self.kubeconfig,
            self.directory / name,
            settings={"stores": stores, **only},
            # A ParameterStore has no endpoint.
            environment={f"AWS_ENDPOINT_URL_{service}": self.proxy.url for service in ("SSM", "STS")},
            lease=f"{self.home}/{ACCOUNT}",
        )
        return stack.enter_context(running)

    def entries(self, since: int) -> list[AuditEntry]:
        """What the operator has asked for, in all its replicas."""
        return [entry for entry in self.cluster.audit(since) if entry.username == self.username]


@pytest.fixture(params=["everywhere", "some namespaces"])
def installation(
    cluster: Cluster, ssm: Emulator, proxy: Proxy, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Installation]:
    with cluster.namespace("home") as home, cluster.namespace() as namespace:
        only = () if request.param == "everywhere" else (namespace,)
        with bound_policies(cluster, home, *only) as kubeconfig:
            yield Installation(cluster, home, kubeconfig, only, Syncs(cluster, namespace), ssm, proxy, tmp_path)


def test_each_right_of_the_chart_is_used_and_no_other_is_asked_for(installation: Installation) -> None:
    since = installation.cluster.audit_mark()
    try:
        everything_it_does(installation)
    finally:  # a right that is missing shows as something that never comes
        refused = [entry for entry in installation.entries(since) if entry.response.code == HTTPStatus.FORBIDDEN]
        assert {(entry.verb, entry.resource, entry.target.name) for entry in refused} == set(), "it was refused"
    grants = granted_to(installed(installation.home, *installation.namespaces), installation.home, ACCOUNT)

    found = compare(grants, used(installation.entries(since), installation.username))

    assert sorted(found.never_used) == [], "the chart grants what the operator never uses"
    assert sorted(found.never_granted) == [], "the operator uses what the chart does not grant"


def everything_it_does(installation: Installation) -> None:
    """Let two replicas do whatever an operator does in a cluster."""
    emulator, syncs = installation.emulator, installation.syncs
    emulator.put("/app/key", "old", "SecureString")
    emulator.put("/app/plain", "old")
    with ExitStack() as stack:
        first = installation.run(stack, "first")
        wait_until(lambda: first.metric("paramsync_leader") == 1, "the first one leads")
        second = installation.run(stack, "second")
        targets_come_change_and_go(installation)
        reads_as_labels_allow(installation)
        reads_as_a_service_account(installation)
        if not installation.namespaces:
            stores = Stores(syncs.cluster, installation.proxy)
            stack.callback(stores.delete_all)
            reads_from_a_store_of_the_cluster(installation, stores)
        assert first.stop() == 0
        wait_until(lambda: second.metric("paramsync_leader") == 1, "the second one leads")
        syncs.refresh("app", SOON)


def targets_come_change_and_go(installation: Installation) -> None:
    """Targets of both kinds, with Events about them."""
    emulator, syncs = installation.emulator, installation.syncs
    both = [{"kind": kind, "name": name} for kind in KINDS for name in ("app", "other")]
    syncs.create("app", "/app", interval=SLOW, targets=both)
    syncs.wait_reason("app", "Synced", SOON)
    wait_until(syncs.events, "there is an Event", SOON)
    emulator.put("/app/key", "new", "SecureString")
    emulator.put("/app/plain", "new")
    syncs.refresh("app", SOON)
    for kind, data in (("Secret", {"KEY": "new"}), ("ConfigMap", {"PLAIN": "new"})):
        syncs.wait_data(kind, "app", data)
    syncs.patch("app", {"spec": {"targets": [each for each in both if each["name"] == "app"]}})
    for kind in KINDS:
        syncs.wait_data(kind, "other", None)


def reads_as_labels_allow(installation: Installation) -> None:
    """A store that asks for labels of the namespace."""
    syncs = installation.syncs
    labels = {"metadata": {"labels": {"stage": "prod"}}}
    syncs.cluster.request("PATCH", f"/api/v1/namespaces/{syncs.namespace}", labels, content_type=MERGE)
    syncs.create("labelled", "/app", interval=SLOW, storeRef={"kind": OBJECT, "name": "selected"})
    syncs.wait_reason("labelled", "Synced", SOON)


def reads_as_a_service_account(installation: Installation) -> None:
    """A ParameterStore that comes after a sync has asked for it."""
    syncs = installation.syncs
    syncs.create("own", "/app", interval=SLOW, storeRef=OWN)
    syncs.wait_reason("own", "StoreNotFound", SOON)
    role = {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/team"}
    account: Json = {"metadata": {"name": "reader", "annotations": role}}
    syncs.cluster.request("POST", f"/api/v1/namespaces/{syncs.namespace}/serviceaccounts", account)
    store = {"apiVersion": "paramsync.dev/v1alpha1", "kind": OWN["kind"], "metadata": {"name": OWN["name"]}}
    spec = {"region": "eu-west-1", "serviceAccountRef": {"name": "reader"}}
    collection = f"{BASE}/namespaces/{syncs.namespace}/parameterstores"
    syncs.cluster.request("POST", collection, {**store, "spec": spec})
    syncs.wait_reason("own", "Synced", SOON)
    wait_store(syncs.cluster, f"{collection}/{OWN['name']}", "Serving")


def reads_from_a_store_of_the_cluster(installation: Installation, stores: Stores) -> None:
    """A ClusterParameterStore that comes after a sync has asked for it."""
    syncs = installation.syncs
    syncs.create("object", "/app", interval=SLOW, storeRef={"kind": OBJECT, "name": syncs.namespace})
    syncs.wait_reason("object", "StoreNotFound", SOON)
    stores.create(syncs.namespace, "/app")
    syncs.wait_reason("object", "Synced", SOON)
    wait_store(syncs.cluster, store_path(syncs.namespace), "Serving")
