"""What an object may hold, what no update can change, and what a cluster refuses: told before, or told truly."""

import base64
import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.waiting import wait_until
from tests.e2e.scene import READY, SOON, STALLED, Json, Scene, conditions, message
from tests.edge.refusals import quoting_policy, undeletable_syncs, used_up_quota

Refuses = Callable[[Cluster, str], AbstractContextManager[str]]

SLOW = "5m"
VALUE = "correct-horse-battery-staple"

TYPES = {
    "kubernetes.io/tls": {"tls.crt": "certificate", "tls.key": "key", "ca.crt": "authority"},
    "kubernetes.io/basic-auth": {"username": "pay", "password": "secret"},
    "kubernetes.io/ssh-auth": {"ssh-privatekey": "key"},
    "kubernetes.io/dockerconfigjson": {".dockerconfigjson": '{"auths": {}}'},
    "Opaque": {},
}


def targets(secret_type: str, name: str = "app") -> list[Json]:
    return [{"kind": "Secret", "name": name, "secretType": secret_type}]


def problems(sync: Json) -> list[tuple[str, str]]:
    return [(each["reason"], each["subject"]) for each in sync["status"].get("problems", [])]


def refreshed_until(scene: Scene, reason: str) -> Json:
    """The sync once it has a reason: what made the cluster refuse takes a moment to come and to go."""

    def found() -> Json:
        sync = scene.syncs.refresh("app", SOON)
        (ready,) = [each for each in sync["status"]["conditions"] if each["type"] == "Ready"]
        return sync if ready["reason"] == reason else {}

    return wait_until(found, f"a refresh ends with {reason}")


def test_a_secret_of_each_type_is_made(scene: Scene) -> None:
    for secret_type, keys in TYPES.items():
        name = secret_type.rpartition("/")[2].lower()
        for key, value in {**keys, "other": "x"}.items():
            scene.put(f"{name}/{key}", value, "SecureString")
        scene.syncs.create(name, scene.path(name), interval=SLOW, targets=targets(secret_type, name))
    for secret_type, keys in TYPES.items():
        name = secret_type.rpartition("/")[2].lower()
        scene.syncs.wait_reason(name, "Synced")
        target = scene.syncs.target("Secret", name)
        assert target is not None
        assert target["type"] == secret_type
        assert scene.syncs.data("Secret", name) == {**keys, "OTHER": "x"}


def test_a_missing_key_is_named_before_anything_is_written(scene: Scene) -> None:
    scene.put("app/tls.crt", "certificate", "SecureString")
    scene.put("app/plain", "value")
    both = [*targets("kubernetes.io/tls"), {"kind": "ConfigMap"}]
    scene.syncs.create("app", scene.path(), interval=SLOW, targets=both)

    sync = scene.syncs.wait_reason("app", "KeyMissing", SOON)

    assert conditions(sync) == STALLED
    assert "would have no key tls.key, which a Secret of type kubernetes.io/tls must have" in message(sync)
    assert f"Create the parameter {scene.path('app/tls.key')}," in message(sync)
    assert scene.versions() == [None, None]
    assert scene.wait_event("app", "KeyMissing")

    scene.put("app/tls.key", "key", "SecureString")
    assert conditions(scene.syncs.refresh("app", SOON)) == READY
    assert scene.syncs.data("Secret", "app") == {"tls.crt": "certificate", "tls.key": "key"}


def test_a_pull_secret_that_is_no_json_is_told_without_its_text(scene: Scene) -> None:
    scene.put("app/.dockerconfigjson", VALUE, "SecureString")
    scene.syncs.create("app", scene.path(), interval=SLOW, targets=targets("kubernetes.io/dockerconfigjson"))

    sync = scene.syncs.wait_reason("app", "InvalidValue", SOON)

    assert "would hold no JSON object" in message(sync)
    assert problems(sync) == [("InvalidValue", scene.path("app/.dockerconfigjson"))]
    assert_hidden(scene)


def test_what_no_update_can_change_is_made_anew_by_the_command_that_is_told(scene: Scene) -> None:
    scene.put("app/username", "old", "SecureString")
    scene.synced(interval=SLOW, targets=[{"kind": "Secret"}])
    before = scene.syncs.target("Secret", "app")

    scene.syncs.patch("app", {"spec": {"targets": targets("kubernetes.io/basic-auth")}})
    sync = scene.syncs.wait_reason("app", "TargetConflict", SOON)
    assert conditions(sync) == STALLED
    assert "is of type Opaque, and no update can change that to kubernetes.io/basic-auth" in message(sync)
    assert scene.syncs.target("Secret", "app") == before
    obey(scene, message(sync))
    assert conditions(scene.syncs.refresh("app", SOON)) == READY
    assert scene.syncs.data("Secret", "app") == {"username": "old"}

    scene.edit("Secret", "app", {"immutable": True})
    assert conditions(scene.syncs.refresh("app", SOON)) == READY, "it holds what it should"
    before = scene.syncs.target("Secret", "app")
    scene.put("app/username", "new", "SecureString")
    sync = scene.syncs.refresh("app", SOON)
    assert problems(sync) == [("TargetConflict", "Secret app")]
    assert "is immutable, and its keys would have to change" in message(sync)
    assert scene.syncs.target("Secret", "app") == before
    obey(scene, message(sync))
    assert conditions(scene.syncs.refresh("app", SOON)) == READY
    assert scene.syncs.data("Secret", "app") == {"username": "new"}


def obey(scene: Scene, text: str) -> None:
    """Run the command that a message ends with."""
    found = re.search(r"kubectl (delete .*)$", text)
    assert found is not None, text
    scene.syncs.cluster.kubectl(*found[1].split())


def test_what_is_nearly_full_is_told_once_and_stays_ready(scene: Scene) -> None:
    for number in range(103):
        scene.put(f"app/key-{number}", "v" * 8192)
    sync = scene.synced(interval=SLOW)
    assert conditions(sync) == READY
    assert problems(sync) == [("NearlyFull", "ConfigMap app")]
    told = scene.wait_event("app", "NearlyFull")
    assert told.startswith("ConfigMap app is nearly full: more than 80% of what is allowed for its values;")

    scene.put("app/one-more", "v")
    sync = scene.syncs.refresh("app", SOON)
    assert sync["status"]["problems"][0]["message"] == told
    assert [each["reason"] for each in scene.syncs.events()].count("NearlyFull") == 1


class TestWhatTheClusterRefuses:
    """The Secret is written first; then the ConfigMap is refused."""

    @pytest.mark.parametrize("refuses", [quoting_policy, used_up_quota], ids=["a policy", "a quota"])
    def test_status_agrees_with_what_is_there_and_the_next_run_converges(self, scene: Scene, refuses: Refuses) -> None:
        scene.put("app/key", VALUE, "SecureString")
        scene.put("app/plain", f"plain {VALUE}")
        with refuses(scene.syncs.cluster, scene.syncs.namespace) as by:
            both = [{"kind": "Secret"}, {"kind": "ConfigMap", "name": "refused"}]
            scene.syncs.create("app", scene.path(), interval=SLOW, targets=both)
            sync = scene.syncs.wait_reason("app", "ClusterRefused", SOON)

            assert conditions(sync) == STALLED
            assert "apply ConfigMap refused: the API server refuses" in message(sync)
            assert by in message(sync)
            there = scene.syncs.target("Secret", "app")
            assert there is not None
            assert recorded(sync) == {("Secret", "app"): there["metadata"]["uid"]}
            assert scene.syncs.target("ConfigMap", "refused") is None
            assert scene.wait_event("app", "ClusterRefused")
        sync = refreshed_until(scene, "Synced")
        assert conditions(sync) == READY
        assert recorded(sync).keys() == {("Secret", "app"), ("ConfigMap", "refused")}
        assert_hidden(scene)

    def test_a_change_that_is_refused_halfway_converges_too(self, scene: Scene) -> None:
        scene.put("app/key", "old", "SecureString")
        scene.put("app/plain", "old")
        both = [{"kind": "Secret"}, {"kind": "ConfigMap", "name": "refused"}]
        before = recorded_revisions(scene.synced(interval=SLOW, targets=both))
        with quoting_policy(scene.syncs.cluster, scene.syncs.namespace):
            scene.put("app/key", VALUE, "SecureString")
            scene.put("app/plain", f"plain {VALUE}")
            scene.syncs.annotate("app", refresh="1")
            sync = scene.syncs.wait_reason("app", "ClusterRefused", SOON)

            assert conditions(sync) == STALLED
            assert scene.syncs.data("Secret", "app") == {"KEY": VALUE}
            assert scene.syncs.data("ConfigMap", "refused") == {"PLAIN": "old"}
            after = recorded_revisions(sync)
            assert after["ConfigMap"] == before["ConfigMap"]
            assert after["Secret"] != before["Secret"]
        assert conditions(refreshed_until(scene, "Synced")) == READY
        assert scene.syncs.data("ConfigMap", "refused") == {"PLAIN": f"plain {VALUE}"}
        assert_hidden(scene)


def recorded(sync: Json) -> dict[tuple[str, str], str]:
    return {(each["kind"], each["name"]): each["uid"] for each in sync["status"].get("targets", [])}


def recorded_revisions(sync: Json) -> dict[str, str]:
    return {each["kind"]: each["revision"] for each in sync["status"]["targets"]}


def assert_hidden(scene: Scene) -> None:
    """No value is in a status, an Event or the log, in clear or in base64."""
    text = f"{scene.syncs.get('app')} {scene.syncs.events()} {scene.operator.logs()}"
    for value in (VALUE, f"plain {VALUE}"):
        encoded = base64.b64encode(value.encode()).decode()
        assert [part for part in (value, encoded, encoded[:12]) if part in text] == []


def answers(cluster: Cluster, mark: int, path: str) -> list[int]:
    """What the API server has answered to the operator's writes of an object."""
    entries = [entry for entry in cluster.audit(mark) if entry.user_agent == "paramsync" and entry.verb == "patch"]
    return [entry.response.code for entry in entries if path in entry.uri]


def test_a_namespace_that_ends_is_no_error(scene: Scene) -> None:
    cluster, namespace = scene.syncs.cluster, scene.syncs.namespace
    scene.put("app/key", "secret", "SecureString")
    scene.put("app/plain", "value")
    scene.synced(interval=SLOW)
    scene.wait_event("app", "Synced")
    with undeletable_syncs(cluster, namespace, scene.syncs.path("app")):
        cluster.request("DELETE", f"/api/v1/namespaces/{namespace}")
        cluster.wait_for_absence(scene.syncs.target_path("Secret", "app"))
        mark = cluster.audit_mark()
        before = scene.syncs.get("app")
        scene.syncs.annotate("app", refresh="1")

        assert wait_until(lambda: answers(cluster, mark, f"/{namespace}/secrets/app"), "it tries to write") == [403]
        assert scene.syncs.get("app")["status"] == before["status"], "it is about to go; until then nothing is said"
    cluster.wait_for_absence(f"/api/v1/namespaces/{namespace}", 60)
    wait_until(lambda: scene.metric("paramsync_sync_ready", "app") == 0, "the sync is forgotten")

    lines = [line for line in scene.operator.logs().splitlines() if namespace in line]
    assert [line for line in lines if " WARNING " in line or " ERROR " in line] == []
