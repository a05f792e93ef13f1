"""The rows of ``test_bad_things`` that wait for 45 seconds, as stories that are told at the same time."""

from tests.cluster.waiting import wait_until
from tests.e2e.scene import READY, REMOVAL, SOON, STALLED, Json, Scene, Stores, Story, conditions, kstatus, message

SLOW = "5m"
OTHER_ACCOUNT = "444455556666"
PLACES: dict[str, Json] = {
    "region": {"region": "eu-north-1"},
    "role": {"roleArn": f"arn:aws:iam::{OTHER_ACCOUNT}:role/params"},
}
"""What somebody writes into a store, which makes it another place without our tree."""


def emptied_path(scene: Scene) -> Story:
    scene.put_app("emptied")
    scene.synced("emptied", interval=SLOW)
    versions = scene.versions("emptied")
    scene.delete("emptied/user", "emptied/password", "emptied/host", "emptied/port")

    sync = scene.syncs.refresh("emptied", SOON)

    assert conditions(sync) == READY, "an answer that is suddenly empty is not believed at once"
    yield
    sync = scene.syncs.wait_reason("emptied", "NoParameters", REMOVAL)
    text = f"There are no parameters below {scene.path('emptied')}; what the targets hold stays"
    assert message(sync).startswith(text)
    assert conditions(sync) == STALLED
    assert kstatus(sync) == "Failed"
    assert scene.versions("emptied") == versions
    assert scene.wait_event("emptied", "NoParameters", message(sync))
    assert sync["status"]["problems"][0]["reason"] == "NoParameters"

    scene.put_app("emptied")
    assert conditions(scene.syncs.refresh("emptied", SOON)) == READY


def keys_never_removed(scene: Scene) -> Story:
    for name in ("changed", "kept", "removed", "stays"):
        scene.put(f"mixed/{name}", "old", "SecureString")
        scene.put(f"mixed/plain/{name}", "old")
    before = scene.synced("mixed")
    scene.put("mixed/changed", "new", "SecureString")
    scene.put("mixed/plain/changed", "new")
    scene.put("mixed/added", "new", "SecureString")
    scene.put("mixed/plain/added", "new")
    scene.delete("mixed/removed", "mixed/plain/removed")

    # What vanished is not believed as soon: somebody may be about to create it again.
    secret = {"ADDED": "new", "CHANGED": "new", "KEPT": "old", "STAYS": "old"}
    plain = {f"PLAIN_{key}": value for key, value in secret.items()}
    scene.syncs.wait_data("Secret", "mixed", {**secret, "REMOVED": "old"})
    scene.syncs.wait_data("ConfigMap", "mixed", {**plain, "PLAIN_REMOVED": "old"})
    between = wait_until(lambda: other_revision(scene, before["status"]["revision"]), "status tells of the change")
    assert (between["parameters"], between["secure"]) == (10, 5)
    assert scene.wait_event("mixed", "Synced", "Secret mixed: 1 add, 1 change")
    yield
    scene.syncs.wait_data("Secret", "mixed", secret, REMOVAL)
    scene.syncs.wait_data("ConfigMap", "mixed", plain)
    after = wait_until(lambda: other_revision(scene, between["revision"]), "status tells of the removal")
    assert (after["parameters"], after["secure"]) == (8, 4)
    assert scene.wait_event("mixed", "Synced", "Secret mixed: 1 remove")


def other_revision(scene: Scene, revision: str) -> Json:
    """The status of a sync that has applied something else since."""
    status: Json = scene.syncs.get("mixed")["status"]
    return status if status["revision"] != revision else {}


def secure_string_turned_string(scene: Scene) -> Story:
    scene.put_app("turned")
    scene.synced("turned", interval=SLOW)
    versions = scene.versions("turned")
    scene.delete("turned/password")
    scene.put("turned/password", "readable by all")

    assert conditions(scene.syncs.refresh("turned", SOON)) == READY, "it may be on its way from one to the other"
    yield
    sync = scene.syncs.wait_reason("turned", "DowngradeBlocked", REMOVAL)
    assert conditions(sync) == STALLED
    assert scene.path("turned/password") in message(sync)
    assert scene.wait_event("turned", "DowngradeBlocked")
    assert scene.versions("turned") == versions, "not a key of anything is written"

    scene.syncs.annotate("turned", approve=sync["status"]["plan"]["digest"])
    assert conditions(scene.syncs.wait_reason("turned", "Synced", SOON)) == READY
    assert scene.syncs.data("Secret", "turned") == {"USER": "pay"}
    plain = {"HOST": "db", "PASSWORD": "readable by all", "PORT": "5432"}
    assert scene.history("ConfigMap", "turned", versions[1]) == [plain], "and only then"


def wrong_region_or_role_answering_with_an_empty_tree(scene: Scene) -> Story:
    stores = Stores(scene.syncs.cluster, scene.proxy)
    reasons: dict[str, str] = {}
    for place in PLACES:
        name = f"{place}-{scene.syncs.namespace}"
        stores.create(name, "/")
        for app, optional, reason in ((place, False, "NoParameters"), (f"{place}-optional", True, "SourceMoved")):
            scene.put_app(app)
            sources = [{"path": scene.path(app), "optional": optional}]
            scene.synced(app, interval=SLOW, sources=sources, storeRef={"name": name})
            reasons[app] = reason
    versions = {app: scene.versions(app) for app in reasons}
    for place, spec in PLACES.items():
        stores.edit(f"{place}-{scene.syncs.namespace}", **spec)
    yield
    for app, reason in reasons.items():
        sync = scene.syncs.wait_reason(app, reason, REMOVAL)
        assert conditions(sync) == STALLED
        assert scene.versions(app) == versions[app]

    for place in PLACES:
        stores.edit(f"{place}-{scene.syncs.namespace}", region="eu-west-1", roleArn=None)
    for app in reasons:
        assert conditions(scene.syncs.wait_reason(app, "Synced", SOON)) == READY
        assert scene.versions(app) == versions[app]
    stores.delete_all()
