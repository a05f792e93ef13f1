"""What becomes of a sync's targets, metrics and feeds when it is deleted, and made again."""

from tests.cluster.waiting import wait_until
from tests.e2e.scene import READY, SOON, Json, Scene, conditions

SLOW = "5m"


def put_and_sync(scene: Scene) -> Json:
    scene.put("app/key", "secret", "SecureString")
    scene.put("app/plain", "value")
    return scene.synced(interval=SLOW)


def uids(scene: Scene) -> list[str]:
    targets = [scene.syncs.target(kind, "app") for kind in ("Secret", "ConfigMap")]
    return [target["metadata"]["uid"] for target in targets if target is not None]


def test_the_targets_and_the_metrics_go_with_the_sync(scene: Scene) -> None:
    put_and_sync(scene)
    wait_until(lambda: scene.metric("paramsync_sync_ready", "app") == 1, "its series are there, after its status")
    scene.wait_feeds(1)

    scene.syncs.delete("app")

    scene.syncs.wait_data("Secret", "app", None, SOON)
    scene.syncs.wait_data("ConfigMap", "app", None, SOON)
    wait_until(lambda: scene.syncs.namespace not in scene.operator.get("/metrics")[1], "its series are gone")
    assert scene.operator.metric("paramsync_feeds") == 0, "nobody needs the path: it is read no more"


def test_a_sync_holds_nothing_of_the_operators(scene: Scene) -> None:
    put_and_sync(scene)

    metadata = scene.syncs.refresh("app", SOON)["metadata"]

    assert "finalizers" not in metadata
    assert set(metadata["annotations"]) == {"paramsync.dev/refresh"}, "what we set ourselves, and nothing else"
    assert "labels" not in metadata


def test_a_target_is_owned_without_blocking_the_deletion_of_its_sync(scene: Scene) -> None:
    sync = put_and_sync(scene)

    for kind in ("Secret", "ConfigMap"):
        target = scene.syncs.target(kind, "app")
        assert target is not None
        assert target["metadata"]["ownerReferences"] == [
            {
                "apiVersion": "paramsync.dev/v1alpha1",
                "kind": "ParameterSync",
                "name": "app",
                "uid": sync["metadata"]["uid"],
                "controller": True,
                "blockOwnerDeletion": False,
            }
        ]
        assert "finalizers" not in target["metadata"]


def test_a_sync_that_is_made_again_gets_new_targets_at_once(scene: Scene) -> None:
    put_and_sync(scene)
    before = uids(scene)

    scene.syncs.delete("app")
    sync = scene.synced(interval=SLOW)

    assert conditions(sync) == READY
    wait_until(lambda: len(uids(scene)) == 2, "both targets are there", SOON)
    assert not set(before) & set(uids(scene))
    assert scene.syncs.data("Secret", "app") == {"KEY": "secret"}
    assert scene.syncs.data("ConfigMap", "app") == {"PLAIN": "value"}


def test_orphaned_targets_are_taken_over_without_a_gap(scene: Scene) -> None:
    put_and_sync(scene)
    before = uids(scene)
    scene.syncs.delete("app", "Orphan")
    scene.syncs.cluster.wait_for_absence(scene.syncs.path("app"))
    assert uids(scene) == before

    scene.put("app/plain", "new")
    sync = scene.synced(interval=SLOW)

    assert uids(scene) == before
    for kind in ("Secret", "ConfigMap"):
        target = scene.syncs.target(kind, "app")
        assert target is not None
        assert [each["uid"] for each in target["metadata"]["ownerReferences"]] == [sync["metadata"]["uid"]]
    assert scene.syncs.data("Secret", "app") == {"KEY": "secret"}
    assert scene.syncs.data("ConfigMap", "app") == {"PLAIN": "new"}


def test_orphaned_targets_do_not_become_those_of_a_sync_with_another_name(scene: Scene) -> None:
    put_and_sync(scene)
    scene.syncs.delete("app", "Orphan")
    scene.syncs.cluster.wait_for_absence(scene.syncs.path("app"))
    before = [scene.syncs.target(kind, "app") for kind in ("Secret", "ConfigMap")]

    targets = [{"kind": "Secret", "name": "app"}, {"kind": "ConfigMap", "name": "app"}]
    scene.syncs.create("other", scene.path(), interval=SLOW, targets=targets)

    scene.syncs.wait_reason("other", "TargetConflict", SOON)
    assert [scene.syncs.target(kind, "app") for kind in ("Secret", "ConfigMap")] == before
