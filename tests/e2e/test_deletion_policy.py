"""What becomes of targets is what spec.deletionPolicy says, and a change of it waits for nothing."""

import json
from collections.abc import Callable, Iterator

import pytest

from tests.aws.errors import denied
from tests.aws.faults import drop
from tests.cluster.waiting import wait_until
from tests.e2e.scene import READY, STALLED, Json, Scene, conditions, message, store, store_path
from tests.running.objects import BASE, PLURALS, Syncs, decoded

SLOW = "5m"
SECONDS = 5.0
"""Within which a change of the policy is carried out."""

HELD = {"KEY": "secret"}, {"PLAIN": "value"}
"""What the Secret and the ConfigMap of every sync here hold."""


def put_and_sync(scene: Scene, name: str = "app", **spec: object) -> Json:
    scene.put(f"{name}/key", "secret", "SecureString")
    scene.put(f"{name}/plain", "value")
    return scene.synced(name, interval=SLOW, **spec)


def owners(syncs: Syncs, name: str = "app") -> list[str]:
    """The uids of whatever owns the targets of that name."""
    targets = [syncs.target(kind, name) for kind in PLURALS]
    return [each["uid"] for target in targets if target for each in target["metadata"].get("ownerReferences", [])]


def wait_owned(syncs: Syncs, name: str, *, is_owned: bool) -> None:
    """Wait until the sync owns both of its targets, or none."""
    count = 2 if is_owned else 0
    wait_until(lambda: len(owners(syncs, name)) == count, f"{count} targets of {name} are owned", SECONDS)


def held(syncs: Syncs, name: str = "app") -> tuple[dict[str, str] | None, dict[str, str] | None]:
    return syncs.data("Secret", name), syncs.data("ConfigMap", name)


def delete(syncs: Syncs, name: str = "app", propagation: str = "Background") -> None:
    syncs.delete(name, propagation)
    syncs.cluster.wait_for_absence(syncs.path(name))


@pytest.fixture
def stores(scene: Scene) -> Iterator[Callable[[], str]]:
    """Creates a store as an object, named after the scene's namespace."""
    name = scene.syncs.namespace

    def create() -> str:
        body = store(name, scene.proxy.url, [name], [f"/{name}"])
        scene.syncs.cluster.request("POST", store_path(), body)
        return name

    yield create
    scene.syncs.cluster.request("DELETE", store_path(name))


def test_a_change_is_carried_out_whatever_stands_in_the_way(scene: Scene, stores: Callable[[], str]) -> None:
    syncs, name = scene.syncs, stores()
    reasons = {
        "suspended": "Suspended",
        "denied": "AccessDenied",
        "away": "SourceUnavailable",
        "storeless": "StoreNotFound",
        "held": "DowngradeBlocked",
        "empty": "",  # for 45 seconds nothing can be said of it
    }
    for each in reasons:
        put_and_sync(scene, each, storeRef={"name": name})
    scene.put("elsewhere/key", "plain")
    scene.proxy.add(denied(), under=scene.path("denied"))
    scene.proxy.add(drop(), under=scene.path("away"))
    obstacles: dict[str, Json] = {
        "suspended": {"suspend": True},
        "storeless": {"storeRef": {"name": "nowhere"}},
        "empty": {"sources": [{"path": scene.path("mistyped")}]},
        "held": {"sources": [{"path": scene.path("held")}, {"path": scene.path("elsewhere")}]},
    }
    for each, spec in obstacles.items():
        syncs.patch(each, {"spec": spec})
    for each in obstacles.keys() - {"empty"}:
        syncs.wait_reason(each, reasons[each])
    syncs.refresh("denied")
    before = scene.listings("away")
    syncs.annotate("away", refresh="1")
    wait_until(lambda: scene.listings("away") > before, "AWS was asked in vain")
    asked = {each: scene.listings(each) for each in ("suspended", "storeless")}

    for policy, is_owned in (("Retain", False), (None, True), ("Retain", False)):
        for each in reasons:
            syncs.patch(each, {"spec": {"deletionPolicy": policy}})
        for each in reasons:
            wait_owned(syncs, each, is_owned=is_owned)
        for each, reason in reasons.items():
            if reason:
                sync = syncs.wait_reason(each, reason)
                assert conditions(sync)["Ready"] == ("True" if reason == "Suspended" else "False")
            what = f"ConfigMap {each}, Secret {each}"
            said = "are deleted with the sync" if is_owned else "stay when the sync is deleted"
            assert scene.wait_event(each, "DeletionPolicyChanged", f"{what} {said}")
    assert asked == {each: scene.listings(each) for each in asked}, "no AWS was needed"

    for each in reasons:
        delete(syncs, each)
    for each in reasons:
        assert held(syncs, each) == HELD


def test_after_a_change_back_the_targets_go_with_the_sync(scene: Scene) -> None:
    put_and_sync(scene, deletionPolicy="Retain")
    assert owners(scene.syncs) == []

    scene.syncs.patch("app", {"spec": {"suspend": True, "deletionPolicy": "Delete"}})
    wait_owned(scene.syncs, "app", is_owned=True)
    delete(scene.syncs)

    for kind in PLURALS:
        scene.syncs.wait_data(kind, "app", None, SECONDS)


def test_retained_targets_follow_and_an_unchanged_pass_writes_nothing(scene: Scene) -> None:
    put_and_sync(scene)
    for policy, value in (("Retain", "first"), ("Delete", "second"), ("Retain", "third")):
        scene.syncs.patch("app", {"spec": {"deletionPolicy": policy}})
        scene.put("app/plain", value)
        scene.syncs.refresh("app")
        scene.syncs.wait_data("ConfigMap", "app", {"PLAIN": value})
        assert len(owners(scene.syncs)) == (0 if policy == "Retain" else 2)
        versions = scene.versions()
        scene.syncs.refresh("app")
        assert scene.versions() == versions

    scene.syncs.patch("app", {"spec": {"targets": [{"kind": "Secret", "name": "new"}, {"kind": "ConfigMap"}]}})
    scene.syncs.wait_data("Secret", "new", HELD[0])
    scene.syncs.wait_data("Secret", "app", None)


def test_a_retained_target_that_lost_its_label_is_left_alone(scene: Scene) -> None:
    put_and_sync(scene, deletionPolicy="Retain")
    scene.edit("Secret", "app", {"metadata": {"labels": None}})
    versions = scene.versions()
    scene.put("app/plain", "new")
    scene.syncs.annotate("app", refresh="1")

    sync = scene.syncs.wait_reason("app", "TargetConflict")

    assert conditions(sync) == STALLED
    assert "it lacks the label app.kubernetes.io/managed-by=paramsync" in message(sync)
    assert scene.versions() == versions

    scene.edit("Secret", "app", {"metadata": {"labels": {"app.kubernetes.io/managed-by": "paramsync"}}})
    assert conditions(scene.syncs.refresh("app")) == READY
    assert scene.syncs.data("ConfigMap", "app") == {"PLAIN": "new"}


class Reader:
    """Reads targets all the time, as a watch shows them: every state that was ever there."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._since = {kind: scene.syncs.target(kind, "app") for kind in PLURALS}

    def saw(self, kind: str) -> list[tuple[str, dict[str, str]]]:
        """Each event since it began to read, with what the target held."""
        since = self._since[kind]
        assert since is not None
        path, _, name = self._scene.syncs.target_path(kind, "app").rpartition("/")
        query = {"watch": "1", "timeoutSeconds": "1", "fieldSelector": f"metadata.name={name}"}
        query["resourceVersion"] = since["metadata"]["resourceVersion"]
        answer = self._scene.syncs.cluster.request("GET", path, query=query)
        events = [answer] if isinstance(answer, dict) else [json.loads(line) for line in (answer or "").splitlines()]
        return [(event["type"], decoded(event["object"])) for event in events]


@pytest.mark.parametrize(
    ("before", "propagation", "after"),
    [
        ("Retain", "Background", "Retain"),
        ("Retain", "Foreground", "Delete"),
        ("Delete", "Orphan", "Delete"),
        ("Delete", "Orphan", "Retain"),
    ],
)
def test_a_sync_made_again_takes_over_without_a_gap(scene: Scene, before: str, propagation: str, after: str) -> None:
    put_and_sync(scene, deletionPolicy=before)
    reader = Reader(scene)

    delete(scene.syncs, propagation=propagation)
    sync = scene.synced(interval=SLOW, deletionPolicy=after)
    scene.put("app/plain", "new")
    scene.syncs.refresh("app")
    scene.syncs.wait_data("ConfigMap", "app", {"PLAIN": "new"})

    assert owners(scene.syncs) == ([] if after == "Retain" else [sync["metadata"]["uid"]] * 2)
    seen = reader.saw("Secret")
    assert [event for event, data in seen if event != "MODIFIED" or data != HELD[0]] == []
    assert len(seen) <= 4, "orphaned, taken over, and no more than that"
    seen = reader.saw("ConfigMap")
    assert {event for event, _ in seen} == {"MODIFIED"}
    assert seen[-1][1] == {"PLAIN": "new"}
    assert all(data in ({"PLAIN": "value"}, {"PLAIN": "new"}) for _, data in seen)


def test_the_reader_would_have_seen_a_gap(scene: Scene) -> None:
    put_and_sync(scene)
    reader = Reader(scene)
    delete(scene.syncs)
    scene.synced(interval=SLOW)

    for kind in PLURALS:
        assert [event for event, _ in reader.saw(kind)][:2] == ["DELETED", "ADDED"]


def test_a_sync_made_again_waits_for_what_is_being_collected_and_not_for_longer(scene: Scene) -> None:
    put_and_sync(scene)
    scene.edit("Secret", "app", {"metadata": {"finalizers": ["example.org/hold"]}})
    delete(scene.syncs)
    scene.syncs.create("app", scene.path(), interval=SLOW)

    sync = scene.syncs.wait_reason("app", "Pending")
    assert message(sync) == "Secret app is being deleted; it is made anew once it is gone"
    scene.edit("Secret", "app", {"metadata": {"finalizers": None}})

    scene.syncs.wait_data("Secret", "app", HELD[0], SECONDS)
    assert conditions(scene.syncs.wait_reason("app", "Synced")) == READY


@pytest.mark.parametrize("policy", ["Delete", "Retain"])
def test_what_is_being_deleted_is_not_reconciled(scene: Scene, policy: str) -> None:
    """A finalizer of somebody's keeps the sync, as a deletion in the foreground does."""
    put_and_sync(scene, deletionPolicy=policy)
    scene.syncs.patch("app", {"metadata": {"finalizers": ["example.org/hold"]}})
    scene.syncs.delete("app")
    wait_until(lambda: scene.syncs.namespace not in scene.operator.get("/metrics")[1], "the operator has let it go")
    before = scene.syncs.get("app")["status"], scene.versions(), len(scene.syncs.events())
    listings = scene.listings()

    scene.put("app/plain", "new")
    other = "Retain" if policy == "Delete" else "Delete"
    scene.syncs.patch("app", {"spec": {"deletionPolicy": other}, "metadata": {"annotations": {"any": "thing"}}})
    scene.syncs.annotate("app", refresh="1")
    put_and_sync(scene, "beside")

    assert (scene.syncs.get("app")["status"], scene.versions(), len(scene.syncs.events()) - 1) == before
    assert scene.listings() == listings
    scene.syncs.patch("app", {"metadata": {"finalizers": None}})
    scene.syncs.cluster.wait_for_absence(scene.syncs.path("app"))


def test_none_of_our_objects_carries_a_finalizer(scene: Scene, stores: Callable[[], str]) -> None:
    put_and_sync(scene, storeRef={"name": stores()}, deletionPolicy="Retain")
    put_and_sync(scene, "second")
    body = {"apiVersion": "paramsync.dev/v1alpha1", "kind": "ParameterStore", "metadata": {"name": "own"}}
    here = f"/namespaces/{scene.syncs.namespace}"
    spec = {"region": "eu-west-1", "serviceAccountRef": {"name": "default"}}
    scene.syncs.cluster.request("POST", f"{BASE}{here}/parameterstores", {**body, "spec": spec})
    scene.syncs.create("third", scene.path(), storeRef={"kind": "ParameterStore", "name": "own"})
    scene.syncs.wait_reason("third", "StoreInvalid")

    collections = [f"{BASE}{here}/parametersyncs", f"{BASE}{here}/parameterstores", store_path()]
    collections += [f"/api/v1{here}/{plural}" for plural in PLURALS.values()]
    found = [each for path in collections for each in scene.syncs.cluster.request("GET", path)["items"]]
    names = {each["metadata"]["name"] for each in found}
    assert names >= {"app", "second", "third", "own", scene.syncs.namespace}
    assert [each["metadata"]["name"] for each in found if each["metadata"].get("finalizers")] == []
