"""A target that somebody changes becomes what it was; what they add beside our keys stays."""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial

import pytest

from tests.aws.emulator import Emulator
from tests.aws.names import ParameterType
from tests.aws.proxy import Proxy
from tests.cluster.cluster import Cluster
from tests.cluster.waiting import wait_until
from tests.e2e.scene import READY, SOON, STALLED, Json, Scene, conditions
from tests.running.objects import Syncs
from tests.running.operator import Operator

SLOW = "5m"
KINDS: dict[str, ParameterType] = {"Secret": "SecureString", "ConfigMap": "String"}
LABEL = "app.kubernetes.io/managed-by"
ANNOTATIONS = ("paramsync.dev/sync", "paramsync.dev/provenance", "paramsync.dev/plain-keys")
DATA = {"HOST": "db", "PORT": "5432"}

Edit = Callable[[str], Json]
EDITS: dict[str, Edit] = {
    "a changed value": lambda kind: {"data": {"HOST": value(kind, "evil")}},
    "a removed key": lambda kind: {"data": {"HOST": None}},
    "no keys": lambda kind: {"data": None},
    "a foreign key": lambda kind: {"data": {"FOREIGN": value(kind, "foreign")}},
    "a foreign key in place of ours": lambda kind: {"data": {"FOREIGN": value(kind, "foreign"), "HOST": None}},
    "no label": lambda kind: {"metadata": {"labels": {LABEL: None}}},
    "another label": lambda kind: {"metadata": {"labels": {LABEL: "Helm"}}},
    "no annotations": lambda kind: {"metadata": {"annotations": dict.fromkeys(ANNOTATIONS)}},
    "a damaged provenance": lambda kind: {"metadata": {"annotations": {"paramsync.dev/provenance": "{"}}},
    "another provenance": lambda kind: {"metadata": {"annotations": {"paramsync.dev/provenance": OTHER_PROVENANCE}}},
    "no owner": lambda kind: {"metadata": {"ownerReferences": None}},
}
OTHER_PROVENANCE = '{"v":1,"sources":[],"trimmed":[],"keys":{"HOST":["E"],"GONE":["S"]}}'


@pytest.fixture(scope="module", autouse=True)
def drifted(
    cluster: Cluster, emulator: Emulator, shared_proxy: Proxy, shared_operator: Operator
) -> Iterator[tuple[Scene, str]]:
    """A path for each kind that another sync has read for long: what the tests change need not settle first.

    Also a sync whose Secret has been changed, which the last test waits for; and when that was written before.
    """
    with cluster.namespace() as namespace:
        scene = Scene(emulator, shared_proxy, shared_operator, Syncs(cluster, namespace))
        for kind, type_of_kind in KINDS.items():
            emulator.put(f"/{kind}/host", "db", type_of_kind)
            emulator.put(f"/{kind}/port", "5432", type_of_kind)
            scene.syncs.create(kind.lower(), f"/{kind}")
        for kind in KINDS:
            wait_until(partial(was_confirmed, shared_proxy, f"/{kind}"), f"a second listing of /{kind}")
            scene.syncs.refresh(kind.lower())
        scene.syncs.create("drifted", "/Secret")
        at = scene.syncs.wait_reason("drifted", "Synced")["status"]["lastAppliedTime"]
        scene.edit("Secret", "drifted", {"data": {"HOST": "ZXZpbA=="}})
        yield scene, at


def was_confirmed(proxy: Proxy, path: str) -> bool:
    """Whether a path was listed again after an interval."""
    return sum(call.names == [path] for call in proxy.calls("GetParametersByPath")) >= 2


def value(kind: str, text: str) -> str:
    return {"evil": "ZXZpbA==", "foreign": "Zm9yZWlnbg=="}[text] if kind == "Secret" else text


def synced_target(scene: Scene, kind: str) -> Json:
    scene.syncs.create("app", f"/{kind}", interval=SLOW)
    scene.syncs.wait_reason("app", "Synced")
    target = scene.syncs.target(kind, "app")
    assert target is not None
    return target


def without_history(target: Json | None) -> Json:
    """A target without what only tells how it came about."""
    assert target is not None
    dropped = ("resourceVersion", "managedFields")
    return {**target, "metadata": {key: each for key, each in target["metadata"].items() if key not in dropped}}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_target_with(scene: Scene, kind: str, edit: Edit) -> None:
    before = synced_target(scene, kind)
    scene.edit(kind, "app", edit(kind))

    sync = scene.syncs.refresh("app", SOON)

    assert conditions(sync) == READY
    assert scene.syncs.data(kind, "app") == DATA
    assert without_history(scene.syncs.target(kind, "app")) == without_history(before)


@pytest.mark.parametrize("kind", KINDS)
def test_a_deleted_target_is_made_anew(scene: Scene, kind: str) -> None:
    before = synced_target(scene, kind)
    scene.syncs.cluster.request("DELETE", scene.syncs.target_path(kind, "app"))

    sync = scene.syncs.refresh("app", SOON)

    target = scene.syncs.target(kind, "app")
    assert target is not None
    assert scene.syncs.data(kind, "app") == DATA
    assert target["metadata"]["uid"] != before["metadata"]["uid"]
    assert target["metadata"]["uid"] in [each["uid"] for each in sync["status"]["targets"]]
    assert target["metadata"]["annotations"] == before["metadata"]["annotations"]


def test_a_binary_key_of_a_config_map_goes(scene: Scene) -> None:
    synced_target(scene, "ConfigMap")
    scene.edit("ConfigMap", "app", {"binaryData": {"FOREIGN": "AAECAw=="}})

    scene.syncs.refresh("app", SOON)

    target = scene.syncs.target("ConfigMap", "app")
    assert target is not None
    assert target.get("binaryData", {}) == {}
    assert target["data"] == DATA


@pytest.mark.parametrize("stated", [None, "", "HOST=SecureString PORT=String", "HOST"], ids=str)
def test_plain_keys_are_put_right(scene: Scene, stated: str | None) -> None:
    before = synced_target(scene, "ConfigMap")
    scene.edit("ConfigMap", "app", {"metadata": {"annotations": {"paramsync.dev/plain-keys": stated}}})

    scene.syncs.refresh("app", SOON)

    assert without_history(scene.syncs.target("ConfigMap", "app")) == without_history(before)


@pytest.mark.parametrize("kind", KINDS)
def test_labels_and_annotations_of_others_stay(scene: Scene, kind: str) -> None:
    synced_target(scene, kind)
    theirs = {"labels": {"team": "pay"}, "annotations": {"reloader.example.com/match": "true"}}
    scene.edit(kind, "app", {"metadata": theirs, "data": {"HOST": None}})

    scene.syncs.refresh("app", SOON)

    target = scene.syncs.target(kind, "app")
    assert target is not None
    assert scene.syncs.data(kind, "app") == DATA
    assert target["metadata"]["labels"] == {"team": "pay", LABEL: "paramsync"}
    assert target["metadata"]["annotations"]["reloader.example.com/match"] == "true"


@pytest.mark.parametrize("kind", KINDS)
def test_what_others_add_beside_our_keys_is_no_reason_to_write(scene: Scene, kind: str) -> None:
    synced_target(scene, kind)
    scene.edit(kind, "app", {"metadata": {"labels": {"team": "pay"}}})
    versions = scene.versions()

    scene.syncs.refresh("app", SOON)

    assert scene.versions() == versions


def test_a_target_that_nothing_shows_to_be_ours_is_not_taken_back(scene: Scene) -> None:
    synced_target(scene, "Secret")
    scene.edit("Secret", "app", {"metadata": {"ownerReferences": None, "labels": None}, "data": {"HOST": "ZXZpbA=="}})
    before = scene.syncs.target("Secret", "app")

    sync = scene.syncs.refresh("app", SOON)

    assert conditions(sync) == STALLED
    assert scene.wait_event("app", "TargetConflict").startswith("Secret app exists and is not this sync's")
    assert scene.syncs.target("Secret", "app") == before


def test_drift_is_found_without_being_asked(drifted: tuple[Scene, str]) -> None:
    scene, at = drifted

    # Its own deadline is a minute, though nothing changes in Parameter Store.
    scene.syncs.wait_data("Secret", "drifted", DATA, 75)

    def told() -> bool:
        now = scene.syncs.get("drifted")["status"]["lastAppliedTime"]
        return bool(datetime.fromisoformat(now) > datetime.fromisoformat(at))

    wait_until(told, "status tells when it was written")
    assert scene.wait_event("drifted", "DriftRepaired", "Secret drifted was changed by ").endswith(": 1 key put back")
