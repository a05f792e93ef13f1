"""What changes in Parameter Store, or in a sync, is soon so in the cluster."""

from tests.cluster.waiting import wait_until
from tests.e2e.scene import READY, SOON, Scene, conditions, kstatus

SLOW = "5m"
"""An interval that no test waits for."""


def test_a_refresh_reads_at_once_and_only_once(scene: Scene) -> None:
    scene.put("app/key", "old")
    scene.synced(interval=SLOW)
    listings = scene.listings()
    scene.put("app/key", "new")

    sync = scene.syncs.refresh("app", SOON)

    assert scene.syncs.data("ConfigMap", "app") == {"KEY": "new"}
    assert scene.listings() == listings + 2, "the refresh, and another one that confirms what it shows"
    annotation = sync["metadata"]["annotations"]["paramsync.dev/refresh"]
    assert sync["status"]["lastHandledRefresh"] == annotation
    assert conditions(sync) == READY

    scene.syncs.refresh("app", SOON)
    assert scene.listings() == listings + 3, "where nothing changed there is nothing to confirm"


def test_a_renamed_target_is_made_and_the_old_one_goes(scene: Scene) -> None:
    scene.put("app/key", "secret", "SecureString")
    scene.put("app/plain", "value")
    scene.synced(interval=SLOW, targets=[{"kind": "Secret", "name": "old"}, {"kind": "ConfigMap", "name": "app"}])
    config_map = scene.versions()[1]

    targets = [{"kind": "Secret", "name": "new"}, {"kind": "ConfigMap", "name": "app"}]
    scene.syncs.patch("app", {"spec": {"targets": targets}})
    sync = scene.syncs.wait_reason("app", "Synced", SOON)

    assert scene.syncs.data("Secret", "new") == {"KEY": "secret"}
    assert scene.syncs.data("Secret", "old") is None
    assert scene.versions()[1] == config_map, "a target that the change does not concern is not written"
    assert [(each["kind"], each["name"]) for each in sync["status"]["targets"]] == [
        ("ConfigMap", "app"),
        ("Secret", "new"),
    ]


def test_changed_types_move_parameters_between_targets(scene: Scene) -> None:
    scene.put("app/key", "secret", "SecureString")
    scene.put("app/plain", "value")
    scene.synced(interval=SLOW)

    scene.syncs.patch("app", {"spec": {"targets": [{"kind": "Secret", "types": ["String", "SecureString"]}]}})
    scene.syncs.wait_reason("app", "Synced", SOON)

    assert scene.syncs.data("Secret", "app") == {"KEY": "secret", "PLAIN": "value"}
    assert scene.syncs.data("ConfigMap", "app") is None


def test_a_changed_path_is_read_at_once(scene: Scene) -> None:
    scene.put("blue/key", "blue")
    scene.put("green/key", "green")
    scene.synced("app", "blue", interval=SLOW)

    scene.syncs.patch("app", {"spec": {"sources": [{"path": scene.path("green")}]}})
    scene.syncs.wait_reason("app", "Synced", SOON)

    assert scene.syncs.data("ConfigMap", "app") == {"KEY": "green"}


def test_a_later_source_overlays_an_earlier_one(scene: Scene) -> None:
    scene.put("defaults/host", "default")
    scene.put("defaults/port", "80")
    scene.put("app/host", "special")
    sync = scene.synced("app", "defaults", "app", interval=SLOW)
    assert scene.syncs.data("ConfigMap", "app") == {"HOST": "special", "PORT": "80"}
    assert (sync["status"]["parameters"], sync["status"]["overlaid"]) == (2, 1)

    scene.put("defaults/host", "other default")
    scene.put("app/port", "81")
    sync = scene.syncs.refresh("app", SOON)

    assert scene.syncs.data("ConfigMap", "app") == {"HOST": "special", "PORT": "81"}
    assert (sync["status"]["parameters"], sync["status"]["overlaid"]) == (2, 2)


def test_an_optional_source_may_be_empty_and_fill_up_later(scene: Scene) -> None:
    scene.put("app/key", "value")
    sources = [{"path": scene.path()}, {"path": scene.path("extra"), "optional": True}]
    scene.synced(interval=SLOW, sources=sources)
    assert scene.syncs.data("ConfigMap", "app") == {"KEY": "value"}

    scene.put("extra/key", "special")
    scene.syncs.refresh("app", SOON)

    assert scene.syncs.data("ConfigMap", "app") == {"KEY": "special"}


def test_a_suspended_sync_stays_ready_and_reads_nothing_until_it_is_resumed(scene: Scene) -> None:
    scene.put("app/key", "old")
    scene.put("clock/key", "value")
    before = scene.synced()
    scene.syncs.patch("app", {"spec": {"suspend": True}})
    suspended = scene.syncs.wait_reason("app", "Suspended", SOON)
    assert conditions(suspended) == READY
    assert kstatus(suspended) == "Current"
    assert suspended["status"]["parameters"] == before["status"]["parameters"]
    scene.proxy.forget()
    versions = scene.versions()
    scene.put("app/key", "new")

    # Another sync with the same interval shows that it has passed.
    scene.synced("clock")
    wait_until(lambda: scene.listings("clock") >= 2, "an interval has passed")
    assert scene.listings("app") == 0
    assert scene.versions() == versions

    scene.syncs.patch("app", {"spec": {"suspend": False}})
    scene.syncs.wait_reason("app", "Synced", SOON)
    assert scene.syncs.data("ConfigMap", "app") == {"KEY": "new"}


def test_a_sync_that_is_suspended_from_the_start_writes_nothing_and_is_not_ready(scene: Scene) -> None:
    scene.put("app/key", "value")
    scene.syncs.create("app", scene.path(), suspend=True)

    suspended = scene.syncs.wait_reason("app", "Suspended", SOON)

    assert conditions(suspended) == {"Ready": "Unknown"}
    assert scene.listings() == 0
    assert scene.versions() == [None, None]
