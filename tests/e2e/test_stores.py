"""Stores that ask for labels, and stores of a namespace, under an operator that has no more than its rights."""

import base64
import json
import time
from collections.abc import Iterator

import pytest

from tests.aws.errors import ACCOUNT
from tests.aws.proxy import Proxy
from tests.cluster.cluster import AccountKubeconfig, Cluster
from tests.cluster.waiting import wait_until
from tests.e2e.scene import MERGE, READY, RECONCILING, SOON, STALLED, Json, Scene, conditions, message
from tests.edge.policies import cluster_role_path
from tests.running.objects import BASE
from tests.running.operator import Operator, run_operator

SLOW = "5m"
TEAM = "example.com/team"
MEMORY = 60.0
"""Seconds for which labels and annotations are believed."""


def settings(endpoint: str) -> Json:
    """Stores that ask for labels of a namespace."""
    place = {"region": "eu-west-1", "endpoint": endpoint}
    selector = {"matchLabels": {"stage": "prod"}}
    return {
        "stores": {
            "labelled": {**place, "access": [{"namespaces": ["*"], "paths": [f"/{{label:{TEAM}}}"]}]},
            "selected": {**place, "access": [{"namespaceSelector": selector, "paths": ["/{namespace}"]}]},
        }
    }


@pytest.fixture(scope="module")
def shared_operator(
    bound_kubeconfig: AccountKubeconfig, shared_proxy: Proxy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Operator]:
    directory = tmp_path_factory.mktemp("operator")
    # A ParameterStore has no endpoint.
    aws = {f"AWS_ENDPOINT_URL_{service}": shared_proxy.url for service in ("SSM", "STS")}
    with run_operator(bound_kubeconfig, directory, settings=settings(shared_proxy.url), environment=aws) as running:
        yield running


def label(scene: Scene, **labels: str | None) -> None:
    """Set labels of the scene's namespace; None takes one away."""
    path, body = f"/api/v1/namespaces/{scene.syncs.namespace}", {"metadata": {"labels": labels}}
    scene.syncs.cluster.request("PATCH", path, body, content_type=MERGE)


def create_store(scene: Scene, namespace: str, **spec: object) -> None:
    """Create a ParameterStore `own`, which reads as service account `reader` of its namespace."""
    body = {
        "apiVersion": "paramsync.dev/v1alpha1",
        "kind": "ParameterStore",
        "metadata": {"name": "own"},
        "spec": {"region": "eu-west-1", "serviceAccountRef": {"name": "reader"}, **spec},
    }
    scene.syncs.cluster.request("POST", f"{BASE}/namespaces/{namespace}/parameterstores", body)


def account_path(scene: Scene, name: str = "") -> str:
    return f"/api/v1/namespaces/{scene.syncs.namespace}/serviceaccounts" + (f"/{name}" if name else "")


def annotate_account(scene: Scene, role: str | None) -> None:
    """Let the service account `reader` have a role."""
    body = {"metadata": {"annotations": {"eks.amazonaws.com/role-arn": role}}}
    scene.syncs.cluster.request("PATCH", account_path(scene, "reader"), body, content_type=MERGE)


def refresh_until(scene: Scene, name: str, reason: str) -> Json:
    """Ask for a read again and again, as somebody would who waits for a change to be seen; return the sync."""

    def there() -> Json:
        sync = scene.syncs.refresh(name, SOON)
        ready = next(each for each in sync["status"]["conditions"] if each["type"] == "Ready")
        return sync if ready["reason"] == reason else {}

    return wait_until(there, f"sync {name} is {reason}", MEMORY + SOON)


def test_what_labels_allow_ends_with_them(scene: Scene) -> None:
    namespace = scene.syncs.namespace
    label(scene, **{TEAM: namespace, "stage": "prod"})
    scene.put("app/key", "value")
    scene.put("other/key", "value")
    scene.synced(interval=SLOW, storeRef={"name": "labelled"})
    scene.synced("other", interval=SLOW, storeRef={"name": "selected"})
    since = time.monotonic()

    label(scene, **{TEAM: f"{namespace}-2", "stage": None})

    sync = refresh_until(scene, "app", "NotAllowed")
    assert time.monotonic() - since <= MEMORY + SOON
    assert conditions(sync) == STALLED
    assert f"it may read /{namespace}-2." in message(sync)
    sync = refresh_until(scene, "other", "NotAllowed")
    assert "it may read nothing." in message(sync)
    scene.proxy.forget()
    scene.put("app/key", "new")
    scene.syncs.refresh("app", SOON)
    assert scene.listings() == 0, "what is not allowed is not asked for"
    assert scene.syncs.data("ConfigMap", "app") == {"KEY": "value"}


def test_a_namespace_without_the_label_is_told_which(scene: Scene) -> None:
    scene.syncs.create("app", scene.path(), interval=SLOW, storeRef={"name": "labelled"})

    sync = scene.syncs.wait_reason("app", "NotAllowed", SOON)

    assert conditions(sync) == RECONCILING
    assert "it may read nothing." in message(sync)
    assert f"its rules ask for {TEAM}" in message(sync)
    assert scene.listings() == 0


def test_a_missing_right_to_read_labels_is_named(
    cluster: Cluster, home: str, scene: Scene, request: pytest.FixtureRequest
) -> None:
    role = cluster_role_path(home)
    label(scene, **{TEAM: scene.syncs.namespace})
    scene.put("app/key", "value")
    given = cluster.request("GET", role)["rules"]
    kept = [rule for rule in given if "namespaces" not in rule["resources"]]
    request.addfinalizer(lambda: cluster.request("PATCH", role, {"rules": given}, content_type=MERGE))
    cluster.request("PATCH", role, {"rules": kept}, content_type=MERGE)
    scene.syncs.create("app", scene.path(), interval=SLOW, storeRef={"name": "labelled"})

    sync = scene.syncs.wait_reason("app", "ClusterRefused", SOON)

    assert conditions(sync) == STALLED
    text = message(sync)
    assert text.startswith(f"read the labels of namespace {scene.syncs.namespace}: the API server refuses (Forbidden)")
    assert "the operator needs the right to get namespaces" in text
    cluster.request("PATCH", role, {"rules": given}, content_type=MERGE)
    assert conditions(refresh_until(scene, "app", "Synced")) == READY


def test_a_store_of_another_namespace_does_not_exist(scene: Scene) -> None:
    with scene.syncs.cluster.namespace("other") as other:
        create_store(scene, other)
        scene.syncs.create("app", scene.path(), interval=SLOW, storeRef={"kind": "ParameterStore", "name": "own"})

        sync = scene.syncs.wait_reason("app", "StoreNotFound", SOON)

        assert conditions(sync) == RECONCILING
        assert message(sync).startswith(f"ParameterStore own does not exist in namespace {scene.syncs.namespace};")
    assert scene.listings() == 0


def test_a_store_of_a_namespace_says_what_its_service_account_lacks(scene: Scene) -> None:
    scene.syncs.create("app", scene.path(), interval=SLOW, storeRef={"kind": "ParameterStore", "name": "own"})
    scene.syncs.wait_reason("app", "StoreNotFound", SOON)

    create_store(scene, scene.syncs.namespace)
    sync = scene.syncs.wait_reason("app", "StoreInvalid", SOON)
    assert conditions(sync) == STALLED
    assert f"service account reader of namespace {scene.syncs.namespace}, which does not exist" in message(sync)

    scene.syncs.cluster.request("POST", account_path(scene), {"metadata": {"name": "reader"}})
    assert "annotation eks.amazonaws.com/role-arn is missing" in message(scene.syncs.refresh("app", SOON))

    annotate_account(scene, "arn:aws:iam::111122223333:user/reader")
    assert "is not the ARN of an IAM role" in message(scene.syncs.refresh("app", SOON))
    assert scene.listings() == 0, "nobody is asked, and least of all as the operator"


READER = f"arn:aws:iam::{ACCOUNT}:role/reader"
OTHER = f"arn:aws:iam::{ACCOUNT}:role/other"
EXCHANGE = "AssumeRoleWithWebIdentity"


def claims(token: str) -> Json:
    """What a token says of itself."""
    body = token.split(".")[1]
    found: Json = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found


def create_account(scene: Scene) -> None:
    """Create service account `reader` with a role."""
    scene.syncs.cluster.request("POST", account_path(scene), {"metadata": {"name": "reader"}})
    annotate_account(scene, READER)


def exchanges(scene: Scene) -> list[Json]:
    """What STS was asked for tokens of this scene's namespace, in order."""
    subject = f"system:serviceaccount:{scene.syncs.namespace}:reader"
    asked = [call.body for call in scene.proxy.calls(EXCHANGE)]
    return [body for body in asked if claims(body["WebIdentityToken"])["sub"] == subject]


def test_a_store_of_a_namespace_reads_as_its_service_account(cluster: Cluster, scene: Scene) -> None:
    namespace = scene.syncs.namespace
    since = cluster.audit_mark()
    create_account(scene)
    create_store(scene, namespace)
    scene.put("app/key", "value")
    scene.put("app/password", "hunter2", "SecureString")

    sync = scene.synced(interval=SLOW, storeRef={"kind": "ParameterStore", "name": "own"})

    assert sync["status"]["store"] == "ParameterStore/own"
    assert scene.syncs.data("Secret", "app") == {"PASSWORD": "hunter2"}
    (asked,) = exchanges(scene)
    assert (asked["RoleArn"], asked["RoleSessionName"]) == (READER, f"paramsync@{namespace}.own")
    token = asked["WebIdentityToken"]
    assert claims(token)["aud"] == ["sts.amazonaws.com"]
    assert claims(token)["exp"] - claims(token)["iat"] == 3600
    listings = [call for call in scene.proxy.calls("GetParametersByPath") if call.names == [scene.path()]]
    assert listings
    assert all(call.access_key.startswith("ASIA") for call in listings), "never with the operator's own credentials"
    tokens = [entry for entry in cluster.audit(since) if entry.resource == "serviceaccounts/token"]
    ours = [(entry.verb, entry.target.namespace, entry.target.name) for entry in tokens if "home" in entry.username]
    assert ours == [("create", namespace, "reader")]

    everything = [scene.operator.logs(), scene.operator.get("/metrics")[1], json.dumps(scene.syncs.events())]
    everything += [json.dumps(scene.syncs.get("app")), json.dumps(scene.syncs.target("ConfigMap", "app"))]
    for part in token.split("."):
        assert not any(part in text for text in everything), "a token goes to STS and nowhere else"

    # Another role in the annotation is another identity: nothing that was read as the first is used for it.
    scene.proxy.forget()
    annotate_account(scene, OTHER)

    def read_as_the_other() -> bool:
        scene.syncs.refresh("app", SOON)
        return [each["RoleArn"] for each in exchanges(scene)] == [OTHER]

    wait_until(read_as_the_other, "the other role was assumed", MEMORY + SOON)
    assert scene.listings() >= 1
    assert conditions(scene.syncs.wait_reason("app", "Synced", SOON)) == READY


def test_a_further_role_is_assumed_with_what_the_store_says_of_it(scene: Scene) -> None:
    create_account(scene)
    role = "arn:aws:iam::444455556666:role/params"
    create_store(scene, scene.syncs.namespace, roleArn=role, externalId="tenant-7", sessionTags={"team": "red"})
    scene.emulator.put(scene.path("app/key"), "theirs", account="444455556666")
    scene.put("app/key", "ours")

    scene.synced(interval=SLOW, storeRef={"kind": "ParameterStore", "name": "own"})

    assert scene.syncs.data("ConfigMap", "app") == {"KEY": "theirs"}
    assert len(exchanges(scene)) == 1
    asked = [call.body for call in scene.proxy.calls("AssumeRole") if call.body["RoleArn"] == role]
    assert [(body["ExternalId"], body["Tags.member.1.Key"]) for body in asked] == [("tenant-7", "team")]
    assert asked[0]["RoleSessionName"] == f"paramsync@{scene.syncs.namespace}.own"


def test_without_the_right_to_tokens_a_store_of_a_namespace_is_not_enabled(
    cluster: Cluster, home: str, scene: Scene, request: pytest.FixtureRequest
) -> None:
    role = cluster_role_path(home)
    given = cluster.request("GET", role)["rules"]
    kept = [rule for rule in given if "serviceaccounts/token" not in rule["resources"]]
    request.addfinalizer(lambda: cluster.request("PATCH", role, {"rules": given}, content_type=MERGE))
    cluster.request("PATCH", role, {"rules": kept}, content_type=MERGE)
    create_account(scene)
    create_store(scene, scene.syncs.namespace)
    scene.put("app/key", "value")
    scene.syncs.create("app", scene.path(), interval=SLOW, storeRef={"kind": "ParameterStore", "name": "own"})

    sync = scene.syncs.wait_reason("app", "ClusterRefused", SOON)

    assert conditions(sync) == STALLED
    assert "the API server refuses (Forbidden)" in message(sync)
    assert "the right to create serviceaccounts/token" in message(sync)
    assert scene.listings() == 0, "never as the operator instead"
    cluster.request("PATCH", role, {"rules": given}, content_type=MERGE)
    assert conditions(refresh_until(scene, "app", "Synced")) == READY
