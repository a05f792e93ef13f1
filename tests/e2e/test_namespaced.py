"""An operator for some namespaces: an account with Roles in these and nothing else, bound by the policies."""

import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.aws.emulator import Emulator
from tests.aws.proxy import Proxy
from tests.cluster.audit import AuditEntry
from tests.cluster.cluster import AccountKubeconfig, Cluster
from tests.cluster.waiting import wait_until
from tests.e2e.scene import MERGE, SOON, Json, message, store, store_path
from tests.edge.policies import ACCOUNT, bound_policies, grant_in, role_path
from tests.running.nursery import Nursery, run_nursery
from tests.running.objects import BASE, Syncs
from tests.running.operator import STORE_ACCESS, Operator, run_operator

SELECTED = {"namespaceSelector": {"matchLabels": {"stage": "prod"}}, "paths": ["/selected"]}
UNREADABLE = "paramsync_unreadable_namespaces"


@dataclass(frozen=True)
class Installation:
    """An operator for the namespaces `first` and `second`; `third` is none of its."""

    cluster: Cluster
    home: str
    kubeconfig: AccountKubeconfig
    first: Syncs
    second: Syncs
    third: Syncs
    endpoint: str
    nursery: Nursery

    def settings(self, *names: str) -> Json:
        place = {"region": "eu-west-1", "endpoint": self.endpoint}
        stores = {"default": {**place, "access": STORE_ACCESS}, "selected": {**place, "access": [SELECTED]}}
        return {"watchNamespaces": list(names), "stores": stores}

    def entries(self, since: int) -> list[AuditEntry]:
        """What the operator's account has asked for."""
        user = f"system:serviceaccount:{self.home}:{ACCOUNT}"
        return [entry for entry in self.cluster.audit(since) if entry.username == user]


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with run_nursery() as running:
        yield running


@pytest.fixture
def installation(cluster: Cluster, ssm: Emulator, proxy: Proxy, nursery: Nursery) -> Iterator[Installation]:
    ssm.put("/app/key", "secret", "SecureString")
    ssm.put("/app/plain", "plain")
    ssm.put("/selected/plain", "selected")
    with (
        cluster.namespace("home") as home,
        cluster.namespace("first") as first,
        cluster.namespace("second") as second,
        cluster.namespace("third") as third,
        bound_policies(cluster, home, first, second) as kubeconfig,
    ):
        served = Syncs(cluster, first), Syncs(cluster, second)
        yield Installation(cluster, home, kubeconfig, *served, Syncs(cluster, third), proxy.url, nursery)


def run(
    installation: Installation, directory: Path, *names: str, lease: bool = False
) -> AbstractContextManager[Operator]:
    aws = {f"AWS_ENDPOINT_URL_{service}": installation.endpoint for service in ("SSM", "STS")}
    return run_operator(
        installation.kubeconfig,
        directory,
        settings=installation.settings(*names),
        environment=aws,
        lease=f"{installation.home}/paramsync" if lease else None,
        start=installation.nursery.start,
    )


def assert_works(syncs: Syncs, name: str = "app") -> None:
    syncs.create(name, "/app")
    syncs.wait_reason(name, "Synced", SOON)
    assert syncs.data("Secret", name) == {"KEY": "secret"}
    assert syncs.data("ConfigMap", name) == {"PLAIN": "plain"}


def test_with_roles_alone_it_serves_its_namespaces_and_asks_for_nothing_else(
    installation: Installation, cluster: Cluster, tmp_path: Path
) -> None:
    first, second, third = installation.first, installation.second, installation.third
    labels = {"metadata": {"labels": {"stage": "prod"}}}
    cluster.request("PATCH", f"/api/v1/namespaces/{second.namespace}", labels, content_type=MERGE)
    role = {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/team"}
    account = {"metadata": {"name": "reader", "annotations": role}}
    cluster.request("POST", f"/api/v1/namespaces/{second.namespace}/serviceaccounts", account)
    own = {"metadata": {"name": "own"}, "spec": {"region": "eu-west-1", "serviceAccountRef": {"name": "reader"}}}
    own |= {"apiVersion": "paramsync.dev/v1alpha1", "kind": "ParameterStore"}
    cluster.request("POST", f"{BASE}/namespaces/{second.namespace}/parameterstores", own)
    cluster.request("POST", store_path(first.namespace), store(first.namespace, installation.endpoint, ["*"], ["/"]))
    since = cluster.audit_mark()
    try:
        with run(installation, tmp_path, first.namespace, second.namespace, lease=True) as operator:
            third.create("app", "/app")
            assert_works(first)
            assert_works(second)
            second.create("by-label", "/selected", storeRef={"kind": "ClusterParameterStore", "name": "selected"})
            second.wait_reason("by-label", "Synced", SOON)
            second.create("own", "/app", storeRef={"kind": "ParameterStore", "name": "own"})
            second.wait_reason("own", "Synced", SOON)
            first.create("object", "/app", storeRef={"kind": "ClusterParameterStore", "name": first.namespace})
            text = message(first.wait_reason("object", "StoreNotFound", SOON))
            assert "this installation reads no cluster-scoped objects (watchNamespaces)" in text
            assert operator.get("/readyz") == (200, "ok\n")
            assert operator.metric("paramsync_leader") == 1
            assert "status" not in third.get("app") or third.get("app")["status"]["observedGeneration"] == -1
            assert third.target("Secret", "app") is None
    finally:
        cluster.request("DELETE", store_path(first.namespace))

    entries = installation.entries(since)
    ours = {installation.home, first.namespace, second.namespace}
    assert {entry.target.namespace for entry in entries if entry.resource} == ours, "nothing is asked of the cluster"
    assert "clusterparameterstores" not in {entry.target.resource for entry in entries}
    assert [(entry.verb, entry.uri) for entry in entries if entry.response.code == 403] == []
    uses = {entry.resource for entry in entries}
    assert {"namespaces", "serviceaccounts/token", "leases", "events", "parametersyncs/status"} <= uses


def test_a_namespace_that_is_not_there_is_told_hinders_no_other_and_works_when_it_is(
    installation: Installation, cluster: Cluster, tmp_path: Path
) -> None:
    late = f"late-{installation.home}"
    try:
        with run(installation, tmp_path, installation.first.namespace, late) as operator:
            assert_works(installation.first)
            status, text = operator.get("/readyz")
            assert (status, operator.metric(UNREADABLE)) == (200, 1)
            assert f"ok, but namespace {late} cannot be read: list parameterstores in namespace {late}: " in text
            assert text.rstrip().endswith("the API server refuses (Forbidden)")
            assert operator.logs().count("a namespace cannot be read") == 1

            cluster.request("POST", "/api/v1/namespaces", {"metadata": {"name": late}})
            grant_in(cluster, installation.home, late)

            wait_until(lambda: operator.get("/readyz") == (200, "ok\n"), "it can be read", SOON)
            assert_works(Syncs(cluster, late))
            assert operator.metric(UNREADABLE) == 0
    finally:
        cluster.request("DELETE", f"/api/v1/namespaces/{late}")


def test_rights_that_are_taken_away_and_given_again(
    installation: Installation, cluster: Cluster, tmp_path: Path
) -> None:
    first, second = installation.first, installation.second
    binding = role_path(second.namespace).replace("/roles/", "/rolebindings/")
    with run(installation, tmp_path, first.namespace, second.namespace) as operator:
        assert_works(first)
        assert_works(second)
        given = cluster.request("GET", binding)

        cluster.request("DELETE", binding)
        wait_until(partial(is_lost, operator, second), "it is told", SOON)
        first.refresh("app", SOON)
        wait_until(lambda: operator.metric("paramsync_feeds") == 1, "what was read for it is shared by the other")

        made = {key: given[key] for key in ("roleRef", "subjects")}
        cluster.request("POST", binding.rpartition("/")[0], {**made, "metadata": {"name": given["metadata"]["name"]}})
        wait_until(lambda: operator.get("/readyz") == (200, "ok\n"), "it can be read again", SOON)
        second.refresh("app", SOON)
        assert_works(second, "more")


def is_lost(operator: Operator, syncs: Syncs) -> bool:
    """Whether an operator says that it cannot read a namespace; lets it look at a sync there once more."""
    syncs.annotate("app", refresh=uuid.uuid4().hex)
    return f"namespace {syncs.namespace} cannot be read" in operator.get("/readyz")[1]


def test_a_role_without_the_right_to_watch_is_told_and_hinders_no_other(
    installation: Installation, cluster: Cluster, tmp_path: Path
) -> None:
    path = role_path(installation.second.namespace)
    given = cluster.request("GET", path)["rules"]
    blind = [{**rule, "verbs": [verb for verb in rule["verbs"] if verb != "watch"]} for rule in given]
    cluster.request("PATCH", path, {"rules": blind}, content_type=MERGE)
    names = installation.first.namespace, installation.second.namespace
    with run(installation, tmp_path, *names) as operator:
        told = f"namespace {installation.second.namespace} cannot be read: watch "
        wait_until(lambda: told in operator.get("/readyz")[1], "it is told", SOON)
        assert_works(installation.first)
        assert told in operator.get("/readyz")[1]

        cluster.request("PATCH", path, {"rules": given}, content_type=MERGE)
        wait_until(lambda: operator.get("/readyz") == (200, "ok\n"), "it can be read", SOON)
        assert_works(installation.second)


def test_without_any_namespace_it_may_read_it_is_not_ready_and_says_which(
    installation: Installation, tmp_path: Path
) -> None:
    arguments = installation.settings(installation.third.namespace)
    start = installation.nursery.start
    with run_operator(installation.kubeconfig, tmp_path, settings=arguments, ready=False, start=start) as operator:
        told = f"namespace {installation.third.namespace} cannot be read: "
        wait_until(lambda: operator.get("/readyz")[1].startswith(told), "it is told", SOON)
        assert operator.get("/readyz")[0] == 503
        grant_in(installation.cluster, installation.home, installation.third.namespace)
        operator.wait_ready(SOON)
        assert_works(installation.third)


def test_two_installations_side_by_side_do_not_disturb_each_other(installation: Installation, tmp_path: Path) -> None:
    first, second = installation.first, installation.second
    with (
        run(installation, tmp_path / "one", first.namespace) as one,
        run(installation, tmp_path / "two", second.namespace) as two,
    ):
        for syncs in (first, second):
            assert_works(syncs)
        for operator, namespace, other in ((one, first, second), (two, second, first)):
            assert operator.metric("paramsync_sync_ready", namespace=namespace.namespace) == 1
            assert operator.metric("paramsync_sync_ready", namespace=other.namespace) == 0
            assert operator.metric("paramsync_feeds") == 1
