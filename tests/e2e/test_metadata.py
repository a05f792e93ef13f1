"""Labels and annotations that a sync gives its targets: set, changed, put back and taken away; those of others stay.

The operator works under the admission policies.
"""

import pytest

from tests.e2e.metadata import KINDS, LIST, MARK, NOTE, SLOW, annotations, asked, kubectl, labels, synced, targets
from tests.e2e.scene import READY, SOON, Json, Scene, conditions

PUT_BACK = "labels, annotations or owner put back"


def kept(sync: Json) -> set[str]:
    """What status says that others have put there."""
    return {each["subject"] for each in sync["status"].get("problems", []) if each["reason"] == "MetadataKept"}


def test_they_are_set_changed_and_taken_away(scene: Scene) -> None:
    first = synced(scene, {"team": "pay"}, {NOTE: "true"})
    for kind in KINDS:
        assert labels(scene, kind) == {"team": "pay", **MARK}
        assert annotations(scene, kind) == {NOTE: "true", LIST: f"annotations/{NOTE} labels/team"}

    second = asked(scene, {"team": "shop", "tier": "back"})
    for kind in KINDS:
        assert labels(scene, kind) == {"team": "shop", "tier": "back", **MARK}
        assert annotations(scene, kind) == {LIST: "labels/team labels/tier"}
    assert second["status"]["revision"] == first["status"]["revision"], "the data is the same"
    assert scene.wait_event("app", "Synced", "Secret app: metadata only; ConfigMap app: metadata only")

    third = asked(scene)
    for kind in KINDS:
        assert labels(scene, kind) == MARK
        assert annotations(scene, kind) == {}
    assert conditions(third) == READY
    assert [each for each in scene.syncs.events() if each["reason"] == "DriftRepaired"] == []


def test_a_plan_tells_them_and_writes_nothing(scene: Scene) -> None:
    synced(scene, {"team": "pay", "tier": "back"})
    versions = scene.versions()
    spec = {"mode": "Plan", "targets": targets({"team": "shop"}, {NOTE: "true"})}

    scene.syncs.patch("app", {"spec": spec})
    plan = scene.syncs.wait_reason("app", "Planned", SOON)["status"]["plan"]

    done = {(each["action"], each["kind"], each["key"]) for each in plan["actions"]}
    each_kind = {("change", "labels/team"), ("remove", "labels/tier"), ("add", f"annotations/{NOTE}")}
    assert done == {(action, kind, key) for action, key in each_kind for kind in KINDS}
    assert scene.versions() == versions


@pytest.mark.parametrize(
    ("change", "by"),
    [
        (("label", "--overwrite", "team=evil"), "kubectl-label"),
        (("label", "team-"), "someone"),
        (("annotate", "--overwrite", f"{NOTE}=evil"), "kubectl-annotate"),
        (("annotate", f"{NOTE}-"), "someone"),
        (("annotate", "--overwrite", f"{LIST}=labels/other"), "kubectl-annotate"),
        (("annotate", f"{LIST}-"), "someone"),
    ],
    ids=["a label", "no label", "an annotation", "no annotation", "another list", "no list"],
)
def test_what_somebody_changes_is_put_back_and_told(scene: Scene, change: tuple[str, ...], by: str) -> None:
    synced(scene, {"team": "pay"}, {NOTE: "true"})
    before = labels(scene), annotations(scene)
    verb, *rest = change
    kubectl(scene, verb, "secret/app", *rest)
    assert (labels(scene), annotations(scene)) != before

    sync = scene.syncs.refresh("app", SOON)

    assert (labels(scene), annotations(scene)) == before
    assert conditions(sync) == READY
    assert scene.wait_event("app", "DriftRepaired") == f"Secret app was changed by {by}: {PUT_BACK}"


def test_what_somebody_changed_goes_all_the_same_once_it_was_put_back(scene: Scene) -> None:
    """Every change by others leaves a field-manager entry of theirs, which could keep it alive."""
    synced(scene, {"team": "pay"}, {NOTE: "true"})
    kubectl(scene, "label", "secret/app", "--overwrite", "team=evil")
    kubectl(scene, "annotate", "secret/app", "--overwrite", f"{NOTE}=evil")
    scene.syncs.refresh("app", SOON)
    kubectl(scene, "annotate", "secret/app", "--overwrite", f"{LIST}=labels/other")
    scene.syncs.refresh("app", SOON)

    asked(scene)

    assert labels(scene) == MARK
    assert annotations(scene) == {}


def test_a_list_that_somebody_damaged_does_not_keep_what_goes(scene: Scene) -> None:
    """The admission policy takes what is not listed for somebody else's."""
    synced(scene, {"team": "pay"}, {NOTE: "true"})
    scene.syncs.patch("app", {"spec": {"suspend": True}})
    scene.syncs.wait_reason("app", "Suspended", SOON)
    kubectl(scene, "annotate", "secret/app", "configmap/app", f"{LIST}-")

    scene.syncs.patch("app", {"spec": {"suspend": False, "targets": targets()}})
    scene.syncs.wait_reason("app", "Synced", SOON)
    scene.syncs.refresh("app", SOON)

    for kind in KINDS:
        assert labels(scene, kind) == MARK
        assert annotations(scene, kind) == {}


def test_what_others_have_put_there_stays_and_is_told(scene: Scene) -> None:
    synced(scene)
    kubectl(scene, "label", "secret/app", "team=theirs")

    sync = asked(scene, {"team": "pay", "tier": "back"})

    assert labels(scene) == {"team": "theirs", "tier": "back", **MARK}
    assert labels(scene, "ConfigMap") == {"team": "pay", "tier": "back", **MARK}
    assert (conditions(sync), kept(sync)) == (READY, {"Secret app/labels/team"})
    versions = scene.versions()
    scene.syncs.refresh("app", SOON)
    assert scene.versions() == versions, "nobody fights over it"

    asked(scene)
    assert labels(scene) == {"team": "theirs", **MARK}

    asked(scene, {"team": "pay"})
    kubectl(scene, "label", "secret/app", "team-")
    sync = scene.syncs.refresh("app", SOON)
    assert labels(scene) == {"team": "pay", **MARK}
    assert kept(sync) == set()


def test_what_another_applier_holds_too_stays_theirs(scene: Scene) -> None:
    synced(scene, {"team": "pay"})
    path = scene.syncs.target_path("Secret", "app")
    theirs = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "app", "labels": {"team": "pay"}}}
    query = {"fieldManager": "theirs"}
    scene.syncs.cluster.request("PATCH", path, theirs, query=query, content_type="application/apply-patch+yaml")

    asked(scene)

    assert labels(scene) == {"team": "pay", **MARK}
    assert annotations(scene) == {}


def test_an_immutable_target_gets_them_too(scene: Scene) -> None:
    synced(scene)
    for kind in KINDS:
        scene.edit(kind, "app", {"immutable": True})

    assert conditions(asked(scene, {"team": "pay"}, {NOTE: "true"})) == READY
    assert [labels(scene, kind)["team"] for kind in KINDS] == ["pay", "pay"]
    assert conditions(asked(scene)) == READY
    assert [labels(scene, kind) for kind in KINDS] == [MARK, MARK]


def test_they_go_on_when_a_sync_that_retains_its_targets_is_made_again(scene: Scene) -> None:
    synced(scene, {"team": "pay"}, {NOTE: "true"}, deletionPolicy="Retain")
    versions = scene.versions()
    scene.syncs.delete("app")

    again = targets({"team": "pay"}, {NOTE: "true"})
    scene.synced("app", interval=SLOW, targets=again, deletionPolicy="Retain")
    assert scene.versions() == versions
    asked(scene)
    assert (labels(scene), annotations(scene)) == (MARK, {})


def test_an_object_that_is_taken_over_keeps_what_it_has(scene: Scene) -> None:
    scene.put_app()
    kubectl(scene, "create", "secret", "generic", "app", "--from-literal=PASSWORD=old")
    kubectl(scene, "label", "secret/app", "team=theirs")
    kubectl(scene, "annotate", "secret/app", "paramsync.dev/adopt=app")

    sync = scene.synced("app", interval=SLOW, targets=targets({"team": "pay", "tier": "back"}, {NOTE: "true"}))

    assert labels(scene) == {"team": "theirs", "tier": "back", **MARK}
    assert annotations(scene) == {NOTE: "true", LIST: f"annotations/{NOTE} labels/tier"}
    assert kept(sync) == {"Secret app/labels/team"}
    asked(scene)
    assert labels(scene) == {"team": "theirs", **MARK}
