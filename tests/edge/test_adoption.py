"""Objects of somebody else's that their owners give to a sync, on a real API server, with its policies and without."""

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from paramsync.api.sync import TargetKind
from paramsync.core import unchangeable
from paramsync.core.adoption import LAST_APPLIED_ANNOTATION, adoption
from paramsync.core.objects import (
    ADOPT_ANNOTATION,
    MANAGED_BY_LABEL,
    PLAIN_KEYS_ANNOTATION,
    PROVENANCE_ANNOTATION,
    SYNC_ANNOTATION,
    Live,
    Owner,
)
from paramsync.core.ownership import conflict, is_adoption, is_ours
from paramsync.core.routing import TargetRef
from paramsync.kube.errors import Refused, Stale
from paramsync.kube.fence import Fenced, SoleReplica
from paramsync.kube.targets import Targets
from paramsync.kube.transport import Transport
from tests.cluster.cluster import Cluster
from tests.edge.policies import bound_policies
from tests.edge.test_targets import MERGE_PATCH, Data, Desk, Json, content, managers
from tests.unit.builders import CONFIG_MAP, SECRET, config_map_content

GIVEN = {ADOPT_ANNOTATION: "app"}
THEIRS = {"HOST": "same", "PORT": "old", "SURPLUS": "old"}
OURS = {"HOST": "same", "PORT": "new", "USER": "new"}


def sync(cluster: Cluster, namespace: str, name: str = "app") -> Owner:
    """A sync that is really there: the garbage collector would take what is owned by a uid that nobody has."""
    body = {
        "apiVersion": "paramsync.dev/v1alpha1",
        "kind": "ParameterSync",
        "metadata": {"name": name},
        "spec": {"sources": [{"path": "/prod/pay"}]},
    }
    made = cluster.request("POST", f"/apis/paramsync.dev/v1alpha1/namespaces/{namespace}/parametersyncs", body)
    return Owner(name, made["metadata"]["uid"], namespace)


@pytest.fixture(scope="module")
def admin(cluster: Cluster) -> Iterator[Transport]:
    with cluster.api() as client:
        yield Transport(client)


@pytest.fixture(scope="module")
def account(cluster: Cluster) -> Iterator[Transport]:
    """The operator's account, which the admission policies bind."""
    with (
        cluster.namespace("operator") as home,
        bound_policies(cluster, home) as kubeconfig,
        cluster.api(kubeconfig) as client,
    ):
        yield Transport(client)


def at_desk(cluster: Cluster, namespace: str, transport: Transport) -> Desk:
    fence = SoleReplica()
    return Desk(cluster, namespace, transport, fence, Targets(transport, fence), sync(cluster, namespace))


@pytest.fixture
def desk(request: pytest.FixtureRequest, cluster: Cluster, namespace: str) -> Desk:
    """As admin, unless a test asks for an account."""
    return at_desk(cluster, namespace, request.getfixturevalue(getattr(request, "param", "admin")))


with_policies_and_without = pytest.mark.parametrize(
    "desk", ["admin", "account"], ids=["without policies", "with policies"], indirect=True
)


@pytest.fixture(params=[SECRET, CONFIG_MAP], ids=str)
def ref(request: pytest.FixtureRequest) -> TargetRef:
    found: TargetRef = request.param
    return found


class Interrupted(SoleReplica):
    """Ends the process, as it were, after so many writes."""

    def __init__(self, writes: int) -> None:
        super().__init__()
        self._left = writes

    def check(self, _namespace: str, _sync: str) -> None:
        if self._left == 0:
            raise Fenced("the operator is gone")
        self._left -= 1


MAKERS: dict[str, tuple[list[str], ...]] = {
    "kubectl create": (["create"],),
    "kubectl apply": (["apply"], ["apply"]),
    "kubectl apply --server-side": (["apply", "--server-side"],),
    "two who share every key": (["create"], ["apply", "--server-side", "--force-conflicts", "--field-manager=ci"]),
    "one of our name": (["apply", "--server-side", "--field-manager=paramsync"],),
}
"""How an object came about: whoever owns a key keeps it alive when we drop it."""


def made_by(desk: Desk, ref: TargetRef, maker: str) -> Live:
    """Somebody else makes an object with kubectl and gives it to the sync."""
    encoded = {key: base64.b64encode(text.encode()).decode() for key, text in THEIRS.items()}
    manifest = {
        "apiVersion": "v1",
        "kind": ref.kind,
        "metadata": {"name": ref.name, "labels": {"team": "pay"}, "annotations": {"reloader": "on"}},
        "data": encoded if ref.kind is TargetKind.SECRET else THEIRS,
    }
    for command in MAKERS[maker]:
        desk.cluster.kubectl(*command, f"--namespace={desk.namespace}", "-f", "-", input=json.dumps(manifest))
    giving = ["annotate", f"{ref.kind}/{ref.name}", f"{ADOPT_ANNOTATION}=app", f"--namespace={desk.namespace}"]
    desk.cluster.kubectl(*giving)
    return desk.read(ref)


def given(desk: Desk, ref: TargetRef, data: Data = THEIRS, *, to: str = "app", **metadata: object) -> Live:
    """Somebody else makes an object and gives it to a sync."""
    desk.create(ref, data=data, annotations={ADOPT_ANNOTATION: to}, **metadata)
    return desk.read(ref)


def keep(desk: Desk, ref: TargetRef, data: Data, live: Live | None = None, targets: Targets | None = None) -> None:
    """Make an object hold this as the operator does, as it was read before or is read now."""
    targets, live, made = targets or desk.targets, live or desk.read(ref), content(ref, data)
    if is_adoption(live, desk.owner):
        live = targets.take_over(made, live, desk.owner)
    targets.apply(made, live, desk.owner)


def seen_keys(desk: Desk, ref: TargetRef, since: Live) -> list[set[str]]:
    """What keys a reader saw, write by write."""
    path, _, _ = desk.path(ref).rpartition("/")
    query = {"watch": "1", "resourceVersion": since.resource_version, "timeoutSeconds": "1"}
    answer = desk.cluster.request("GET", path, query={**query, "fieldSelector": f"metadata.name={ref.name}"})
    events = [answer] if isinstance(answer, dict) else [json.loads(line) for line in answer.splitlines()]
    return [{*event["object"].get("data", {}), *event["object"].get("binaryData", {})} for event in events]


@with_policies_and_without
class TestTakingOver:
    @pytest.mark.parametrize("maker", MAKERS)
    def test_the_object_is_ours_alone_whoever_made_it(self, desk: Desk, ref: TargetRef, maker: str) -> None:
        before = made_by(desk, ref, maker)
        assert conflict(before, desk.owner) is None

        keep(desk, ref, OURS, before)

        found = desk.found(ref)
        assert desk.data(ref) == OURS
        assert found["metadata"]["uid"] == before.uid
        assert [each["uid"] for each in found["metadata"]["ownerReferences"]] == [desk.owner.uid]
        assert managers(found, "f:data") == {("paramsync", "Apply")}

        keep(desk, ref, {"PORT": "new"})

        assert desk.data(ref) == {"PORT": "new"}, "what is dropped later goes"

    def test_labels_and_annotations_of_others_stay_but_for_those_that_are_true_no_more(
        self, desk: Desk, ref: TargetRef
    ) -> None:
        before = made_by(desk, ref, "kubectl apply")
        assert "old" in before.annotations[LAST_APPLIED_ANNOTATION] or ref == SECRET

        keep(desk, ref, OURS, before)

        metadata = desk.found(ref)["metadata"]
        ours = content(ref, OURS).annotations
        assert metadata["labels"] == {"team": "pay", MANAGED_BY_LABEL: "paramsync"}
        assert metadata["annotations"] == {"reloader": "on", **ours}

    def test_two_requests_change_it_and_nothing_is_deleted(self, desk: Desk, ref: TargetRef) -> None:
        before = given(desk, ref)
        since = desk.cluster.audit_mark()

        keep(desk, ref, OURS, before)

        entries = [each for each in desk.cluster.audit(since) if each.target.namespace == desk.namespace]
        assert [each.verb for each in entries if each.user_agent == "paramsync"] == ["patch", "patch"]
        assert seen_keys(desk, ref, before) == [{"HOST", "PORT"}, {"HOST", "PORT", "USER"}]

    def test_a_second_write_of_the_same_changes_nothing(self, desk: Desk, ref: TargetRef) -> None:
        keep(desk, ref, OURS, given(desk, ref))
        before = desk.found(ref)
        assert not is_adoption(desk.read(ref), desk.owner)

        keep(desk, ref, OURS)

        assert desk.found(ref) == before

    def test_an_object_without_any_key(self, desk: Desk, ref: TargetRef) -> None:
        keep(desk, ref, OURS, given(desk, ref, {}))
        assert desk.data(ref) == OURS

    def test_binary_keys_that_stay_are_never_missing(self, desk: Desk) -> None:
        desk.create(CONFIG_MAP, data={"PORT": "old"}, annotations=GIVEN)
        desk.meddle(CONFIG_MAP, {"binaryData": {"HOST": "AAEC", "SURPLUS": "AAEC"}})
        before = desk.read(CONFIG_MAP)

        keep(desk, CONFIG_MAP, OURS, before)

        found = desk.found(CONFIG_MAP)
        assert found["data"] == OURS
        assert "binaryData" not in found
        assert seen_keys(desk, CONFIG_MAP, before) == [{"HOST", "PORT"}, {"HOST", "PORT", "USER"}]
        keep(desk, CONFIG_MAP, {"PORT": "new"})
        assert desk.data(CONFIG_MAP) == {"PORT": "new"}

    def test_references_to_owners_that_control_nothing_stay(self, desk: Desk, ref: TargetRef) -> None:
        other = {"apiVersion": "v1", "kind": "Namespace", "name": desk.namespace}
        other["uid"] = desk.cluster.request("GET", f"/api/v1/namespaces/{desk.namespace}")["metadata"]["uid"]
        keep(desk, ref, OURS, given(desk, ref, ownerReferences=[other]))

        owners = {each["uid"]: each.get("controller") for each in desk.found(ref)["metadata"]["ownerReferences"]}
        assert owners == {other["uid"]: None, desk.owner.uid: True}

    def test_what_another_sync_left_behind(self, desk: Desk, ref: TargetRef) -> None:
        other = sync(desk.cluster, desk.namespace, "other")
        made = content(ref, THEIRS)
        theirs = replace(made, annotations={**made.annotations, SYNC_ANNOTATION: "other"})
        desk.targets.apply(theirs, None, other)
        desk.meddle(ref, {"metadata": {"ownerReferences": None}})
        left = desk.read(ref)
        assert is_ours(left, other)
        problem = conflict(left, desk.owner)
        assert problem is not None
        assert "another ParameterSync made it" in problem.message

        desk.meddle(ref, {"metadata": {"annotations": GIVEN}})
        keep(desk, ref, OURS)

        live = desk.read(ref)
        assert desk.data(ref) == OURS
        assert is_ours(live, desk.owner)
        assert not is_ours(live, other)
        assert managers(desk.found(ref), "f:data") == {("paramsync", "Apply")}


@with_policies_and_without
class TestInterrupted:
    def test_between_the_patch_and_the_apply(self, desk: Desk, ref: TargetRef) -> None:
        before = made_by(desk, ref, "kubectl apply")
        targets = Targets(desk.transport, Interrupted(writes=1))
        with pytest.raises(Fenced):
            keep(desk, ref, OURS, before, targets)

        between = desk.read(ref)
        assert desk.data(ref) == {"HOST": "same", "PORT": "old"}, "what stays has its value all the time"
        assert is_ours(between, desk.owner)
        assert conflict(between, desk.owner) is None
        assert is_adoption(between, desk.owner), "the next run takes it over again"
        assert between.annotations[SYNC_ANNOTATION] == "app"
        assert not {ADOPT_ANNOTATION, LAST_APPLIED_ANNOTATION, PROVENANCE_ANNOTATION} & between.annotations.keys()
        if ref.kind is TargetKind.CONFIG_MAP:
            assert between.annotations[PLAIN_KEYS_ANNOTATION] == "HOST=String PORT=String"

        keep(desk, ref, {"PORT": "newer", "USER": "new"})

        assert desk.data(ref) == {"PORT": "newer", "USER": "new"}
        assert managers(desk.found(ref), "f:data") == {("paramsync", "Apply")}
        keep(desk, ref, {"USER": "new"})
        assert desk.data(ref) == {"USER": "new"}

    def test_before_the_patch(self, desk: Desk, ref: TargetRef) -> None:
        before = given(desk, ref)
        found = desk.found(ref)
        with pytest.raises(Fenced):
            keep(desk, ref, OURS, before, Targets(desk.transport, Interrupted(writes=0)))
        assert desk.found(ref) == found


class TestWhatWasReadIsAPrecondition:
    @pytest.mark.parametrize(
        "change",
        [
            {"metadata": {"annotations": {ADOPT_ANNOTATION: None}}},
            {"metadata": {"labels": {MANAGED_BY_LABEL: "Helm"}}},
            {"data": {"SURPLUS": None}},
        ],
        ids=["taken back", "tracked now", "edited"],
    )
    def test_a_change_since_is_left_alone(self, desk: Desk, ref: TargetRef, change: Mapping[str, object]) -> None:
        before = given(desk, ref)
        desk.meddle(ref, change)
        found = desk.found(ref)

        with pytest.raises(Stale):
            keep(desk, ref, OURS, before)

        assert desk.found(ref) == found

    def test_one_that_was_made_anew_is_left_alone(self, desk: Desk, ref: TargetRef) -> None:
        before = given(desk, ref)
        desk.remove(ref)
        found = desk.create(ref, data=THEIRS)

        with pytest.raises(Stale):
            keep(desk, ref, OURS, before)

        assert desk.found(ref) == found

    def test_one_that_went_is_not_made_by_taking_it_over(self, desk: Desk, ref: TargetRef) -> None:
        before = given(desk, ref)
        desk.remove(ref)

        with pytest.raises(Stale):
            keep(desk, ref, OURS, before)

        assert desk.targets.get(ref, desk.namespace, values=True) is None

    def test_a_change_between_the_patch_and_the_apply(self, desk: Desk, ref: TargetRef) -> None:
        before = given(desk, ref)

        class Meddled(SoleReplica):
            writes = 0

            def check(self, _namespace: str, _sync: str) -> None:
                self.writes += 1
                if self.writes == 2:
                    desk.meddle(ref, {"metadata": {"labels": {"team": "pay"}}})

        with pytest.raises(Stale):
            keep(desk, ref, OURS, before, Targets(desk.transport, Meddled()))
        assert desk.data(ref) == {"HOST": "same", "PORT": "old"}

        keep(desk, ref, OURS)
        assert desk.data(ref) == OURS


class TestWhatIsNotTakenOver:
    def test_an_immutable_object_cannot_be(self, desk: Desk, ref: TargetRef) -> None:
        given(desk, ref)
        desk.meddle(ref, {"immutable": True})
        found, live = desk.found(ref), desk.read(ref)
        (problem,) = unchangeable.problems([adoption(ref, live, {})], [content(ref, OURS)], desk.owner)
        assert "is immutable" in problem.message

        with pytest.raises(Refused, match="Invalid, at data"):
            keep(desk, ref, OURS, live)
        assert desk.found(ref) == found, "it is refused as a whole: nothing of it is ours"

    def test_two_controllers_are_refused(self, desk: Desk, ref: TargetRef) -> None:
        controller = {"apiVersion": "paramsync.dev/v1alpha1", "kind": "ParameterSync", "controller": True}
        other = sync(desk.cluster, desk.namespace, "other")
        owners = [{**controller, "name": other.name, "uid": other.uid}]
        live = given(desk, ref, {"HOST": "old"}, ownerReferences=owners)
        found = desk.found(ref)
        problem = conflict(live, desk.owner)
        assert problem is not None
        assert "ParameterSync other controls it, and an object has one controller at most" in problem.message

        with pytest.raises(Refused, match=r"Invalid, at metadata\.ownerReferences"):
            keep(desk, ref, OURS, live)
        assert desk.found(ref) == found

    @pytest.mark.parametrize("to", ["other", ""])
    def test_the_policies_refuse_what_is_given_to_another_sync(
        self, cluster: Cluster, namespace: str, account: Transport, ref: TargetRef, to: str
    ) -> None:
        desk = at_desk(cluster, namespace, account)
        live = given(desk, ref, to=to)
        found = desk.found(ref)
        assert not is_adoption(live, desk.owner)
        assert conflict(live, desk.owner) is not None

        with pytest.raises(Refused, match=r"Forbidden, operator-.*[.]paramsync-targets"):
            keep(desk, ref, OURS, live)
        assert desk.found(ref) == found


ROUNDS = 60
BOTH = 3
"""At least so many wins for each side: a race that always ends the same way is none."""


class TestTwoSyncsNeverShareATarget:
    """Without a lock in the process: what was read is a precondition of every write."""

    @pytest.mark.parametrize("surplus", [False, True], ids=["apply", "merge patch and apply"])
    def test_a_stale_sight_of_one_object_writes_nothing(self, desk: Desk, ref: TargetRef, surplus: bool) -> None:
        """What a deleted sync left is its successor's by name; the old one may still be about to write it."""
        old = Owner("app", sync(desk.cluster, desk.namespace, "old").uid, desk.namespace)
        desk.write(ref, {"HOST": "same"})
        desk.meddle(ref, {"metadata": {"ownerReferences": None}})
        if surplus:
            desk.put(ref, {"STRAY": "x"})
        sights = [desk.read(ref), desk.read(ref)]
        assert is_ours(sights[0], desk.owner)
        assert is_ours(sights[1], old)

        desk.targets.apply(content(ref, OURS), sights[0], desk.owner)
        found = desk.found(ref)
        with pytest.raises(Stale):
            desk.targets.apply(content(ref, THEIRS), sights[1], old)

        assert desk.found(ref) == found
        assert conflict(desk.read(ref), old) is not None

    @pytest.mark.parametrize("there", ["absent", "given", "left behind"])
    def test_whoever_writes_first_has_it(self, cluster: Cluster, namespace: str, there: str) -> None:
        refs = [TargetRef(TargetKind.CONFIG_MAP, f"race-{number}") for number in range(ROUNDS)]
        racers = (sync(cluster, namespace), sync(cluster, namespace, "other"))
        if there != "absent":
            # One name, two uids: a sync that was made again, and a late write of its predecessor.
            racers = (racers[0], Owner("app", racers[1].uid, namespace))
        marks: Json = {
            "given": {"annotations": GIVEN},
            "left behind": {"annotations": {SYNC_ANNOTATION: "app"}, "labels": {MANAGED_BY_LABEL: "paramsync"}},
        }
        config_maps = f"/api/v1/namespaces/{namespace}/configmaps"
        for ref in refs if there in marks else ():
            # What the predecessor wins would be collected, were it not held.
            metadata = {"name": ref.name, "finalizers": ["example.org/hold"], **marks[there]}
            cluster.request("POST", config_maps, {"metadata": metadata, "data": THEIRS})
        start = threading.Barrier(2)

        def race(racer: Owner, key: str) -> list[bool]:
            with cluster.api() as client:
                targets = Targets(Transport(client), SoleReplica())
                return [wins(targets, ref, racer, key) for ref in refs]

        def wins(targets: Targets, ref: TargetRef, racer: Owner, key: str) -> bool:
            start.wait(timeout=30)
            live = targets.get(ref, namespace, values=True)
            if live is not None and conflict(live, racer) is not None:
                return False
            made = config_map_content({key: "x"}, ref=ref)
            try:
                if live is not None and is_adoption(live, racer):
                    live = targets.take_over(made, live, racer)
                targets.apply(made, live, racer)
            except Stale:
                return False
            return True

        try:
            with ThreadPoolExecutor(2) as threads:
                races = [
                    threads.submit(race, racer, key) for racer, key in zip(racers, ("FIRST", "SECOND"), strict=True)
                ]
                first, second = (each.result() for each in races)
            found = {each["metadata"]["name"]: each for each in cluster.request("GET", config_maps)["items"]}
        finally:
            for ref in refs if there in marks else ():
                free = {"metadata": {"finalizers": None}}
                cluster.request("PATCH", f"{config_maps}/{ref.name}", free, content_type=MERGE_PATCH)

        for ref, first_won, second_won in zip(refs, first, second, strict=True):
            assert first_won is not second_won
            live = found[ref.name]
            assert live["data"] == {"FIRST" if first_won else "SECOND": "x"}
            assert [each["uid"] for each in live["metadata"]["ownerReferences"]] == [racers[not first_won].uid]
        assert BOTH <= sum(first) <= ROUNDS - BOTH, "one side always won: nothing was raced"
