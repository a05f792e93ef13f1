"""Secrets that somebody else made become a sync's when their owner says so, and only then; without a gap."""

from paramsync.api.base import API_VERSION
from tests.cluster.waiting import wait_until
from tests.e2e.scene import READY, REMOVAL, SOON, STALLED, Json, Scene, Story, conditions, message, tell_together

SLOW = "5m"
ADOPT = "paramsync.dev/adopt"
MANAGED_BY = "app.kubernetes.io/managed-by"
TRACKING = {
    "labels": {"argocd.argoproj.io/instance": "pay", "app.kubernetes.io/instance": "pay", MANAGED_BY: "Helm"},
    "annotations": {"argocd.argoproj.io/tracking-id": "pay:paramsync.dev/ParameterSync:payments/app", "team": "pay"},
}


def kubectl(scene: Scene, *arguments: str) -> str:
    return scene.syncs.cluster.kubectl(*arguments, f"--namespace={scene.syncs.namespace}")


def metadata(scene: Scene, name: str) -> Json:
    target = scene.syncs.target("Secret", name)
    assert target is not None
    found: Json = target["metadata"]
    return found


def wait_message(scene: Scene, name: str, says: str) -> str:
    """Wait until a sync says so of its target conflict."""
    return wait_until(
        lambda: text if says in (text := message(scene.syncs.get(name))) else "", f"sync {name} says: {says}", SOON
    )


def a_secret_of_kubectl_is_taken_over_and_loses_what_is_dropped_later(scene: Scene) -> Story:
    scene.put("kubectl/user", "pay", "SecureString")
    scene.put("kubectl/password", "new", "SecureString")
    literals = ("--from-literal=USER=pay", "--from-literal=PASSWORD=old", "--from-literal=SURPLUS=old")
    kubectl(scene, "create", "secret", "generic", "kubectl", *literals)
    kubectl(scene, "label", "secret/kubectl", "team=pay")
    before = metadata(scene, "kubectl")
    targets = [{"kind": "Secret", "name": "kubectl"}]
    scene.syncs.create("kubectl", scene.path("kubectl"), interval=SLOW, targets=targets)
    scene.syncs.wait_reason("kubectl", "TargetConflict", SOON)
    assert metadata(scene, "kubectl") == before
    assert f"or, to give it to this sync, annotate it with {ADOPT}=kubectl" in message(scene.syncs.get("kubectl"))

    kubectl(scene, "annotate", "secret/kubectl", f"{ADOPT}=kubectl")
    given = metadata(scene, "kubectl")
    scene.syncs.annotate("kubectl", refresh="given")
    yield
    sync = scene.syncs.wait_reason("kubectl", "Synced", REMOVAL)

    assert conditions(sync) == READY
    assert scene.wait_event("kubectl", "Synced", "Secret kubectl: taken over, 1 remove, 2 replace")
    taken = metadata(scene, "kubectl")
    assert taken["uid"] == before["uid"]
    assert taken["labels"] == {"team": "pay", MANAGED_BY: "paramsync"}
    assert [each["uid"] for each in taken["ownerReferences"]] == [sync["metadata"]["uid"]]
    assert ADOPT not in taken["annotations"]
    seen = scene.history("Secret", "kubectl", given["resourceVersion"])
    assert seen == [{"USER": "pay", "PASSWORD": "old"}, {"USER": "pay", "PASSWORD": "new"}], "no key was ever missing"

    scene.syncs.patch("kubectl", {"spec": {"sources": [{"path": scene.path("kubectl"), "exclude": ["user"]}]}})
    scene.syncs.wait_data("Secret", "kubectl", {"PASSWORD": "new"}, SOON)


def what_another_tool_tracks_is_taken_only_when_it_let_go(scene: Scene) -> Story:
    scene.put("helm/key", "new", "SecureString")
    kubectl(scene, "create", "secret", "generic", "helm", "--from-literal=KEY=old")
    kubectl(scene, "label", "secret/helm", f"{MANAGED_BY}=Helm")
    kubectl(scene, "annotate", "secret/helm", f"{ADOPT}=helm", "meta.helm.sh/release-name=pay")
    before = metadata(scene, "helm")
    targets = [{"kind": "Secret", "name": "helm"}]
    scene.syncs.create("helm", scene.path("helm"), interval=SLOW, targets=targets)

    sync = scene.syncs.wait_reason("helm", "TargetConflict", SOON)

    assert conditions(sync) == STALLED
    assert message(sync).startswith("Secret helm is given to this sync, but Helm tracks it and would write it as well")
    assert message(sync).endswith(f"the label {MANAGED_BY} and the annotation meta.helm.sh/release-name")
    assert metadata(scene, "helm") == before
    yield
    kubectl(scene, "label", "secret/helm", f"{MANAGED_BY}-")
    kubectl(scene, "annotate", "secret/helm", "meta.helm.sh/release-name-")
    scene.syncs.refresh("helm", SOON)
    scene.syncs.wait_data("Secret", "helm", {"KEY": "new"}, SOON)


def what_a_sync_left_behind_can_be_given_to_another(scene: Scene) -> Story:
    scene.put("first/key", "same", "SecureString")
    targets = [{"kind": "Secret", "name": "handed-over"}]
    scene.synced("first", interval=SLOW, targets=targets)
    uid = metadata(scene, "handed-over")["uid"]
    scene.syncs.create("second", scene.path("first"), interval=SLOW, targets=targets)
    assert "ParameterSync first controls it" in message(scene.syncs.wait_reason("second", "TargetConflict", SOON))

    scene.syncs.delete("first", "Orphan")

    # Its deletion wakes the second, which has to be given what is not its own.
    assert wait_message(scene, "second", "another ParameterSync made it").endswith(f"annotate it with {ADOPT}=second")
    yield
    kubectl(scene, "annotate", "secret/handed-over", f"{ADOPT}=second")
    sync = scene.syncs.refresh("second", SOON)
    assert conditions(sync) == READY
    taken = metadata(scene, "handed-over")
    assert taken["uid"] == uid
    assert taken["annotations"]["paramsync.dev/sync"] == "second"
    assert scene.syncs.data("Secret", "handed-over") == {"KEY": "same"}


def test_objects_of_others(scene: Scene) -> None:
    tell_together(
        scene,
        a_secret_of_kubectl_is_taken_over_and_loses_what_is_dropped_later,
        what_another_tool_tracks_is_taken_only_when_it_let_go,
        what_a_sync_left_behind_can_be_given_to_another,
    )


def test_a_target_that_the_first_sync_drops_is_the_seconds_at_once(scene: Scene) -> None:
    scene.put("first/key", "first", "SecureString")
    scene.put("second/key", "second", "SecureString")
    targets = [{"kind": "Secret", "name": "shared"}, {"kind": "Secret", "name": "own"}]
    scene.synced("first", interval=SLOW, targets=targets)
    scene.syncs.create("second", scene.path("second"), interval=SLOW, targets=targets[:1])
    scene.syncs.wait_reason("second", "TargetConflict", SOON)

    scene.syncs.patch("first", {"spec": {"targets": targets[1:]}})

    scene.syncs.wait_data("Secret", "shared", {"KEY": "second"}, SOON)
    assert conditions(scene.syncs.wait_reason("second", "Synced", SOON)) == READY
    assert scene.syncs.data("Secret", "own") == {"KEY": "first"}


def test_copied_argo_cd_labels(scene: Scene) -> None:
    """What Argo CD puts on a sync would make it prune a target that bore it too."""
    scene.put("app/key", "old", "SecureString")
    scene.put("app/plain", "old")
    body = {"metadata": {"name": "app", **TRACKING}, "spec": {"interval": SLOW, "sources": [{"path": scene.path()}]}}
    cluster = scene.syncs.cluster
    cluster.request("POST", scene.syncs.path(), {"apiVersion": API_VERSION, "kind": "ParameterSync", **body})
    scene.syncs.wait_reason("app", "Synced", SOON)
    ours = {"paramsync.dev/sync", "paramsync.dev/provenance"}

    def are_bare() -> None:
        for kind, more in (("Secret", set[str]()), ("ConfigMap", {"paramsync.dev/plain-keys"})):
            target = scene.syncs.target(kind, "app")
            assert target is not None
            assert target["metadata"]["labels"] == {MANAGED_BY: "paramsync"}
            assert target["metadata"]["annotations"].keys() == ours | more

    are_bare()
    for kind in ("Secret", "ConfigMap"):
        scene.edit(kind, "app", {"data": None})
    scene.syncs.refresh("app", SOON)
    scene.syncs.wait_data("Secret", "app", {"KEY": "old"}, SOON)
    are_bare()
