"""Targets on a real API server: what is written, what is left alone, and what is never shown."""

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from kubernetes.client.exceptions import ApiException

from paramsync.api.sync import TargetKind
from paramsync.core.objects import (
    ADOPT_ANNOTATION,
    MANAGED_BY_LABEL,
    METADATA_ANNOTATION,
    PLAIN_KEYS_ANNOTATION,
    SYNC_ANNOTATION,
    Content,
    Live,
    Owner,
)
from paramsync.core.routing import TargetRef
from paramsync.core.values import SecureValue
from paramsync.kube.customs import Customs
from paramsync.kube.errors import ApiError, NamespaceEnds, NotFound, Refused, Stale
from paramsync.kube.events import Events, Note
from paramsync.kube.fence import Fenced, SoleReplica
from paramsync.kube.targets import Targets
from paramsync.kube.transport import APPLY, METADATA_ONLY, Transport
from paramsync.kube.wire import CustomObject
from tests.cluster.cluster import Cluster
from tests.cluster.waiting import wait_until
from tests.unit.builders import CONFIG_MAP, SECRET, config_map_content, secret_content

MERGE_PATCH = "application/merge-patch+json"
NOTE = Note("Normal", "Synced", "Apply", "All is well")
PLURALS = {TargetKind.SECRET: "secrets", TargetKind.CONFIG_MAP: "configmaps"}
Data = Mapping[str, str]
Json = dict[str, Any]


def content(ref: TargetRef, data: Data) -> Content:
    """What a target of this kind should hold."""
    if ref.kind is TargetKind.CONFIG_MAP:
        return config_map_content(data)
    return secret_content({key: SecureValue.of(text) for key, text in data.items()})


@dataclass(frozen=True)
class Desk:
    """The operator's hands and somebody else's, on the objects of a namespace."""

    cluster: Cluster
    namespace: str
    transport: Transport
    fence: SoleReplica
    targets: Targets
    owner: Owner

    def sync(self) -> CustomObject:
        sync = Customs(self.transport, self.fence).sync(self.namespace, "app")
        assert sync is not None
        return sync

    def path(self, ref: TargetRef) -> str:
        return f"/api/v1/namespaces/{self.namespace}/{PLURALS[ref.kind]}/{ref.name}"

    def read(self, ref: TargetRef) -> Live:
        live = self.targets.get(ref, self.namespace, values=True)
        assert live is not None
        return live

    def write(self, ref: TargetRef, data: Data) -> None:
        """Make the target hold this, as it is read now."""
        live = self.targets.get(ref, self.namespace, values=True)
        self.apply(ref, data, live)

    def apply(self, ref: TargetRef, data: Data, live: Live | None) -> None:
        self.targets.apply(content(ref, data), live, self.owner)

    def found(self, ref: TargetRef) -> Json:
        found: Json = self.cluster.request("GET", self.path(ref))
        return found

    def data(self, ref: TargetRef) -> dict[str, str]:
        data: dict[str, str] = self.found(ref).get("data", {})
        if ref.kind is TargetKind.CONFIG_MAP:
            return data
        return {key: base64.b64decode(text).decode() for key, text in data.items()}

    def create(self, ref: TargetRef, *, data: Data | None = None, **metadata: object) -> Json:
        """Somebody else makes an object of this name."""
        field = "data" if ref.kind is TargetKind.CONFIG_MAP else "stringData"
        body = {"metadata": {"name": ref.name, **metadata}, field: dict(data or {})}
        self.cluster.request("POST", self.path(ref).rpartition("/")[0], body)
        return self.found(ref)

    def meddle(self, ref: TargetRef, body: Mapping[str, object], manager: str = "kubectl-edit") -> None:
        """Somebody else merges this into an object."""
        query = {"fieldManager": manager}
        self.cluster.request("PATCH", self.path(ref), body, content_type=MERGE_PATCH, query=query)

    def put(self, ref: TargetRef, data: Mapping[str, str | None], manager: str = "kubectl-edit") -> None:
        """Somebody else sets or removes keys."""
        field = "data" if ref.kind is TargetKind.CONFIG_MAP else "stringData"
        gone = {key: None for key, text in data.items() if text is None}
        there = {key: text for key, text in data.items() if text is not None}
        self.meddle(ref, {"data": gone}, manager) if gone else None
        self.meddle(ref, {field: there}, manager) if there else None

    def remove(self, ref: TargetRef) -> None:
        self.cluster.request("DELETE", self.path(ref))


@pytest.fixture(scope="module")
def transport(cluster: Cluster) -> Iterator[Transport]:
    with cluster.api() as client:
        yield Transport(client)


@pytest.fixture
def desk(cluster: Cluster, namespace: str, transport: Transport) -> Desk:
    sync = cluster.request(
        "POST",
        f"/apis/paramsync.dev/v1alpha1/namespaces/{namespace}/parametersyncs",
        {
            "apiVersion": "paramsync.dev/v1alpha1",
            "kind": "ParameterSync",
            "metadata": {"name": "app"},
            "spec": {"sources": [{"path": "/prod/pay"}]},
        },
    )
    fence = SoleReplica()
    owner = Owner("app", sync["metadata"]["uid"], namespace)
    return Desk(cluster, namespace, transport, fence, Targets(transport, fence), owner)


@pytest.fixture(params=[SECRET, CONFIG_MAP], ids=str)
def ref(request: pytest.FixtureRequest) -> TargetRef:
    found: TargetRef = request.param
    return found


def managers(found: Json, part: str) -> set[tuple[str, str]]:
    """Who owns fields in this part of an object, and how they came to."""
    entries = found["metadata"]["managedFields"]
    return {(each["manager"], each["operation"]) for each in entries if part in each["fieldsV1"]}


class TestWhatIsWritten:
    def test_an_absent_target_is_created(self, desk: Desk, ref: TargetRef) -> None:
        since = desk.cluster.audit_mark()
        desk.write(ref, {"HOST": "db.internal", "PORT": "5432"})

        assert desk.data(ref) == {"HOST": "db.internal", "PORT": "5432"}
        answers = [
            (entry.verb, entry.response.code)
            for entry in desk.cluster.audit(since)
            if entry.user_agent == "paramsync" and entry.target.namespace == desk.namespace
        ]
        assert answers == [("get", 404), ("patch", 201)]

    def test_it_says_whose_it_is(self, desk: Desk, ref: TargetRef) -> None:
        desk.write(ref, {"HOST": "db.internal"})

        metadata = desk.found(ref)["metadata"]
        assert metadata["labels"] == {MANAGED_BY_LABEL: "paramsync"}
        assert metadata["annotations"][SYNC_ANNOTATION] == "app"
        assert metadata["ownerReferences"] == [
            {
                "apiVersion": "paramsync.dev/v1alpha1",
                "kind": "ParameterSync",
                "name": "app",
                "uid": desk.owner.uid,
                "controller": True,
                "blockOwnerDeletion": False,
            }
        ]

    def test_what_was_written_is_what_is_read(self, desk: Desk, ref: TargetRef) -> None:
        data = {
            "EMPTY": "",
            "LINES": "a\nb\r\n",
            "UNICODE": "ключ \u2028\ufeff",
            "SPACES": " x ",
            "CONTROLS": "\0\x1b\x7f",
        }
        desk.write(ref, data)

        assert desk.data(ref) == data
        assert desk.read(ref).data == content(ref, data).data

    @pytest.mark.parametrize(
        "steps",
        [
            [{"A": "1"}, {"A": "1", "B": "2"}],
            [{"A": "1"}, {"A": "2"}],
            [{"A": "1", "B": "2"}, {"B": "2"}],
            [{"A": "1"}, {}],
            [{}, {"A": "1"}],
            [{"A": "1"}, {"B": "2"}, {"A": "1"}, {"A": "2", "C": ""}],
        ],
        ids=["add", "change", "remove", "empty", "fill", "replace"],
    )
    def test_keys_come_change_and_go(self, desk: Desk, ref: TargetRef, steps: list[Data]) -> None:
        for step in steps:
            desk.write(ref, step)
            assert desk.data(ref) == step

    def test_the_same_again_changes_nothing(self, desk: Desk, ref: TargetRef) -> None:
        desk.write(ref, {"HOST": "db.internal"})
        before = desk.found(ref)

        desk.write(ref, {"HOST": "db.internal"})

        assert desk.found(ref) == before

    def test_what_is_remembered_is_what_is_there(self, desk: Desk, ref: TargetRef) -> None:
        made = content(ref, {"HOST": "db.internal"})
        seen = desk.targets.apply(made, None, desk.owner)

        metadata = desk.found(ref)["metadata"]
        assert (seen.uid, seen.resource_version) == (metadata["uid"], metadata["resourceVersion"])
        assert seen.revision == made.revision

    def test_no_write_is_a_post_or_a_put(self, desk: Desk, ref: TargetRef) -> None:
        since = desk.cluster.audit_mark()
        desk.write(ref, {"A": "1"})
        desk.put(ref, {"STRAY": "x"})
        desk.write(ref, {"B": "2"})
        desk.targets.delete(desk.read(ref), desk.owner)

        verbs = {entry.verb for entry in desk.cluster.audit(since) if entry.user_agent == "paramsync"}
        assert verbs == {"get", "patch", "delete"}


class TestWhatWasReadIsAPrecondition:
    @pytest.mark.parametrize("data", [{}, {"HOST": "theirs"}, {"OTHER": "theirs"}], ids=["empty", "same key", "other"])
    def test_an_object_that_came_first_is_left_alone(self, desk: Desk, ref: TargetRef, data: Data) -> None:
        live = desk.targets.get(ref, desk.namespace, values=True)
        assert live is None
        before = desk.create(ref, data=data)

        with pytest.raises(Stale):
            desk.apply(ref, {"HOST": "db.internal"}, live)

        assert desk.found(ref) == before

    def test_a_change_since_is_not_overwritten(self, desk: Desk, ref: TargetRef) -> None:
        desk.write(ref, {"HOST": "db.internal"})
        live = desk.read(ref)
        desk.meddle(ref, {"metadata": {"annotations": {"team": "payments"}}})
        before = desk.found(ref)

        with pytest.raises(Stale):
            desk.apply(ref, {"HOST": "db.example"}, live)

        assert desk.found(ref) == before

    def test_one_that_was_made_anew_is_not_overwritten(self, desk: Desk, ref: TargetRef) -> None:
        desk.write(ref, {"HOST": "db.internal"})
        live = desk.read(ref)
        desk.remove(ref)
        before = desk.create(ref, data={"HOST": "theirs"})
        newest = replace(live, resource_version=before["metadata"]["resourceVersion"])

        for old in (live, newest):
            with pytest.raises(Stale):
                desk.apply(ref, {"HOST": "db.example"}, old)
            with pytest.raises(Stale):
                desk.targets.delete(old, desk.owner)

        assert desk.found(ref) == before

    def test_one_that_went_is_not_made_by_an_update(self, desk: Desk, ref: TargetRef) -> None:
        desk.write(ref, {"HOST": "db.internal"})
        live = desk.read(ref)
        desk.remove(ref)

        with pytest.raises(Stale):
            desk.apply(ref, {"HOST": "db.example"}, live)

        assert desk.targets.get(ref, desk.namespace, values=True) is None

    def test_a_change_between_the_removal_of_foreign_keys_and_the_apply(self, desk: Desk, ref: TargetRef) -> None:
        desk.write(ref, {"HOST": "db.internal"})
        desk.put(ref, {"STRAY": "x"})
        live = desk.read(ref)
        desk.put(ref, {"STRAY": "y"})
        before = desk.found(ref)

        with pytest.raises(Stale):
            desk.apply(ref, {"HOST": "db.internal"}, live)

        assert desk.found(ref) == before


class TestDrift:
    def test_a_changed_value_is_put_back(self, desk: Desk, ref: TargetRef) -> None:
        desk.write(ref, {"HOST": "db.internal", "PORT": "5432"})
        desk.put(ref, {"HOST": "evil", "PORT": None})

        desk.write(ref, {"HOST": "db.internal", "PORT": "5432"})

        assert desk.data(ref) == {"HOST": "db.internal", "PORT": "5432"}

    @pytest.mark.parametrize("then", [{"HOST": "db.internal"}, {"HOST": "new"}, {"PORT": "5432"}, {}], ids=str)
    @pytest.mark.parametrize("manager", ["kubectl-edit", "paramsync"])
    def test_keys_of_others_go(self, desk: Desk, ref: TargetRef, then: Data, manager: str) -> None:
        desk.write(ref, {"HOST": "db.internal"})
        desk.put(ref, {"STRAY": "x", "HOST": "theirs", "MORE": "y"}, manager)

        desk.write(ref, then)

        assert desk.data(ref) == then
        assert managers(desk.found(ref), "f:data") <= {("paramsync", "Apply")}

    def test_binary_keys_of_others_go(self, desk: Desk) -> None:
        desk.write(CONFIG_MAP, {"HOST": "db.internal"})
        desk.meddle(CONFIG_MAP, {"binaryData": {"BLOB": "AAEC", "MORE": ""}, "data": {"STRAY": "x"}})
        assert desk.read(CONFIG_MAP).data == {"HOST": "db.internal", "STRAY": "x", "BLOB": b"\0\1\2", "MORE": b""}

        desk.write(CONFIG_MAP, {"HOST": "db.internal"})

        found = desk.found(CONFIG_MAP)
        assert found["data"] == {"HOST": "db.internal"}
        assert "binaryData" not in found

    def test_a_dropped_key_that_somebody_else_applies_too(self, desk: Desk, ref: TargetRef) -> None:
        desk.write(ref, {"HOST": "db.internal", "PORT": "5432"})
        kind = str(ref.kind)
        value = "5432" if ref.kind is TargetKind.CONFIG_MAP else base64.b64encode(b"5432").decode()
        theirs = {"apiVersion": "v1", "kind": kind, "metadata": {"name": ref.name}, "data": {"PORT": value}}
        query = {"fieldManager": "helm"}
        desk.cluster.request("PATCH", desk.path(ref), theirs, content_type=APPLY, query=query)
        assert desk.read(ref).foreign_keys == {"PORT"}

        desk.write(ref, {"HOST": "db.internal"})

        assert desk.data(ref) == {"HOST": "db.internal"}

    def test_our_own_merge_patch_keeps_no_key_alive(self, desk: Desk, ref: TargetRef) -> None:
        desk.write(ref, {"HOST": "db.internal", "PORT": "5432"})
        desk.put(ref, {"STRAY": "x"})
        desk.write(ref, {"HOST": "db.internal", "PORT": "5432"})
        assert managers(desk.found(ref), "f:data") == {("paramsync", "Apply")}

        desk.write(ref, {"HOST": "db.internal"})

        assert desk.data(ref) == {"HOST": "db.internal"}

    def test_a_dropped_key_goes_although_managed_fields_were_wiped(self, desk: Desk, ref: TargetRef) -> None:
        desk.write(ref, {"HOST": "db.internal", "PORT": "5432"})
        desk.meddle(ref, {"metadata": {"managedFields": [{}]}})

        desk.write(ref, {"HOST": "db.internal"})

        assert desk.data(ref) == {"HOST": "db.internal"}

    @pytest.mark.parametrize(
        "damage",
        [
            {"labels": {MANAGED_BY_LABEL: "Helm"}},
            {"labels": None},
            {"annotations": None},
            {"annotations": {SYNC_ANNOTATION: "other", PLAIN_KEYS_ANNOTATION: "HOST=SecureString"}},
            {"ownerReferences": None},
        ],
        ids=["relabelled", "no label", "no annotations", "other annotations", "no owner"],
    )
    def test_damaged_metadata_is_repaired(self, desk: Desk, ref: TargetRef, damage: Mapping[str, object]) -> None:
        desk.write(ref, {"HOST": "db.internal"})
        before = desk.found(ref)["metadata"]
        desk.meddle(ref, {"metadata": damage})

        desk.write(ref, {"HOST": "db.internal"})

        after = desk.found(ref)["metadata"]
        for part in ("labels", "ownerReferences", "uid"):
            assert after[part] == before[part]
        assert before["annotations"].items() - after["annotations"].items() == set()

    def test_labels_and_annotations_of_others_stay(self, desk: Desk, ref: TargetRef) -> None:
        desk.write(ref, {"HOST": "db.internal"})
        desk.meddle(ref, {"metadata": {"labels": {"team": "pay"}, "annotations": {"reloader": "on"}}})
        desk.put(ref, {"STRAY": "x"})

        desk.write(ref, {"PORT": "5432"})

        metadata = desk.found(ref)["metadata"]
        assert metadata["labels"]["team"] == "pay"
        assert metadata["annotations"]["reloader"] == "on"

    @pytest.mark.parametrize("damage", [{}, {"labels": None, "annotations": None}], ids=["intact", "damaged"])
    def test_an_owner_that_is_no_controller_stays(self, desk: Desk, ref: TargetRef, damage: Json) -> None:
        desk.write(ref, {"HOST": "db.internal"})
        theirs = desk.create(TargetRef(ref.kind, "theirs"))
        reference = {"apiVersion": "v1", "kind": str(ref.kind), "name": "theirs", "uid": theirs["metadata"]["uid"]}
        ours = desk.found(ref)["metadata"]["ownerReferences"]
        desk.meddle(ref, {"metadata": {"ownerReferences": [*ours, reference], **damage}})
        desk.put(ref, {"HOST": "evil"})

        desk.write(ref, {"HOST": "db.internal"})

        assert desk.data(ref) == {"HOST": "db.internal"}
        assert desk.found(ref)["metadata"]["ownerReferences"] == [*ours, reference]

    @pytest.mark.parametrize("values", [False, True], ids=["metadata", "whole"])
    def test_those_who_hold_what_is_ours_are_known(self, desk: Desk, ref: TargetRef, values: bool) -> None:
        desk.write(ref, {"HOST": "db.internal", "PORT": "5432"})
        desk.put(ref, {"HOST": "theirs"}, "kubectl-edit")
        desk.put(ref, {"STRAY": "x"}, "helm")
        desk.put(ref, {"STRAY": "y", "PORT": None}, "argocd-controller")
        theirs = {
            "labels": {MANAGED_BY_LABEL: "Helm", "team": "pay"},
            "annotations": {SYNC_ANNOTATION: "b", "note": "c"},
        }
        desk.meddle(ref, {"metadata": theirs}, "kubectl-label")

        live = desk.targets.get(ref, desk.namespace, values=values)

        assert live is not None
        assert live.editors == {
            "HOST": {"kubectl-edit"},
            "STRAY": {"argocd-controller"},
            MANAGED_BY_LABEL: {"kubectl-label"},
            SYNC_ANNOTATION: {"kubectl-label"},
        }

    @pytest.mark.parametrize("values", [False, True], ids=["metadata", "whole"])
    def test_what_the_spec_gave_is_known_with_who_holds_it_now(self, desk: Desk, ref: TargetRef, values: bool) -> None:
        made = content(ref, {"HOST": "db.internal"})
        listed = {METADATA_ANNOTATION: "annotations/note labels/team", "note": "a"}
        given = replace(made, labels={"team": "pay", "tier": "back"}, annotations={**made.annotations, **listed})
        desk.targets.apply(given, None, desk.owner)
        desk.meddle(ref, {"metadata": {"labels": {"team": "x", "other": "y"}}}, "kubectl-label")

        live = desk.targets.get(ref, desk.namespace, values=values)

        assert live is not None
        assert live.editors == {"labels/team": {"kubectl-label"}}
        own = {MANAGED_BY_LABEL: "labels", **dict.fromkeys(given.annotations, "annotations"), "tier": "labels"}
        assert live.stated == {f"{kind}/{key}" for key, kind in own.items()}

    def test_one_who_applies_under_our_name_is_not_known_and_is_repaired(self, desk: Desk, ref: TargetRef) -> None:
        desk.write(ref, {"HOST": "db.internal"})
        before = desk.found(ref)
        forged = {key: before[key] for key in ("apiVersion", "kind", "metadata")}
        forged["metadata"] = {
            key: before["metadata"][key] for key in ("name", "labels", "annotations", "ownerReferences")
        }
        value = "evil" if ref.kind is TargetKind.CONFIG_MAP else base64.b64encode(b"evil").decode()
        forged["data"] = {"HOST": value, "STRAY": value}
        query = {"fieldManager": "paramsync", "force": "true"}
        desk.cluster.request("PATCH", desk.path(ref), forged, content_type=APPLY, query=query)
        live = desk.read(ref)
        assert (dict(live.editors), live.foreign_keys) == ({}, frozenset())
        assert live.resource_version != before["metadata"]["resourceVersion"]

        desk.write(ref, {"HOST": "db.internal"})

        assert desk.data(ref) == {"HOST": "db.internal"}


@pytest.fixture
def webhook(desk: Desk) -> Iterator[str]:
    """Something on the way to etcd that gives a key of every object in the namespace another value: which key."""
    selector = {"matchLabels": {"kubernetes.io/metadata.name": desk.namespace}}
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["secrets", "configmaps"],
    }
    patch = '[JSONPatch{op: "add", path: "/data/HOST", value: "ZXZpbA=="}]'
    spec = {
        "matchConstraints": {"namespaceSelector": selector, "resourceRules": [rule]},
        "matchConditions": [{"name": "data", "expression": "has(object.data)"}],
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": patch}}],
        "reinvocationPolicy": "Never",
    }
    group, name = "/apis/admissionregistration.k8s.io/v1", f"meddler-{desk.namespace}"
    bodies = {
        "mutatingadmissionpolicies": {"metadata": {"name": name}, "spec": spec},
        "mutatingadmissionpolicybindings": {"metadata": {"name": name}, "spec": {"policyName": name}},
    }
    for plural, body in bodies.items():
        desk.cluster.request("POST", f"{group}/{plural}", body)
    probe = {"metadata": {"name": "probe"}, "data": {"KEY": "value"}}

    def is_in_force() -> bool:
        collection, _, _ = desk.path(CONFIG_MAP).rpartition("/")
        made = desk.cluster.request("POST", collection, probe, query={"dryRun": "All"})
        return "HOST" in made.get("data", {})

    try:
        wait_until(is_in_force, "the policy is in force")
        yield "HOST"
    finally:
        for plural in bodies:
            desk.cluster.request("DELETE", f"{group}/{plural}/{name}")


@pytest.mark.parametrize("held", [{"HOST": "db.internal"}, {"PORT": "5432"}], ids=["a value", "a key more"])
def test_what_is_changed_on_its_way_is_told_at_once(desk: Desk, ref: TargetRef, webhook: str, held: Data) -> None:
    with pytest.raises(Stale, match="something else is there than what was applied"):
        desk.write(ref, held)

    live = desk.read(ref)
    assert live.data is not None
    assert live.data.keys() == held.keys() | {webhook}
    assert live.editors == {}, "the API server names nobody for it"


class TestWhatCannotBeWritten:
    def test_an_immutable_target(self, desk: Desk, ref: TargetRef) -> None:
        desk.write(ref, {"HOST": "db.internal"})
        desk.meddle(ref, {"immutable": True})
        before = desk.found(ref)
        live = desk.read(ref)
        assert live.immutable

        with pytest.raises(Refused, match="Invalid, at data"):
            desk.apply(ref, {"HOST": "db.example"}, live)
        assert desk.found(ref) == before

        desk.targets.delete(live, desk.owner)
        assert desk.targets.get(ref, desk.namespace, values=False) is None

    def test_a_secret_of_another_type(self, desk: Desk) -> None:
        path = desk.path(SECRET).rpartition("/")[0]
        body = {"type": "example.org/other", "metadata": {"name": SECRET.name}}
        desk.cluster.request("POST", path, body)
        live = desk.read(SECRET)
        assert live.type == "example.org/other"

        with pytest.raises(Refused, match="Invalid, at type"):
            desk.apply(SECRET, {"PASSWORD": "hunter2"}, live)

    def test_a_namespace_that_does_not_exist(self, desk: Desk, ref: TargetRef) -> None:
        with pytest.raises(NamespaceEnds, match="the namespace is gone"):
            desk.targets.apply(content(ref, {"HOST": "x"}), None, replace(desk.owner, namespace="nowhere"))
        with pytest.raises(NotFound):
            Events(desk.transport, desk.fence, "test").write("nowhere", "app", desk.owner.uid, NOTE)

    def test_foreign_keys_of_one_that_went(self, desk: Desk, ref: TargetRef) -> None:
        desk.write(ref, {"HOST": "db.internal"})
        desk.put(ref, {"STRAY": "x"})
        live = desk.read(ref)
        desk.remove(ref)

        with pytest.raises(Stale, match="it was deleted since it was read"):
            desk.apply(ref, {"HOST": "db.internal"}, live)

        assert desk.targets.get(ref, desk.namespace, values=False) is None

    def test_a_namespace_that_ends(self, desk: Desk, ref: TargetRef) -> None:
        with desk.cluster.namespace() as ending:
            finalizer = {"metadata": {"name": "holds-it", "finalizers": ["example.org/hold"]}}
            maps = f"/api/v1/namespaces/{ending}/configmaps"
            desk.cluster.request("POST", maps, finalizer)
            desk.cluster.request("DELETE", f"/api/v1/namespaces/{ending}")
            try:
                with pytest.raises(NamespaceEnds, match="the namespace is being deleted"):
                    desk.targets.apply(content(ref, {"HOST": "x"}), None, replace(desk.owner, namespace=ending))
                with pytest.raises(NamespaceEnds):
                    Events(desk.transport, desk.fence, "test").write(ending, "app", desk.owner.uid, NOTE)
            finally:
                free = {"metadata": {"finalizers": None}}
                desk.cluster.request("PATCH", f"{maps}/holds-it", free, content_type=MERGE_PATCH)


class TestDeleting:
    def test_only_what_was_read(self, desk: Desk, ref: TargetRef) -> None:
        desk.write(ref, {"HOST": "db.internal"})
        old = desk.read(ref)
        desk.meddle(ref, {"metadata": {"annotations": {"team": "payments"}}})

        with pytest.raises(Stale):
            desk.targets.delete(old, desk.owner)
        assert desk.data(ref) == {"HOST": "db.internal"}

        desk.targets.delete(desk.read(ref), desk.owner)
        assert desk.targets.get(ref, desk.namespace, values=True) is None

    def test_what_is_gone_is_gone(self, desk: Desk, ref: TargetRef) -> None:
        desk.write(ref, {"HOST": "db.internal"})
        live = desk.read(ref)
        desk.remove(ref)

        desk.targets.delete(live, desk.owner)

    def test_one_that_is_being_deleted_is_seen_as_that(self, desk: Desk, ref: TargetRef) -> None:
        desk.create(ref, finalizers=["example.org/hold"])
        assert not desk.read(ref).deleting
        desk.remove(ref)

        for values in (True, False):
            live = desk.targets.get(ref, desk.namespace, values=values)
            assert live is not None
            assert live.deleting
        desk.meddle(ref, {"metadata": {"finalizers": None}})


class TestReading:
    def test_nothing_there(self, desk: Desk, ref: TargetRef) -> None:
        for values in (True, False):
            assert desk.targets.get(ref, desk.namespace, values=values) is None

    def test_the_metadata_alone_carries_no_value(self, desk: Desk, ref: TargetRef) -> None:
        desk.write(ref, {"HOST": "db.internal"})
        desk.put(ref, {"STRAY": "x"})

        live = desk.targets.get(ref, desk.namespace, values=False)
        body = desk.transport.request("GET", desk.path(ref), what="read", accept=METADATA_ONLY)

        assert live is not None
        assert live.data is None
        assert live.foreign_keys == {"STRAY"}
        full = desk.read(ref)
        for part in ("uid", "resource_version", "labels", "annotations", "controller", "foreign_keys"):
            assert getattr(live, part) == getattr(full, part)
        assert b"db.internal" not in body
        assert base64.b64encode(b"db.internal") not in body

    def test_values_of_a_secret_are_of_the_secure_class(self, desk: Desk) -> None:
        desk.create(SECRET, data={"PASSWORD": "hunter2"})
        live = desk.read(SECRET)
        assert live.data == {"PASSWORD": SecureValue(b"hunter2")}
        assert "hunter2" not in repr(live)


class TestErrorsShowNoValue:
    VALUE = "correct-horse-battery-staple"

    def shown(self, write: Callable[[], object]) -> str:
        with pytest.raises(ApiError) as raised:
            write()
        assert raised.value.__cause__ is None
        text = repr(raised.value)
        assert raised.value.__context__ is None or raised.value.__suppress_context__
        encoded = base64.b64encode(self.VALUE.encode()).decode()
        for part in (self.VALUE, self.VALUE[:8], encoded, encoded[:8]):
            assert part not in text
        return text

    @pytest.mark.parametrize("mebibytes", [1, 3])
    def test_too_large(self, desk: Desk, ref: TargetRef, mebibytes: int) -> None:
        large = {"KEY": self.VALUE * (mebibytes * 2**20 // len(self.VALUE) + 1)}
        assert "refuses" in self.shown(lambda: desk.write(ref, large))
        assert desk.targets.get(ref, desk.namespace, values=False) is None

    def test_a_key_that_is_none(self, desk: Desk, ref: TargetRef) -> None:
        assert "Invalid" in self.shown(lambda: desk.write(ref, {"no key": self.VALUE}))

    @pytest.mark.parametrize(
        "data",
        [
            {"KEY": f"{VALUE}!"},
            {"KEY": [VALUE]},
            {"KEY": {VALUE: VALUE}},
            VALUE,
            [VALUE],
        ],
        ids=["not base64", "a list", "a map", "a text", "a list instead"],
    )
    def test_a_body_of_wrong_form(self, desk: Desk, data: object) -> None:
        metadata = {"name": SECRET.name, "namespace": desk.namespace}
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}
        for content_type in (APPLY, MERGE_PATCH):

            def write(content_type: str = content_type) -> None:
                query = {"fieldManager": "paramsync"}
                desk.transport.request(
                    "PATCH", desk.path(SECRET), what="apply it", query=query, body=body, content_type=content_type
                )

            if content_type == MERGE_PATCH:
                desk.create(SECRET)
            self.shown(write)

    def test_it_really_would_have_been_quoted(self, desk: Desk) -> None:
        """The answer itself shows it, so that the tests above prove something."""
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": SECRET.name}, "data": {"KEY": [self.VALUE]}}
        with pytest.raises(ApiException, match=self.VALUE):
            desk.cluster.request(
                "PATCH", desk.path(SECRET), body, content_type=APPLY, query={"fieldManager": "paramsync"}
            )


class TestTheFence:
    def test_once_closed_it_lets_no_write_through(self, desk: Desk, ref: TargetRef) -> None:
        desk.write(ref, {"HOST": "db.internal"})
        desk.put(ref, {"STRAY": "x"})
        live, sync = desk.read(ref), desk.sync()
        since = desk.cluster.audit_mark()
        other = TargetRef(ref.kind, "other")
        customs, events = Customs(desk.transport, desk.fence), Events(desk.transport, desk.fence, "test")

        desk.fence.close()
        writes: list[Callable[[], object]] = [
            lambda: desk.apply(ref, {"HOST": "db.example"}, live),
            lambda: desk.apply(other, {"HOST": "db.example"}, None),
            lambda: desk.targets.delete(live, desk.owner),
            lambda: customs.write_status(sync, {}),
            lambda: events.write(desk.namespace, "app", desk.owner.uid, NOTE),
        ]
        for write in writes:
            with pytest.raises(Fenced):
                write()

        assert desk.read(ref) == live
        entries = [entry for entry in desk.cluster.audit(since) if entry.user_agent == "paramsync"]
        assert [entry.verb for entry in entries] == ["get"]

    def test_it_is_asked_before_each_request(self, desk: Desk, ref: TargetRef) -> None:
        """Closed after the removal of foreign keys, it stops the apply."""
        desk.write(ref, {"HOST": "db.internal"})
        desk.put(ref, {"STRAY": "x"})

        class OnceOnly(SoleReplica):
            def check(self, namespace: str, sync: str) -> None:
                super().check(namespace, sync)
                self.close()

        targets = Targets(desk.transport, OnceOnly())
        with pytest.raises(Fenced):
            targets.apply(content(ref, {"HOST": "db.example"}), desk.read(ref), desk.owner)
        assert desk.data(ref) == {"HOST": "db.internal"}

    def test_it_is_asked_for_the_sync_that_is_written_for(self, desk: Desk, ref: TargetRef) -> None:
        """So that replicas may one day share the syncs."""
        asked: list[tuple[str, str]] = []

        class Asked(SoleReplica):
            def check(self, namespace: str, sync: str) -> None:
                asked.append((namespace, sync))

        fence = Asked()
        targets, customs = Targets(desk.transport, fence), Customs(desk.transport, fence)
        targets.apply(content(ref, {"HOST": "db.internal"}), None, desk.owner)
        desk.put(ref, {"STRAY": "x"})
        targets.apply(content(ref, {"HOST": "db.example"}), desk.read(ref), desk.owner)
        retaining = replace(desk.owner, retains=True)
        live = targets.set_owner(desk.read(ref), retaining)
        targets.delete(live, retaining)
        foreign = TargetRef(ref.kind, "foreign")
        desk.create(foreign, annotations={ADOPT_ANNOTATION: "app"})
        targets.take_over(content(foreign, {"HOST": "x"}), desk.read(foreign), desk.owner)
        customs.write_status(desk.sync(), {})
        Events(desk.transport, fence, "test").write(desk.namespace, "app", desk.owner.uid, NOTE)

        assert asked == [(desk.namespace, "app")] * 8


@pytest.mark.parametrize("motto", ["🔑", "\\ud83d\\udd11", "\u2028\x85\x7f\x9f", "\\🔑\\"], ids=ascii)
def test_every_character_arrives(desk: Desk, motto: str) -> None:
    desk.write(CONFIG_MAP, {"MOTTO": motto})
    assert desk.data(CONFIG_MAP) == {"MOTTO": motto}


def test_a_key_that_was_moved_to_binary_data_is_repaired(desk: Desk) -> None:
    desk.write(CONFIG_MAP, {"HOST": "db.internal"})
    desk.meddle(CONFIG_MAP, {"data": {"HOST": None}, "binaryData": {"HOST": "AAEC"}})
    desk.write(CONFIG_MAP, {"HOST": "db.internal"})
    assert desk.data(CONFIG_MAP) == {"HOST": "db.internal"}
