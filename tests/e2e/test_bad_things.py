"""What bad thing happened to users of other tools: each row is a test that is named after it.

| row | what happens here | where |
| --- | --- | --- |
| emptied path | kept, `NoParameters` | here |
| keys never removed | a key goes with its parameter | here |
| SecureString turned String | kept, `DowngradeBlocked` | here |
| wrong Region or role answering with an empty tree | kept, `NoParameters` or `SourceMoved` | here |
| the same tree in another account | kept, `SourceMoved` | here |
| mistyped path | `NoParameters`, never Ready | here |
| collision of `a/b` and `a.b` | `KeyCollision`, nothing is written | here |
| two syncs with one target | the second waits, `TargetConflict` | here |
| overwritten foreign Secret | untouched, `TargetConflict` | here |
| copied Argo CD labels | targets get none | here |
| API server away for five minutes | the process goes on, and so do the targets | test_bad_things_away.py |
| restart during an outage of SSM | kept, told when it is stale | test_bad_things_away.py |
| CRD deleted | refused until somebody means it; the process ends and starts over | test_bad_things_away.py |
| clock jump | nothing | tests/unit/test_bad_things.py |
"""

from collections.abc import Iterator

import pytest

from tests.aws.emulator import Emulator
from tests.aws.proxy import Proxy
from tests.cluster.cluster import AccountKubeconfig, Cluster
from tests.e2e.bad_things import (
    OTHER_ACCOUNT,
    PLACES,
    SLOW,
    emptied_path,
    keys_never_removed,
    secure_string_turned_string,
    wrong_region_or_role_answering_with_an_empty_tree,
)
from tests.e2e.scene import (
    READY,
    RECONCILING,
    SOON,
    STALLED,
    Scene,
    Stores,
    Telling,
    blocked,
    conditions,
    kstatus,
    message,
    store,
)
from tests.running.objects import Syncs
from tests.running.operator import Operator, run_operator

KINDS = ("Secret", "ConfigMap")


@pytest.fixture(scope="module")
def shared_operator(
    bound_kubeconfig: AccountKubeconfig, shared_proxy: Proxy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Operator]:
    """An operator that assumes roles in front of the proxy."""
    stores = {"default": store("default", shared_proxy.url, ["*"], ["/"])["spec"]}
    aws = {"AWS_ENDPOINT_URL_STS": shared_proxy.url}
    directory = tmp_path_factory.mktemp("operator")
    with run_operator(bound_kubeconfig, directory, settings={"stores": stores}, environment=aws) as running:
        yield running


@pytest.fixture(scope="module")
def telling(cluster: Cluster, emulator: Emulator, shared_proxy: Proxy, shared_operator: Operator) -> Iterator[Telling]:
    """The rows that wait for 45 seconds, all of them begun."""
    with cluster.namespace() as namespace:
        scene = Scene(emulator, shared_proxy, shared_operator, Syncs(cluster, namespace))
        yield Telling(
            scene,
            wrong_region_or_role_answering_with_an_empty_tree,
            emptied_path,
            keys_never_removed,
            secure_string_turned_string,
        )


def test_emptied_path(telling: Telling) -> None:
    telling.end(emptied_path)


def test_keys_never_removed(telling: Telling) -> None:
    telling.end(keys_never_removed)


def test_secure_string_turned_string(telling: Telling) -> None:
    telling.end(secure_string_turned_string)


def test_wrong_region_or_role_answering_with_an_empty_tree(telling: Telling) -> None:
    telling.end(wrong_region_or_role_answering_with_an_empty_tree)


def test_the_same_tree_in_another_account(scene: Scene, stores: Stores) -> None:
    name = f"account-{scene.syncs.namespace}"
    stores.create(name, "/")
    scene.put_app()
    scene.emulator.put(scene.path("app/password"), "of others", "SecureString", account=OTHER_ACCOUNT)
    scene.emulator.put(scene.path("app/user"), "others", "SecureString", account=OTHER_ACCOUNT)
    for relative in ("app/host", "app/port"):
        scene.emulator.put(scene.path(relative), "of others", account=OTHER_ACCOUNT)
    scene.synced(interval=SLOW, storeRef={"name": name})
    versions = scene.versions()

    stores.edit(name, **PLACES["role"])

    text = blocked(scene, "app", "SourceMoved", STALLED)
    assert f"now reads {scene.path()} from account {OTHER_ACCOUNT} in eu-west-1, but the targets were written" in text
    assert scene.versions() == versions

    stores.edit(name, roleArn=None)
    assert conditions(scene.syncs.wait_reason("app", "Synced", SOON)) == READY
    assert scene.versions() == versions


def test_mistyped_path(scene: Scene) -> None:
    names = {"required": False, "optional": True}
    for name, optional in names.items():
        source = {"path": scene.path(name), "optional": optional}
        scene.syncs.create(name, interval=SLOW, sources=[source])

    for name in names:
        sync = scene.syncs.wait_reason(name, "NoParameters", SOON)

        assert conditions(sync) == RECONCILING, "Terraform may be about to create them"
        assert kstatus(sync) == "InProgress"
        assert scene.path(name) in message(sync)
        assert scene.wait_event(name, "NoParameters", message(sync))
        assert scene.versions(name) == [None, None]

    for name in names:
        scene.put(f"{name}/key", "value")
    for name in names:
        scene.syncs.wait_reason(name, "Synced", SOON)
        assert scene.syncs.data("ConfigMap", name) == {"KEY": "value"}


def test_collision_of_a_slash_b_and_a_dot_b(scene: Scene) -> None:
    scene.put("app/db/host", "one")
    scene.put("app/other", "three", "SecureString")
    scene.synced("early", "app", interval=SLOW)
    versions = scene.versions("early")

    scene.put("app/db.host", "two")
    scene.syncs.annotate("early", refresh="now")

    for name in ("early", "late"):
        if name == "late":
            scene.syncs.create("late", scene.path(), interval=SLOW)
        text = blocked(scene, name, "KeyCollision", STALLED)
        assert scene.path("app/db/host") in text
        assert scene.path("app/db.host") in text
        assert "DB_HOST" in text
    assert scene.versions("early") == versions, "nobody's value takes the other's place"
    assert scene.versions("late") == [None, None]


def test_two_syncs_with_one_target(scene: Scene) -> None:
    scene.put("first/key", "first", "SecureString")
    scene.put("second/key", "second", "SecureString")
    targets = [{"kind": "Secret", "name": "shared"}]
    scene.synced("first", interval=SLOW, targets=targets)
    before = scene.syncs.target("Secret", "shared")
    scene.syncs.create("second", scene.path("second"), interval=SLOW, targets=targets)

    assert "ParameterSync first controls it" in blocked(scene, "second", "TargetConflict", STALLED)
    assert scene.syncs.target("Secret", "shared") == before

    scene.syncs.delete("first")
    scene.syncs.wait_data("Secret", "shared", {"KEY": "second"}, SOON)
    assert conditions(scene.syncs.wait_reason("second", "Synced", SOON)) == READY


@pytest.mark.parametrize("kind", KINDS)
def test_overwritten_foreign_secret(scene: Scene, kind: str) -> None:
    scene.put("app/key", "secret", "SecureString")
    scene.put("app/plain", "value")
    path = scene.syncs.target_path(kind, "app")
    body = {"metadata": {"name": "app", "labels": {"app.kubernetes.io/managed-by": "Helm"}}, "data": {"KEY": "Zm9v"}}
    scene.syncs.cluster.request("POST", path.rpartition("/")[0], body)
    before = scene.syncs.target(kind, "app")
    scene.syncs.create("app", scene.path(), interval=SLOW)

    text = blocked(scene, "app", "TargetConflict", STALLED)

    assert text.startswith(f"{kind} app exists and is not this sync's")
    assert scene.syncs.target(kind, "app") == before
    assert scene.versions().count(None) == 1, "the other target is not made either"

    scene.syncs.cluster.request("DELETE", path)
    scene.syncs.refresh("app", SOON)
    scene.syncs.wait_reason("app", "Synced", SOON)


def test_copied_argo_cd_labels(scene: Scene) -> None:
    scene.put_app()
    tracked = {
        "labels": {"app.kubernetes.io/instance": "pay", "argocd.argoproj.io/instance": "pay", "team": "pay"},
        "annotations": {
            "argocd.argoproj.io/tracking-id": "pay:paramsync.dev/ParameterSync:pay/app",
            "argocd.argoproj.io/sync-wave": "1",
            "kubectl.kubernetes.io/last-applied-configuration": "{}",
            "meta.helm.sh/release-name": "pay",
        },
    }
    scene.syncs.create("app", scene.path(), interval=SLOW, suspend=True)
    scene.syncs.patch("app", {"metadata": tracked, "spec": {"suspend": False}})
    scene.syncs.wait_reason("app", "Synced", SOON)
    for kind in KINDS:
        target = scene.syncs.target(kind, "app")
        assert target is not None
        assert target["metadata"]["labels"] == {"app.kubernetes.io/managed-by": "paramsync"}, (
            "or Argo CD would prune it"
        )
        assert {key.partition("/")[0] for key in target["metadata"]["annotations"]} == {"paramsync.dev"}
    versions = scene.versions()

    scene.syncs.patch("app", {"metadata": {"labels": {"argocd.argoproj.io/instance": "other"}}})

    scene.syncs.refresh("app", SOON)
    assert scene.versions() == versions
