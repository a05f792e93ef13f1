"""The status of stores under an operator that has no more than its rights: who reads, for whom, and what went wrong."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.aws.errors import ACCOUNT, denied, throttled
from tests.aws.proxy import Proxy
from tests.cluster.cluster import AccountKubeconfig, Cluster
from tests.cluster.waiting import wait_until
from tests.e2e.scene import (
    MERGE,
    READY,
    SOON,
    STALLED,
    Json,
    Scene,
    Stores,
    conditions,
    kstatus,
    message,
    store_path,
    wait_store,
)
from tests.e2e.test_stores import create_account, create_store
from tests.running.objects import BASE, Syncs
from tests.running.operator import Operator, run_operator

SLOW = "5m"
QUICK = "10s"
STATUS = "clusterparameterstores/status"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/params"
LONG = 100.0
"""Seconds within which a failure is told that may pass: a minute, the tries before, and the next look."""


@pytest.fixture(scope="module")
def shared_operator(
    bound_kubeconfig: AccountKubeconfig, shared_proxy: Proxy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Operator]:
    directory = tmp_path_factory.mktemp("operator")
    aws = {f"AWS_ENDPOINT_URL_{service}": shared_proxy.url for service in ("SSM", "STS")}
    place = {"region": "eu-west-1", "endpoint": shared_proxy.url}
    with run_operator(
        bound_kubeconfig, directory, settings={"stores": {"in-the-file": place}}, environment=aws
    ) as running:
        yield running


@pytest.fixture
def name(scene: Scene, stores: Stores) -> str:
    """A ClusterParameterStore that lets everybody read everything."""
    name = scene.syncs.namespace
    stores.create(name, "/")
    return name


def changed(scene: Scene, name: str, what: str, **fields: object) -> Json:
    """Wait until a store's status has these fields; return it."""

    def found() -> Json:
        status: Json = scene.syncs.cluster.request("GET", store_path(name))["status"]
        return status if {key: status.get(key) for key in fields} == fields else {}

    return wait_until(found, what, SOON)


def is_sound(store: Json) -> None:
    """A status is small, and tells nothing that is nobody's business."""
    text = str(store["status"]).lower()
    assert "requestid" not in text
    assert "request id" not in text


def test_a_store_that_nobody_uses_says_so(scene: Scene, name: str) -> None:
    store = wait_store(scene.syncs.cluster, store_path(name), "Unused")

    assert conditions(store) == READY
    assert kstatus(store) == "Current"
    assert "AWS was not asked" in message(store)
    assert {"identity", "account", "lastError", "budget"}.isdisjoint(store["status"])
    assert [call.action for call in scene.proxy.calls() if name in str(call.body)] == []


def test_whoever_reads_is_told_and_for_whom(cluster: Cluster, scene: Scene, stores: Stores, name: str) -> None:
    stores.edit(name, roleArn=ROLE)
    scene.put("app/password", "hunter2", "SecureString")
    scene.synced(interval=SLOW, storeRef={"name": name})

    store = wait_store(cluster, store_path(name), "Serving")

    assert conditions(store) == READY
    status = store["status"]
    session = f"paramsync-cluster@{name}"
    assert status["identity"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/params/{session}"
    assert (status["account"], status["region"]) == (ACCOUNT, "eu-west-1")
    assert (status["syncs"], status["namespaceCount"], status["namespaces"]) == (1, 1, [name])
    assert "hunter2" not in str(store)
    assert len([call for call in scene.proxy.calls() if call.action == "GetCallerIdentity"]) == 0

    with cluster.namespace() as other:
        second = Syncs(cluster, other)
        scene.syncs.create("more", scene.path(), interval=SLOW, storeRef={"name": name})
        second.create("app", scene.path(), interval=SLOW, storeRef={"name": name})
        changed(scene, name, "two namespaces", syncs=3, namespaceCount=2, namespaces=sorted([name, other]))
        second.patch("app", {"spec": {"suspend": True}})
        changed(scene, name, "a suspended sync does not read", syncs=2, namespaceCount=1, namespaces=[name])
    scene.syncs.delete("more")
    scene.syncs.delete("app")
    changed(scene, name, "nobody reads", syncs=0, namespaceCount=0, namespaces=None, identity=None)
    assert conditions(wait_store(cluster, store_path(name), "Unused")) == READY


def test_what_is_told_already_is_written_once(cluster: Cluster, scene: Scene, name: str) -> None:
    scene.put("app/key", "value")
    scene.synced(interval=QUICK, storeRef={"name": name})
    store = wait_store(cluster, store_path(name), "Serving")
    mark = cluster.audit_mark()

    for _ in range(3):
        scene.wait_listing()

    written = [entry for entry in cluster.audit(mark) if entry.resource == STATUS and entry.verb == "patch"]
    assert written == []
    assert cluster.request("GET", store_path(name)) == store


def test_a_denied_role_stalls_the_store_until_it_is_mended(cluster: Cluster, scene: Scene, stores: Stores) -> None:
    name = scene.syncs.namespace
    rule = scene.proxy.add(denied(), action="AssumeRole")
    stores.create(name, "/")
    stores.edit(name, roleArn=ROLE)
    scene.put("app/key", "value")
    scene.syncs.create("app", scene.path(), interval=QUICK, storeRef={"name": name})

    store = wait_store(cluster, store_path(name), "AccessDenied")

    assert conditions(store) == STALLED
    assert kstatus(store) == "Failed"
    assert "sts:AssumeRole" in message(store)
    error = store["status"]["lastError"]
    assert (error["reason"], error["message"]) == ("AccessDenied", message(store))
    assert "identity" not in store["status"]
    assert store["status"]["account"] == ACCOUNT
    is_sound(store)

    rule.remove()
    store = wait_store(cluster, store_path(name), "Serving", LONG)
    assert conditions(store) == READY
    assert store["status"]["lastError"] == {**error, "until": store["status"]["lastError"]["until"]}
    assert store["status"]["identity"].endswith(f"assumed-role/params/paramsync-cluster@{name}")


def test_one_path_that_is_denied_is_told_beside(cluster: Cluster, scene: Scene, name: str) -> None:
    scene.put("app/key", "value")
    scene.proxy.add(denied(), action="GetParametersByPath", path=scene.path("other"))
    scene.synced(interval=SLOW, storeRef={"name": name})
    scene.syncs.create("other", scene.path("other"), interval=SLOW, storeRef={"name": name})
    scene.syncs.wait_reason("other", "AccessDenied", SOON)

    store = wait_until(lambda: with_error(cluster, name), "the error is told", SOON)

    assert conditions(store) == READY
    assert message(store).startswith("AWS answers, but 1 of 2 paths cannot be read")
    assert scene.path("other") in store["status"]["lastError"]["message"]


def with_error(cluster: Cluster, name: str) -> Json:
    store: Json = cluster.request("GET", store_path(name))
    return store if "lastError" in store["status"] else {}


def test_another_spec_is_told_of_anew(cluster: Cluster, scene: Scene, stores: Stores, name: str) -> None:
    scene.put("app/key", "value")
    scene.emulator.put(scene.path("app/key"), "there", region="eu-central-1")
    scene.synced(interval=SLOW, storeRef={"name": name})
    wait_store(cluster, store_path(name), "Serving")

    stores.edit(name, region="eu-central-1")

    store = wait_store(cluster, store_path(name), "Serving")
    assert store["status"]["region"] == "eu-central-1"
    assert store["status"]["observedGeneration"] == 2

    stores.edit(name, region="eu-central-1", roleArn="arn:aws:iam::111122223333:role/none")
    scene.proxy.add(denied(), action="AssumeRole")
    assert conditions(wait_store(cluster, store_path(name), "AccessDenied")) == STALLED


def test_a_store_that_stands_in_the_file_as_well_is_stalled(cluster: Cluster, scene: Scene, stores: Stores) -> None:
    stores.create("in-the-file", "/")
    store = wait_store(cluster, store_path("in-the-file"), "StoreInvalid")
    assert conditions(store) == STALLED
    assert "stands both" in message(store)


def test_a_store_of_a_namespace(cluster: Cluster, scene: Scene) -> None:
    namespace = scene.syncs.namespace
    path = f"{BASE}/namespaces/{namespace}/parameterstores/own"
    create_store(scene, namespace)
    assert conditions(wait_store(cluster, path, "Unused")) == READY
    scene.put("app/key", "value")
    scene.syncs.create("app", scene.path(), interval=SLOW, storeRef={"kind": "ParameterStore", "name": "own"})

    store = wait_store(cluster, path, "StoreInvalid")
    assert conditions(store) == STALLED
    assert "service account reader" in message(store)

    create_account(scene)
    scene.syncs.refresh("app", SOON)
    store = wait_store(cluster, path, "Serving", LONG)
    expected = f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/paramsync@{namespace}.own"
    assert store["status"]["identity"] == expected
    assert store["status"]["namespaces"] == [namespace]


def test_throttling_is_told_when_it_lasts_and_ends_when_aws_answers(
    cluster: Cluster, scene: Scene, stores: Stores, name: str
) -> None:
    stores.edit(name, region="us-east-1")  # a budget of its own
    scene.emulator.put(scene.path("app/key"), "value", region="us-east-1")
    scene.synced(interval=QUICK, storeRef={"name": name})
    wait_store(cluster, store_path(name), "Serving")
    mark = cluster.audit_mark()
    rule = scene.proxy.add(throttled(), action="GetParametersByPath", under=scene.path())

    store = wait_store(cluster, store_path(name), "Throttled", LONG)

    assert conditions(store) == {"Ready": "False", "Reconciling": "True"}
    assert kstatus(store) == "InProgress"
    assert store["status"]["lastError"]["reason"] == "Throttled"
    assert "throttledSince" in store["status"]["budget"]
    rule.remove()
    store = wait_store(cluster, store_path(name), "Serving", LONG)
    assert store["status"]["lastError"]["until"] >= store["status"]["lastError"]["since"]
    assert "throttledSince" in store["status"]["budget"], "not taken back for a moment of quiet"
    written = [entry for entry in cluster.audit(mark) if entry.resource == STATUS and entry.verb == "patch"]
    assert len(written) <= 4, "throttled again and again, not ready, ready: and no more"


def test_a_status_that_somebody_spoiled_is_written_again(cluster: Cluster, scene: Scene, name: str) -> None:
    wait_store(cluster, store_path(name), "Unused")
    spoiled: dict[str, Any] = {"status": {"syncs": 7}}
    cluster.request("PATCH", f"{store_path(name)}/status", spoiled, content_type=MERGE)
    changed(scene, name, "the truth is told again", syncs=0)
