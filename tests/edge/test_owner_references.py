"""The owner reference of a target on a real API server: added and removed by metadata alone, as often as one likes."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from kubernetes.client import ApiClient
from kubernetes.client.exceptions import ForbiddenException

from paramsync.core.deletion import follows_policy
from paramsync.core.drift import is_intact
from paramsync.core.objects import MANAGED_BY_LABEL, SYNC_ANNOTATION, Live, Owner
from paramsync.core.ownership import is_ours
from paramsync.core.routing import TargetRef
from paramsync.kube.encoding import apply_body
from paramsync.kube.errors import Refused, Stale
from paramsync.kube.fence import Fenced, SoleReplica
from paramsync.kube.targets import Targets
from paramsync.kube.transport import APPLY, STRATEGIC_MERGE_PATCH, Transport
from tests.cluster.access import request
from tests.cluster.cluster import Cluster
from tests.cluster.waiting import wait_until
from tests.edge.test_targets import PLURALS, Data, Desk, Json, content, managers
from tests.unit.builders import CONFIG_MAP, SECRET

ONE = {"HOST": "db.internal", "PORT": "5432"}
ROUNDS = 3


@pytest.fixture(scope="module")
def client(cluster: Cluster) -> Iterator[ApiClient]:
    with cluster.api() as made:
        yield made


@pytest.fixture
def desk(cluster: Cluster, namespace: str, client: ApiClient) -> Desk:
    return at_work(cluster, namespace, client)


@pytest.fixture(params=[SECRET, CONFIG_MAP], ids=str)
def ref(request: pytest.FixtureRequest) -> TargetRef:
    found: TargetRef = request.param
    return found


def at_work(cluster: Cluster, namespace: str, client: ApiClient) -> Desk:
    """The operator's hands, with this client."""
    body = {
        "apiVersion": "paramsync.dev/v1alpha1",
        "kind": "ParameterSync",
        "metadata": {"name": "app"},
        "spec": {"sources": [{"path": "/prod/pay"}]},
    }
    sync = cluster.request("POST", f"/apis/paramsync.dev/v1alpha1/namespaces/{namespace}/parametersyncs", body)
    transport, fence = Transport(client), SoleReplica()
    owner = Owner("app", sync["metadata"]["uid"], namespace)
    return Desk(cluster, namespace, transport, fence, Targets(transport, fence), owner)


def under(desk: Desk, *, retain: bool) -> Owner:
    return replace(desk.owner, retains=retain)


def write(desk: Desk, ref: TargetRef, data: Data, *, retain: bool) -> None:
    """What a reconcile does: nothing to a target that is intact."""
    live, owner = desk.targets.get(ref, desk.namespace, values=True), under(desk, retain=retain)
    if is_intact(content(ref, data), live, None, owner):
        return
    if live is not None and retain and not follows_policy(live, owner):
        live = desk.targets.set_owner(live, owner)
    desk.targets.apply(content(ref, data), live, owner)


def switch(desk: Desk, ref: TargetRef, *, retain: bool) -> Live:
    """A change of the policy: by metadata alone."""
    live = desk.targets.get(ref, desk.namespace, values=False)
    assert live is not None
    return desk.targets.set_owner(live, under(desk, retain=retain))


def references(desk: Desk, ref: TargetRef) -> list[Json]:
    found: list[Json] = desk.found(ref)["metadata"].get("ownerReferences", [])
    return found


def ours(desk: Desk) -> Json:
    return {
        "apiVersion": "paramsync.dev/v1alpha1",
        "kind": "ParameterSync",
        "name": "app",
        "uid": desk.owner.uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }


def theirs(desk: Desk) -> Json:
    """The reference to another object, which somebody has added."""
    other = desk.create(TargetRef(CONFIG_MAP.kind, "other"))
    return {"apiVersion": "v1", "kind": "ConfigMap", "name": "other", "uid": other["metadata"]["uid"]}


class TestRetain:
    def test_a_target_is_made_without_an_owner(self, desk: Desk, ref: TargetRef) -> None:
        write(desk, ref, ONE, retain=True)

        metadata = desk.found(ref)["metadata"]
        assert "ownerReferences" not in metadata
        assert metadata["labels"] == {MANAGED_BY_LABEL: "paramsync"}
        assert metadata["annotations"][SYNC_ANNOTATION] == "app"
        assert is_ours(desk.read(ref), desk.owner)

    @pytest.mark.parametrize("retain", [False, True], ids=["to Delete", "to Retain"])
    def test_a_change_leaves_all_else_as_it_is(self, desk: Desk, ref: TargetRef, retain: bool) -> None:
        write(desk, ref, ONE, retain=not retain)
        before = desk.found(ref)

        changed = switch(desk, ref, retain=retain)

        after = desk.found(ref)
        assert after["metadata"].get("ownerReferences", []) == ([] if retain else [ours(desk)])
        assert after["data"] == before["data"]
        for part in ("labels", "annotations", "uid"):
            assert after["metadata"][part] == before["metadata"][part]
        assert changed == desk.targets.get(ref, desk.namespace, values=False)

    def test_no_value_is_sent_or_answered(self, desk: Desk, ref: TargetRef) -> None:
        write(desk, ref, ONE, retain=False)

        class Recording(Transport):
            bodies: list[bytes] = []  # noqa: RUF012  (of this one test)

            def request(self, *args: object, **options: object) -> bytes:
                answer = super().request(*args, **options)  # type: ignore[arg-type]
                self.bodies += [answer, repr(options.get("body")).encode()]
                return answer

        with desk.cluster.api() as client:
            transport = Recording(client)
            switch(replace(desk, targets=Targets(transport, SoleReplica())), ref, retain=True)
        assert len(transport.bodies) == 4
        values = (b"db.internal", b"ZGIuaW50ZXJuYWw", b"5432", b"NTQzMg")
        assert [value for value in values if any(value in body for body in transport.bodies)] == []

    def test_to_and_fro_and_every_write_still_does_what_it_should(self, desk: Desk, ref: TargetRef) -> None:
        write(desk, ref, ONE, retain=False)
        for number in range(ROUNDS):
            for retain in (True, False):
                switch(desk, ref, retain=retain)
                stable = desk.found(ref)
                owner, data = under(desk, retain=retain), desk.data(ref)
                assert is_intact(content(ref, data), desk.read(ref), None, owner)
                write(desk, ref, data, retain=retain)
                assert desk.found(ref) == stable, "an unchanged pass writes nothing"

                for data in ({"HOST": str(number), "NEW": "x"}, {"HOST": str(number)}):
                    write(desk, ref, data, retain=retain)
                    assert desk.data(ref) == data, "a dropped key goes"
                    assert references(desk, ref) == ([] if retain else [ours(desk)])
                desk.put(ref, {"HOST": "drifted", "STRAY": "x"})
                write(desk, ref, data, retain=retain)
                assert desk.data(ref) == data
                assert managers(desk.found(ref), "f:data") == {("paramsync", "Apply")}

    def test_an_apply_alone_would_not_remove_what_the_patch_has_added(self, desk: Desk, ref: TargetRef) -> None:
        """Why the reference of an object that exists is always changed by the patch."""
        write(desk, ref, ONE, retain=True)
        switch(desk, ref, retain=False)
        write(desk, ref, {"HOST": "new"}, retain=False)
        assert managers(desk.found(ref), "f:metadata") == {("paramsync", "Apply"), ("paramsync", "Update")}

        body = apply_body(content(ref, ONE), desk.read(ref), under(desk, retain=True))
        query = {"fieldManager": "paramsync", "force": "true"}
        desk.cluster.request("PATCH", desk.path(ref), body, content_type=APPLY, query=query)
        assert references(desk, ref) == [ours(desk)]

        switch(desk, ref, retain=True)
        assert references(desk, ref) == []
        assert managers(desk.found(ref), "f:metadata") == {("paramsync", "Apply")}

    def test_owner_references_of_others_stay(self, desk: Desk, ref: TargetRef) -> None:
        write(desk, ref, ONE, retain=False)
        other = theirs(desk)
        desk.meddle(ref, {"metadata": {"ownerReferences": [*references(desk, ref), other]}})

        for _ in range(ROUNDS):
            switch(desk, ref, retain=True)
            write(desk, ref, {"HOST": "1"}, retain=True)
            assert references(desk, ref) == [other]
            switch(desk, ref, retain=False)
            write(desk, ref, {"HOST": "2"}, retain=False)
            assert sorted(references(desk, ref), key=str) == sorted([other, ours(desk)], key=str)

    @pytest.mark.parametrize("retain", [False, True], ids=["to Delete", "to Retain"])
    def test_a_reference_that_does_not_control(self, desk: Desk, ref: TargetRef, retain: bool) -> None:
        write(desk, ref, ONE, retain=False)
        desk.meddle(ref, {"metadata": {"ownerReferences": [{**ours(desk), "controller": None}]}})
        assert not follows_policy(desk.read(ref), under(desk, retain=retain))

        switch(desk, ref, retain=retain)

        assert references(desk, ref) == ([] if retain else [ours(desk)])

    @pytest.mark.parametrize(
        "damage", [{"labels": None}, {"annotations": None}, {"labels": {MANAGED_BY_LABEL: "Helm"}}], ids=str
    )
    def test_the_marks_are_back_when_the_reference_goes(
        self, desk: Desk, ref: TargetRef, damage: Mapping[str, object]
    ) -> None:
        """Without them the target would be nobody's."""
        write(desk, ref, ONE, retain=False)
        desk.meddle(ref, {"metadata": damage})

        switch(desk, ref, retain=True)

        assert is_ours(desk.read(ref), desk.owner)
        write(desk, ref, ONE, retain=True)
        assert desk.data(ref) == ONE

    def test_an_immutable_target_too(self, desk: Desk, ref: TargetRef) -> None:
        write(desk, ref, ONE, retain=False)
        desk.meddle(ref, {"immutable": True})

        switch(desk, ref, retain=True)

        assert references(desk, ref) == []


class TestWhatWasReadIsAPrecondition:
    def test_a_change_since(self, desk: Desk, ref: TargetRef) -> None:
        write(desk, ref, ONE, retain=False)
        live = desk.read(ref)
        desk.put(ref, {"HOST": "changed"})
        before = desk.found(ref)

        with pytest.raises(Stale):
            desk.targets.set_owner(live, under(desk, retain=True))
        assert desk.found(ref) == before

    def test_one_that_was_made_anew(self, desk: Desk, ref: TargetRef) -> None:
        write(desk, ref, ONE, retain=True)
        live = desk.read(ref)
        desk.remove(ref)
        before = desk.create(ref, data={"HOST": "theirs"})

        for old in (live, replace(live, resource_version=before["metadata"]["resourceVersion"])):
            with pytest.raises(Stale):
                desk.targets.set_owner(old, under(desk, retain=False))
        assert desk.found(ref) == before

    def test_one_that_is_gone_is_not_made(self, desk: Desk, ref: TargetRef) -> None:
        write(desk, ref, ONE, retain=False)
        live = desk.read(ref)
        desk.remove(ref)

        with pytest.raises(Stale):
            desk.targets.set_owner(live, under(desk, retain=True))
        assert desk.targets.get(ref, desk.namespace, values=False) is None

    def test_the_fence(self, desk: Desk, ref: TargetRef) -> None:
        write(desk, ref, ONE, retain=False)
        before = desk.found(ref)
        desk.fence.close()

        with pytest.raises(Fenced):
            switch(desk, ref, retain=True)
        assert desk.found(ref) == before


class TestTheGarbageCollector:
    def delete_the_sync(self, desk: Desk, propagation: str = "Background") -> None:
        path = f"/apis/paramsync.dev/v1alpha1/namespaces/{desk.namespace}/parametersyncs/app"
        desk.cluster.request("DELETE", path, {"propagationPolicy": propagation})
        desk.cluster.wait_for_absence(path)

    @pytest.mark.parametrize("propagation", ["Background", "Foreground"])
    def test_it_takes_what_is_not_retained(self, desk: Desk, propagation: str) -> None:
        kept, going = SECRET, CONFIG_MAP
        for ref in (kept, going):
            write(desk, ref, ONE, retain=ref == going)
            switch(desk, ref, retain=ref == kept)
        before = desk.found(kept)

        self.delete_the_sync(desk, propagation)

        desk.cluster.wait_for_absence(desk.path(going))
        assert desk.found(kept) == before


class TestTheOperatorsAccount:
    """With the operator's rights, the admission policies, and OwnerReferencesPermissionEnforcement."""

    def test_it_may(self, cluster: Cluster, bound: ApiClient, namespace: str, ref: TargetRef) -> None:
        desk = at_work(cluster, namespace, bound)
        write(desk, ref, ONE, retain=False)
        for _ in range(ROUNDS):
            for retain in (True, False):
                switch(desk, ref, retain=retain)
                write(desk, ref, {"HOST": str(retain)}, retain=retain)
                assert references(desk, ref) == ([] if retain else [ours(desk)])
        desk.meddle(ref, {"metadata": {"labels": None}})
        switch(desk, ref, retain=True)
        assert is_ours(desk.read(ref), desk.owner)

    def test_who_may_not_delete_a_target_may_not_tie_it_to_an_owner(
        self, cluster: Cluster, namespace: str, desk: Desk, ref: TargetRef
    ) -> None:
        write(desk, ref, ONE, retain=True)
        allow(cluster, namespace, ref, "get", "patch")
        with cluster.api(cluster.kubeconfig_for("default", namespace)) as powerless:
            wait_until(lambda: may_patch(powerless, desk.path(ref)), "the role takes effect")
            hands = replace(desk, targets=Targets(Transport(powerless), SoleReplica()))
            with pytest.raises(Refused, match=r"change the owner reference of .*Forbidden"):
                switch(hands, ref, retain=False)
        assert references(desk, ref) == []


def allow(cluster: Cluster, namespace: str, ref: TargetRef, *verbs: str) -> None:
    """Let the default account of a namespace do this with the objects of a kind."""
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    rule = {"apiGroups": [""], "resources": [PLURALS[ref.kind]], "verbs": list(verbs)}
    cluster.request("POST", f"{rbac}/roles", {"metadata": {"name": "few"}, "rules": [rule]})
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "few"}
    subject = {"kind": "ServiceAccount", "name": "default", "namespace": namespace}
    binding = {"metadata": {"name": "few"}, "roleRef": role, "subjects": [subject]}
    cluster.request("POST", f"{rbac}/rolebindings", binding)


def may_patch(client: ApiClient, path: str) -> bool:
    try:
        request(client, "PATCH", path, {}, content_type=STRATEGIC_MERGE_PATCH, query={"dryRun": "All"})
    except ForbiddenException:
        return False
    return True
