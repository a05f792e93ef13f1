"""What is held, what is told of it, and what lets it pass: from kubectl and from Git."""

from typing import Any

import yaml

from tests.aws.names import ParameterType
from tests.cluster.access import kubectl
from tests.e2e.scene import REMOVAL, SOON, STALLED, Json, Scene, Story, conditions, kstatus, message, tell_together

SLOW = "5m"
APPROVE = "paramsync.dev/approve"


def put_numbered(scene: Scene, app: str, *numbers: int, kind: ParameterType = "String") -> None:
    for number in numbers:
        scene.put(f"{app}/p{number}", f"v{number}", kind)


def delete_numbered(scene: Scene, app: str, *numbers: int) -> None:
    scene.delete(*(f"{app}/p{number}" for number in numbers))


def numbered(*numbers: int) -> dict[str, str]:
    return {f"P{number}": f"v{number}" for number in numbers}


def applied(scene: Scene, name: str, digest: str | None = None, **spec: Any) -> None:
    """Apply a sync as a tool does that has its manifest in Git, with an approval or without."""
    document = {
        "apiVersion": "paramsync.dev/v1alpha1",
        "kind": "ParameterSync",
        "metadata": {
            "name": name,
            "namespace": scene.syncs.namespace,
            "annotations": {} if digest is None else {APPROVE: digest},
        },
        "spec": {"sources": [{"path": scene.path(name)}], "interval": SLOW, **spec},
    }
    kubectl(scene.syncs.cluster.kubeconfig, "apply", "-f", "-", input=yaml.safe_dump(document))


def shown(sync: Json) -> list[tuple[str, str, str]]:
    return [(each["action"], each["kind"], each["key"]) for each in sync["status"]["plan"]["actions"]]


def removals_are_held_until_the_command_in_the_message_is_run(scene: Scene) -> Story:
    put_numbered(scene, "many", *range(8))
    scene.put("many/host", "db")
    scene.synced("many", interval=SLOW)
    delete_numbered(scene, "many", *range(2, 8))
    scene.put("many/host", "other")
    scene.put("many/added", "new")
    scene.syncs.refresh("many", SOON)
    yield

    sync = scene.syncs.wait_reason("many", "RemovalBlocked", REMOVAL)

    kept = {"HOST": "other", "ADDED": "new", **numbered(*range(8))}
    assert scene.syncs.data("ConfigMap", "many") == kept, "the rest goes on"
    assert (conditions(sync), kstatus(sync)) == (STALLED, "Failed")
    assert shown(sync) == [("remove", "ConfigMap", f"P{number}") for number in range(2, 8)]
    assert scene.wait_event("many", "RemovalBlocked", "spec.guard.maxRemovals")
    _, _, command = message(sync).partition("or approve: kubectl ")
    kubectl(scene.syncs.cluster.kubeconfig, *command.split())
    sync = scene.syncs.wait_reason("many", "Synced", SOON)
    assert scene.syncs.data("ConfigMap", "many") == {"HOST": "other", "ADDED": "new", **numbered(0, 1)}
    assert "plan" not in sync["status"]
    assert sync["status"]["lastHandledApproval"] == sync["metadata"]["annotations"][APPROVE]


def an_approval_comes_from_git(scene: Scene) -> Story:
    put_numbered(scene, "git", *range(6))
    applied(scene, "git")
    scene.syncs.wait_reason("git", "Synced")
    delete_numbered(scene, "git", *range(1, 6))
    scene.syncs.refresh("git", SOON)
    yield
    sync = scene.syncs.wait_reason("git", "RemovalBlocked", REMOVAL)
    digest = sync["status"]["plan"]["digest"]
    applied(scene, "git", digest)
    scene.syncs.wait_reason("git", "Synced", SOON)
    assert scene.syncs.data("ConfigMap", "git") == numbered(0)


def a_secure_string_that_turned_plain_is_held(scene: Scene) -> Story:
    put_numbered(scene, "flip", 0, 1, kind="SecureString")
    scene.put("flip/host", "db")
    scene.synced("flip", interval=SLOW)
    versions = scene.versions("flip")
    scene.delete("flip/p0")
    scene.put("flip/p0", "shown", "String")
    scene.put("flip/host", "other")
    scene.syncs.refresh("flip", SOON)
    yield

    sync = scene.syncs.wait_reason("flip", "DowngradeBlocked", REMOVAL)

    assert shown(sync) == [("add", "ConfigMap", "P0"), ("move", "Secret", "P0")]
    assert scene.versions("flip")[0] == versions[0]
    assert "P0" not in (scene.syncs.data("ConfigMap", "flip") or {})
    scene.syncs.annotate("flip", approve=sync["status"]["plan"]["digest"])
    scene.syncs.wait_reason("flip", "Synced", SOON)
    assert scene.syncs.data("ConfigMap", "flip") == {"HOST": "other", "P0": "shown"}
    assert scene.syncs.data("Secret", "flip") == {"P1": "v1"}


def a_plan_is_told_and_not_carried_out(scene: Scene) -> Story:
    put_numbered(scene, "plan", 0, 1)
    put_numbered(scene, "plan", 2, kind="SecureString")
    applied(scene, "plan", mode="Plan")
    sync = scene.syncs.wait_reason("plan", "Planned")
    assert conditions(sync) == {"Ready": "True"}
    assert shown(sync) == [("add", "ConfigMap", "P0"), ("add", "ConfigMap", "P1"), ("add", "Secret", "P2")]
    assert scene.versions("plan") == [None, None]
    yield
    assert scene.versions("plan") == [None, None]
    applied(scene, "plan", mode="Sync")
    sync = scene.syncs.wait_reason("plan", "Synced", SOON)
    assert "plan" not in sync["status"]
    assert scene.syncs.data("ConfigMap", "plan") == numbered(0, 1)


def another_path_that_lacks_many_names_writes_nothing(scene: Scene) -> Story:
    put_numbered(scene, "typo", *range(5))
    put_numbered(scene, "other", 7)
    applied(scene, "typo")
    scene.syncs.wait_reason("typo", "Synced")
    applied(scene, "typo", sources=[{"path": scene.path("other")}])
    sync = scene.syncs.wait_reason("typo", "RemovalBlocked", SOON)
    assert "the sync's sources changed as well, so nothing is written" in message(sync)
    assert scene.syncs.data("ConfigMap", "typo") == numbered(*range(5))
    yield
    applied(scene, "typo")
    scene.syncs.wait_reason("typo", "Synced", SOON)


def test_what_is_held_stays_until_it_is_approved(scene: Scene) -> None:
    tell_together(
        scene,
        removals_are_held_until_the_command_in_the_message_is_run,
        an_approval_comes_from_git,
        a_secure_string_that_turned_plain_is_held,
        a_plan_is_told_and_not_carried_out,
        another_path_that_lacks_many_names_writes_nothing,
    )
