"""Our objects as the operator reads them, and a status as it writes it."""

from collections.abc import Iterator

import pytest
from pydantic import JsonValue

from paramsync.kube import customs as module
from paramsync.kube.customs import CLUSTER_STORES, KINDS, PARAMETER_STORES, SYNCS, Customs
from paramsync.kube.errors import Forbidden, NotFound, Refused, Stale
from paramsync.kube.events import Events, Note
from paramsync.kube.fence import SoleReplica
from paramsync.kube.transport import JSON_PATCH, Transport
from paramsync.kube.wire import CustomObject
from tests.cluster.cluster import Cluster
from tests.cluster.waiting import wait_until
from tests.edge.policies import ACCOUNT

BASE = "/apis/paramsync.dev/v1alpha1"
SPEC = {"sources": [{"path": "/prod/pay"}]}


@pytest.fixture(scope="module")
def transport(cluster: Cluster) -> Iterator[Transport]:
    with cluster.api() as client:
        yield Transport(client)


@pytest.fixture
def customs(transport: Transport) -> Customs:
    return Customs(transport, SoleReplica())


def create(cluster: Cluster, namespace: str, name: str) -> str:
    """Create a sync, and return its uid."""
    body = {"apiVersion": "paramsync.dev/v1alpha1", "kind": "ParameterSync", "metadata": {"name": name}, "spec": SPEC}
    made = cluster.request("POST", f"{BASE}/namespaces/{namespace}/parametersyncs", body)
    return str(made["metadata"]["uid"])


def read(customs: Customs, namespace: str) -> CustomObject:
    """The sync that :func:`create` made."""
    sync = customs.sync(namespace, "app")
    assert sync is not None
    return sync


def test_all_kinds_are_served(customs: Customs) -> None:
    assert customs.are_served(KINDS)


def test_a_sync_as_it_is(cluster: Cluster, namespace: str, customs: Customs) -> None:
    uid = create(cluster, namespace, "app")
    sync = customs.sync(namespace, "app")
    assert sync is not None
    assert (sync.metadata.name, sync.metadata.namespace, sync.metadata.uid) == ("app", namespace, uid)
    assert (sync.metadata.generation, sync.metadata.deletion_timestamp) == (1, None)
    assert sync.spec == SPEC


def test_what_is_not_there_is_none(namespace: str, customs: Customs) -> None:
    assert customs.sync(namespace, "none") is None
    assert customs.sync("nowhere", "none") is None
    assert customs.store("none") is None


def test_a_store_as_it_is(cluster: Cluster, namespace: str, customs: Customs) -> None:
    spec = {"region": "eu-west-1"}
    body = {
        "apiVersion": "paramsync.dev/v1alpha1",
        "kind": "ClusterParameterStore",
        "metadata": {"name": namespace},
        "spec": spec,
    }
    cluster.request("POST", f"{BASE}/clusterparameterstores", body)
    try:
        store = customs.store(namespace)
        assert store is not None
        assert store.spec == spec
        assert namespace in {each.metadata.name for each in customs.all(CLUSTER_STORES)}
    finally:
        cluster.request("DELETE", f"{BASE}/clusterparameterstores/{namespace}")


def test_a_store_of_a_namespace_as_it_is(cluster: Cluster, namespace: str, customs: Customs) -> None:
    spec = {"serviceAccountRef": {"name": "reader"}}
    body = {"apiVersion": "paramsync.dev/v1alpha1", "kind": "ParameterStore", "metadata": {"name": "own"}, "spec": spec}
    cluster.request("POST", f"{BASE}/namespaces/{namespace}/parameterstores", body)

    store = customs.store("own", namespace)
    assert store is not None
    assert (store.spec, store.metadata.namespace) == (spec, namespace)
    assert customs.store("own") is None
    assert customs.store("own", "default") is None
    listed = {(each.metadata.namespace, each.metadata.name) for each in customs.all(PARAMETER_STORES)}
    assert (namespace, "own") in listed


def test_a_list_is_read_page_by_page(
    cluster: Cluster, namespace: str, customs: Customs, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {f"app-{number}" for number in range(7)}
    for name in names:
        create(cluster, namespace, name)
    monkeypatch.setattr(module, "PAGE", 3)
    since = cluster.audit_mark()

    found = [each.metadata.name for each in customs.all(SYNCS) if each.metadata.namespace == namespace]

    assert sorted(found) == sorted(names)
    asked = [entry for entry in cluster.audit(since) if entry.user_agent == "paramsync"]
    assert len(asked) >= 3
    assert all("limit=3" in entry.uri for entry in asked)


class TestTryToRead:
    """Both rights are asked for: with one of them alone nothing can be followed."""

    @pytest.fixture
    def asked(self, cluster: Cluster, namespace: str) -> Iterator[Customs]:
        """As an account without any right."""
        cluster.request("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": ACCOUNT}})
        with cluster.api(cluster.kubeconfig_for(ACCOUNT, namespace)) as client:
            yield Customs(Transport(client), SoleReplica())

    def grant(self, cluster: Cluster, namespace: str, *verbs: str) -> None:
        asked = [f"--verb={verb}" for verb in verbs]
        cluster.kubectl("create", "role", "asks", "-n", namespace, f"--resource={SYNCS}.paramsync.dev", *asked)
        account = f"--serviceaccount={namespace}:{ACCOUNT}"
        cluster.kubectl("create", "rolebinding", "asks", "-n", namespace, "--role=asks", account)

    def outcome(self, customs: Customs, namespace: str) -> str:
        try:
            customs.try_to_read(SYNCS, namespace)
        except Forbidden as error:
            return str(error)
        return ""

    @pytest.mark.parametrize(
        ("verbs", "said"),
        [((), "list parametersyncs"), (("watch",), "list parametersyncs"), (("list",), "watch parametersyncs")],
    )
    def test_what_is_missing_is_said(
        self, cluster: Cluster, namespace: str, asked: Customs, verbs: tuple[str, ...], said: str
    ) -> None:
        if verbs:
            self.grant(cluster, namespace, *verbs)
        told = f"{said} in namespace {namespace}: the API server refuses (Forbidden)"
        wait_until(lambda: self.outcome(asked, namespace) == told, "the rights are known")

    def test_with_both_it_may(self, cluster: Cluster, namespace: str, asked: Customs) -> None:
        create(cluster, namespace, "app")
        self.grant(cluster, namespace, "list", "watch")
        since = cluster.audit_mark()
        wait_until(lambda: self.outcome(asked, namespace) == "", "the rights are known")
        account = f"system:serviceaccount:{namespace}:{ACCOUNT}"
        uris = [each.uri for each in cluster.audit(since) if each.username == account and each.response.code == 200]
        assert [("limit=1" in uri, "watch=true" in uri) for uri in uris] == [(True, False), (False, True)]


class TestStatus:
    def status(self, reason: str = "Synced", **fields: JsonValue) -> dict[str, JsonValue]:
        ready = {"type": "Ready", "status": "True", "reason": reason, "message": "All is well"}
        return {
            "observedGeneration": 1,
            "conditions": [{**ready, "lastTransitionTime": "2026-03-01T12:00:00Z"}],
            **fields,
        }

    def test_it_is_replaced_as_a_whole(self, cluster: Cluster, namespace: str, customs: Customs) -> None:
        create(cluster, namespace, "app")
        customs.write_status(read(customs, namespace), self.status(parameters=3, revision="abc"))
        customs.write_status(read(customs, namespace), self.status(secure=1))

        sync = read(customs, namespace)
        assert sync.status == self.status(secure=1)
        assert (sync.spec, sync.metadata.generation) == (SPEC, 1)

    def test_not_of_a_sync_that_was_made_anew(self, cluster: Cluster, namespace: str, customs: Customs) -> None:
        create(cluster, namespace, "app")
        old = read(customs, namespace)
        cluster.request("DELETE", f"{BASE}/namespaces/{namespace}/parametersyncs/app")
        cluster.wait_for_absence(f"{BASE}/namespaces/{namespace}/parametersyncs/app")
        create(cluster, namespace, "app")
        before = read(customs, namespace)

        with pytest.raises(Stale):
            customs.write_status(old, self.status())

        assert read(customs, namespace) == before

    def test_not_over_what_another_one_said_meanwhile(self, cluster: Cluster, namespace: str, customs: Customs) -> None:
        create(cluster, namespace, "app")
        old = read(customs, namespace)
        customs.write_status(old, self.status(parameters=3))

        with pytest.raises(Stale, match="has another status"):
            customs.write_status(old, self.status("AccessDenied"))

        assert read(customs, namespace).status == self.status(parameters=3)

    def test_over_what_somebody_changed_beside_it(self, cluster: Cluster, namespace: str, customs: Customs) -> None:
        create(cluster, namespace, "app")
        old = read(customs, namespace)
        cluster.kubectl("annotate", "parametersync", "app", "-n", namespace, "team=payments")

        customs.write_status(old, self.status())

        assert read(customs, namespace).status == self.status()

    def test_where_somebody_took_it_away(self, cluster: Cluster, namespace: str, customs: Customs) -> None:
        create(cluster, namespace, "app")
        patch = [{"op": "remove", "path": "/status"}]
        path = f"{BASE}/namespaces/{namespace}/parametersyncs/app/status"
        cluster.request("PATCH", path, patch, content_type=JSON_PATCH)

        customs.write_status(read(customs, namespace), self.status())

        assert read(customs, namespace).status == self.status()

    def test_not_of_one_that_is_gone(self, cluster: Cluster, namespace: str, customs: Customs) -> None:
        create(cluster, namespace, "app")
        old = read(customs, namespace)
        cluster.request("DELETE", f"{BASE}/namespaces/{namespace}/parametersyncs/app")
        cluster.wait_for_absence(f"{BASE}/namespaces/{namespace}/parametersyncs/app")

        with pytest.raises(NotFound):
            customs.write_status(old, self.status())

    @pytest.mark.parametrize(
        "status",
        [{"parameters": "hunter2"}, {"conditions": [{"type": "hunter2"}]}, {"revision": "hunter2" * 10}],
        ids=["a type", "a missing field", "a bound"],
    )
    def test_the_definition_checks_it(
        self, cluster: Cluster, namespace: str, customs: Customs, status: dict[str, JsonValue]
    ) -> None:
        create(cluster, namespace, "app")
        with pytest.raises(Refused, match="Invalid") as refused:
            customs.write_status(read(customs, namespace), self.status() | status)
        assert "hunter2" not in str(refused.value)


class TestEvents:
    @pytest.mark.parametrize("name", ["app", "a" * 253, "a" * 199 + "." + "b" * 50])
    def test_they_are_about_the_sync(self, cluster: Cluster, namespace: str, transport: Transport, name: str) -> None:
        uid = create(cluster, namespace, name)
        note = Note("Warning", "AccessDenied", "Reconcile", "€" * 1000)
        for _ in range(2):
            Events(transport, SoleReplica(), "pod-1" * 40).write(namespace, name, uid, note)

        found = cluster.request("GET", f"/apis/events.k8s.io/v1/namespaces/{namespace}/events")["items"]
        assert len(found) == 2
        for event in found:
            regarding = event["regarding"]
            assert (regarding["kind"], regarding["name"], regarding["uid"]) == ("ParameterSync", name, uid)
            assert (event["type"], event["reason"], event["action"]) == ("Warning", "AccessDenied", "Reconcile")
            assert event["note"] == "€" * 341, "cut to 1,024 bytes, at a character"
            assert event["reportingController"] == "paramsync.dev/operator"
