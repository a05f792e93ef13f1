"""Whatever somebody does to a target with kubectl is undone, and told with the name of who did it."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest
import yaml

from tests.aws.emulator import Emulator
from tests.aws.names import ParameterType
from tests.aws.proxy import Proxy
from tests.cluster.cluster import Cluster
from tests.cluster.waiting import wait_until
from tests.e2e.scene import READY, SOON, STALLED, Json, Scene, conditions, message
from tests.running.objects import Syncs
from tests.running.operator import Operator

SLOW = "5m"
KINDS: dict[str, ParameterType] = {"Secret": "SecureString", "ConfigMap": "String"}
DATA = {"HOST": "db", "PORT": "5432"}
IN_CLEAR = {"ConfigMap": {"db": "db", "evil": "evil"}, "Secret": {"db": "ZGI=", "evil": "ZXZpbA=="}}


class Person:
    """Somebody with kubectl, and the target that they work on."""

    def __init__(self, scene: Scene, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.scene = scene
        self.kind = kind
        self.old, self.new = IN_CLEAR[kind]["db"], IN_CLEAR[kind]["evil"]
        self.monkeypatch = monkeypatch

    @property
    def target(self) -> Json:
        target = self.scene.syncs.target(self.kind, "app")
        assert target is not None
        return target

    def run(self, verb: str, *arguments: str, body: Json | None = None) -> None:
        """Run kubectl in the namespace, with an object for its input if one is given."""
        namespace = f"--namespace={self.scene.syncs.namespace}"
        text = None if body is None else yaml.safe_dump(body)
        self.scene.syncs.cluster.kubectl(verb, *arguments, namespace, input=text)

    def changed(self) -> Json:
        """The target as `kubectl get -o yaml` shows it, with another value."""
        target = self.target
        del target["metadata"]["managedFields"]
        target["data"]["HOST"] = self.new
        return target

    def manifest(self) -> Json:
        """A manifest of somebody who knows nothing of the sync: one key changed, one more."""
        return {
            "apiVersion": "v1",
            "kind": self.kind,
            "metadata": {"name": "app", "labels": {"team": "pay"}},
            "data": {"HOST": self.new, "MORE": self.new},
        }


def edit(person: Person) -> None:
    person.monkeypatch.setenv("KUBE_EDITOR", f"sed -i 's/HOST: {person.old}$/HOST: {person.new}/'")
    person.run("edit", person.kind, "app")


def apply(person: Person) -> None:
    person.run("apply", "-f-", body=person.manifest())


def apply_server_side(person: Person) -> None:
    person.run("apply", "--server-side", "--force-conflicts", "-f-", body=person.manifest())


def apply_under_our_name(person: Person) -> None:
    """Keeps what marks the target as the sync's: the API server takes the rest for our own wish."""
    forged = person.changed()
    forged["metadata"] = {key: forged["metadata"][key] for key in ("name", "labels", "annotations", "ownerReferences")}
    del forged["data"]["PORT"]
    person.run("apply", "--server-side", "--force-conflicts", "--field-manager=paramsync", "-f-", body=forged)


def replace(person: Person) -> None:
    person.run("replace", "-f-", body=person.changed())


def label(person: Person) -> None:
    person.run("label", person.kind, "app", "--overwrite", "app.kubernetes.io/managed-by=Helm", "team=pay")


def unlabel(person: Person) -> None:
    person.run("label", person.kind, "app", "app.kubernetes.io/managed-by-")


def annotate(person: Person) -> None:
    person.run("annotate", person.kind, "app", "--overwrite", "paramsync.dev/provenance={}", "paramsync.dev/sync=other")


def unannotate(person: Person) -> None:
    names = [f"{name}-" for name in person.target["metadata"]["annotations"]]
    person.run("annotate", person.kind, "app", *names)


def patch(person: Person) -> None:
    person.run("patch", person.kind, "app", "--type=json", '-p=[{"op": "remove", "path": "/data"}]')


def patch_binary(person: Person) -> None:
    """A Secret has no such field: the key becomes one of its data."""
    field = "binaryData" if person.kind == "ConfigMap" else "data"
    person.run("patch", person.kind, "app", f'-p={{"{field}": {{"BLOB": "AAECAw=="}}}}')


def delete(person: Person) -> None:
    person.run("delete", person.kind, "app")


MARKS = "labels, annotations or owner put back"
WAYS: list[tuple[Callable[[Person], None], str]] = [
    (edit, "was changed by kubectl-edit: 1 key put back"),
    (apply, "was changed by kubectl-client-side-apply: 1 key put back, 1 key of others removed"),
    (apply_server_side, "was changed by kubectl: 1 key put back, 1 key of others removed"),
    (apply_under_our_name, "was changed by someone: 2 keys put back"),
    (replace, "was changed by kubectl-replace: 1 key put back"),
    (label, f"was changed by kubectl-label: {MARKS}"),
    (unlabel, f"was changed by someone: {MARKS}"),
    (annotate, f"was changed by kubectl-annotate: {MARKS}"),
    (unannotate, f"was changed by someone: {MARKS}"),
    (patch, "was changed by someone: 2 keys put back"),
    (patch_binary, "was changed by kubectl-patch: 1 key of others removed"),
    (delete, "was deleted and is made anew"),
]


@pytest.fixture(scope="module", autouse=True)
def settled(cluster: Cluster, emulator: Emulator, shared_proxy: Proxy, shared_operator: Operator) -> Iterator[None]:
    """A path for each kind that a sync has read for long: what the tests change need not settle first."""
    with cluster.namespace() as namespace:
        syncs = Syncs(cluster, namespace)
        for kind, type_of_kind in KINDS.items():
            emulator.put(f"/{kind}/host", "db", type_of_kind)
            emulator.put(f"/{kind}/port", "5432", type_of_kind)
            syncs.create(kind.lower(), f"/{kind}")
        for kind in KINDS:
            wait_until(partial(_was_confirmed, shared_proxy, f"/{kind}"), f"a second listing of /{kind}")
            syncs.refresh(kind.lower())
        yield


def _was_confirmed(proxy: Proxy, path: str) -> bool:
    return sum(call.names == [path] for call in proxy.calls("GetParametersByPath")) >= 2


@pytest.fixture(params=KINDS)
def person(scene: Scene, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Person:
    scene.syncs.create("app", f"/{request.param}", interval=SLOW)
    scene.syncs.wait_reason("app", "Synced")
    return Person(scene, request.param, monkeypatch)


def lasting(target: Json) -> Json:
    """What of a target is ours, without what only tells how it came about."""
    metadata = target["metadata"]
    ours = {name: text for name, text in metadata["annotations"].items() if name.startswith("paramsync.dev/")}
    labels = {name: text for name, text in metadata["labels"].items() if name != "team"}
    return {"labels": labels, "annotations": ours, "owners": metadata["ownerReferences"], "data": target["data"]}


@pytest.mark.parametrize(("way", "told"), WAYS, ids=[way.__name__ for way, _ in WAYS])
def test_what_somebody_does_is_undone_and_told(person: Person, way: Callable[[Person], None], told: str) -> None:
    scene, before = person.scene, person.target
    repairs = scene.operator.metric("paramsync_drift_repairs_total", kind=person.kind)
    way(person)
    assert person.scene.syncs.target(person.kind, "app") != before

    sync = scene.syncs.refresh("app", SOON)

    assert conditions(sync) == READY
    assert lasting(person.target) == lasting(before)
    assert "binaryData" not in person.target
    assert scene.wait_event("app", "DriftRepaired") == f"{person.kind} app {told}"
    assert [each["type"] for each in scene.syncs.events() if each["reason"] == "DriftRepaired"] == ["Warning"]
    assert scene.operator.metric("paramsync_drift_repairs_total", kind=person.kind) == repairs + 1


def written(scene: Scene, mark: int) -> set[str]:
    """What the operator asked for of targets of the namespace since a mark of the audit log, but reading."""
    entries = [each for each in scene.syncs.cluster.audit(mark) if each.target.namespace == scene.syncs.namespace]
    tried = [each for each in entries if each.user_agent == "paramsync" and each.resource in ("secrets", "configmaps")]
    return {each.verb for each in tried} - {"get"}


def test_a_target_that_is_right_may_be_immutable(person: Person) -> None:
    scene = person.scene
    person.run("patch", person.kind, "app", '-p={"immutable": true}')
    before, mark = person.target, scene.syncs.cluster.audit_mark()

    assert conditions(scene.syncs.refresh("app", SOON)) == READY
    assert person.target == before
    assert written(scene, mark) == set()

    unlabel(person)
    assert conditions(scene.syncs.refresh("app", SOON)) == READY
    assert lasting(person.target) == lasting(before)


def test_one_that_is_wrong_and_immutable_is_told_and_not_written_against(person: Person) -> None:
    scene = person.scene
    person.run("patch", person.kind, "app", f'-p={{"data": {{"HOST": "{person.new}"}}, "immutable": true}}')
    before, mark = person.target, scene.syncs.cluster.audit_mark()

    *_, sync = (scene.syncs.refresh("app", SOON) for _ in range(3))

    assert conditions(sync) == STALLED
    assert message(sync).startswith(f"{person.kind} app is immutable, and its keys would have to change.")
    assert person.target == before
    assert written(scene, mark) == set()

    person.run("delete", person.kind, "app")
    assert conditions(scene.syncs.refresh("app", SOON)) == READY
    assert scene.syncs.data(person.kind, "app") == DATA


def test_one_who_takes_every_mark_off_under_our_name_has_taken_the_target(person: Person) -> None:
    """Nothing shows any more that it is ours: it is told, and not taken back."""
    forged = {**person.manifest(), "metadata": {"name": "app"}}
    person.run("apply", "--server-side", "--force-conflicts", "--field-manager=paramsync", "-f-", body=forged)
    before = person.target

    sync = person.scene.syncs.refresh("app", SOON)

    assert conditions(sync) == STALLED
    assert message(sync).startswith(f"{person.kind} app exists and is not this sync's: it was made by someone else")
    assert person.target == before
