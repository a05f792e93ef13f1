"""With one of its rules broken, the operator is refused by the API server, and says so.

It runs with the rights of its account alone, and with the policies that are shipped. What a rule would have
stopped is stopped by a policy: nothing of others is changed, no secure value leaves its Secret, and status names
the policy.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.aws.emulator import Emulator
from tests.aws.proxy import Proxy
from tests.cluster.cluster import AccountKubeconfig, Cluster
from tests.e2e.scene import SOON, STALLED, Json, Scene, conditions, message
from tests.edge.policies import refusals, release
from tests.running import canaries
from tests.running.canaries import Canary
from tests.running.objects import BASE, Syncs
from tests.running.operator import as_a_user, module, run_operator

ROOT = Path(__file__).parents[2]
SLOW = "5m"
THEIRS = {"data": {"PLAIN": "dGhlaXJz"}}


@dataclass(frozen=True)
class Place:
    """Where operators are run with a broken rule, under the account of a namespace `home`."""

    cluster: Cluster
    home: str
    kubeconfig: AccountKubeconfig
    emulator: Emulator
    proxy: Proxy
    syncs: Syncs
    directory: Path

    @contextmanager
    def running(self, *broken: str) -> Iterator[Scene]:
        """An operator, with a broken rule or without."""
        # A ParameterStore has no endpoint.
        environment = {f"AWS_ENDPOINT_URL_{service}": self.proxy.url for service in ("SSM", "STS")}
        start = module("tests.running.sabotaged", *broken) if broken else as_a_user
        with run_operator(
            self.kubeconfig,
            self.directory,
            endpoint=self.proxy.url,
            environment={**environment, "PYTHONPATH": str(ROOT)},
            start=start,
        ) as operator:
            yield Scene(self.emulator, self.proxy, operator, self.syncs)

    def wait_refused(self, sync: str, policy: str) -> str:
        """Wait until a sync says that a policy refused it; return what it says."""
        found = self.syncs.wait_reason(sync, "ClusterRefused", SOON)
        assert conditions(found) == STALLED
        text = message(found)
        assert f"the API server refuses (Forbidden, {release(self.home)}-{policy})" in text
        return text

    def refusals(self, since: int) -> set[tuple[int, str, str, str]]:
        """What the operator was refused in the syncs' namespace since a mark of the audit log."""
        return refusals(self.cluster, self.home, self.syncs.namespace, since)

    def foreign(self, kind: str, name: str) -> Json:
        """Somebody makes an object; return it."""
        collection, _, _ = self.syncs.target_path(kind, name).rpartition("/")
        made: Json = self.cluster.request("POST", collection, {"metadata": {"name": name}, **THEIRS})
        return made


@pytest.fixture
def place(
    cluster: Cluster,
    home: str,
    bound_kubeconfig: AccountKubeconfig,
    ssm: Emulator,
    proxy: Proxy,
    syncs: Syncs,
    tmp_path: Path,
) -> Place:
    return Place(cluster, home, bound_kubeconfig, ssm, proxy, syncs, tmp_path)


def test_a_secure_value_that_is_routed_into_a_config_map(place: Place) -> None:
    added, new = Canary.of("added", "{}{}"), Canary.of("new", "postgres://user:{}@db/{}")
    revision, mark = canaries.etcd_revision(place.cluster), place.cluster.audit_mark()
    with place.running() as scene:
        scene.put("app/host", "db.internal")
        scene.synced(interval=SLOW)
        before = place.syncs.target("ConfigMap", "app")
    with place.running("routing") as scene:
        scene.put("app/password", added.value, "SecureString")
        scene.put("other/url", new.value, "SecureString")
        place.syncs.create("other", scene.path("other"), interval=SLOW)
        place.syncs.annotate("app", refresh="1")

        said = [place.wait_refused(name, "configmaps") for name in ("other", "app")]

    assert place.syncs.target("ConfigMap", "app") == before
    assert place.syncs.target("ConfigMap", "other") is None
    assert "apply ConfigMap other" in said[0]
    assert {refusal[:3] for refusal in place.refusals(mark)} == {(403, "patch", "configmaps")}
    assert_no_secret_escaped(place, revision, [added, new])


def assert_no_secret_escaped(place: Place, revision: int, secrets: Sequence[Canary]) -> None:
    """The values were in the data of Secrets and nowhere else."""
    # Not in the audit log: it has the bodies of what was refused, and here those hold the values.
    searched = [
        *canaries.etcd_places(place.cluster, revision),
        *canaries.file_places(place.directory),
    ]
    assert [str(found) for found in canaries.find_canaries(searched, secrets)] == []
    stored = [
        canaries.split_secret(value)[1]
        for key, _, value in canaries.etcd_writes(place.cluster, revision)
        if key.encode().startswith(canaries.SECRETS) and value
    ]
    assert all(any(each.value.encode() in data for data in stored) for each in secrets)


def test_objects_of_others_that_are_taken_for_its_own(place: Place) -> None:
    mark = place.cluster.audit_mark()
    before = [place.foreign(kind, "taken") for kind in ("Secret", "ConfigMap")]
    with place.running("ownership") as scene:
        scene.put("taken/password", "hunter2", "SecureString")
        scene.put("taken/plain", "x")
        for kind in ("Secret", "ConfigMap"):
            targets = [{"kind": kind, "name": "taken"}]
            place.syncs.create(kind.lower(), scene.path("taken"), interval=SLOW, targets=targets)

        said = [place.wait_refused(name, "targets") for name in ("secret", "configmap")]

    assert [place.syncs.target(kind, "taken") for kind in ("Secret", "ConfigMap")] == before
    assert "hunter2" not in "".join(said)
    assert place.refusals(mark) == {(403, "patch", "secrets", "taken"), (403, "patch", "configmaps", "taken")}


def test_the_target_of_another_sync_that_is_taken_for_its_own(place: Place) -> None:
    mark = place.cluster.audit_mark()
    targets = [{"kind": "Secret", "name": "shared"}]
    with place.running("ownership") as scene:
        scene.put("first/password", "hunter2", "SecureString")
        scene.put("second/password", "hunter3", "SecureString")
        scene.synced("first", interval=SLOW, targets=targets)
        before = place.syncs.target("Secret", "shared")
        place.syncs.create("second", scene.path("second"), interval=SLOW, targets=targets)

        said = place.wait_refused("second", "targets")

    assert place.syncs.target("Secret", "shared") == before
    assert "hunter" not in said
    assert place.refusals(mark) == {(403, "patch", "secrets", "shared")}


def test_an_object_of_somebody_else_that_is_to_be_deleted(place: Place) -> None:
    mark = place.cluster.audit_mark()
    kept, dropped = ({"kind": "Secret", "name": name} for name in ("kept", "dropped"))
    with place.running("ownership") as scene:
        scene.put("app/password", "hunter2", "SecureString")
        scene.synced(interval=SLOW, targets=[kept, dropped], deletionPolicy="Retain")
        place.syncs.patch("app", {"spec": {"suspend": True}})
        place.syncs.wait_reason("app", "Suspended", SOON)
        # Somebody makes it theirs, and it is still the object that status recorded.
        scene.edit("Secret", "dropped", {"metadata": {"labels": None, "annotations": {"paramsync.dev/sync": None}}})
        before = place.syncs.target("Secret", "dropped")
        place.syncs.patch("app", {"spec": {"suspend": False, "targets": [kept]}})

        said = place.wait_refused("app", "targets")

    assert place.syncs.target("Secret", "dropped") == before
    assert "delete Secret dropped" in said
    assert place.refusals(mark) == {(403, "delete", "secrets", "dropped")}


@pytest.mark.parametrize("broken", ["audience", "lifetime"])
def test_a_token_that_is_good_for_more(place: Place, broken: str) -> None:
    mark = place.cluster.audit_mark()
    annotations = {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/reader"}
    accounts = f"/api/v1/namespaces/{place.syncs.namespace}/serviceaccounts"
    place.cluster.request("POST", accounts, {"metadata": {"name": "reader", "annotations": annotations}})
    store = {
        "apiVersion": "paramsync.dev/v1alpha1",
        "kind": "ParameterStore",
        "metadata": {"name": "own"},
        "spec": {"region": "eu-west-1", "serviceAccountRef": {"name": "reader"}},
    }
    place.cluster.request("POST", f"{BASE}/namespaces/{place.syncs.namespace}/parameterstores", store)
    with place.running(broken) as scene:
        scene.put("app/password", "hunter2", "SecureString")
        own = {"kind": "ParameterStore", "name": "own"}
        place.syncs.create("app", scene.path(), interval=SLOW, storeRef=own)

        place.wait_refused("app", "tokens")

        assert scene.listings() == 0, "AWS is not asked as anybody else"
    assert place.refusals(mark) == {(403, "create", "serviceaccounts/token", "reader")}
    assert place.syncs.target("Secret", "app") is None
