"""With no more than its rights, and its admission policies bound, the operator does its whole job."""

from pathlib import Path

from tests.aws.emulator import Emulator
from tests.aws.proxy import Proxy
from tests.cluster.cluster import AccountKubeconfig, Cluster
from tests.e2e.scene import SOON, Scene
from tests.edge.policies import ACCOUNT, refusals
from tests.running.objects import Syncs
from tests.running.operator import run_operator

SLOW = "5m"


def test_the_main_job_under_the_policies(
    cluster: Cluster,
    home: str,
    bound_kubeconfig: AccountKubeconfig,
    ssm: Emulator,
    proxy: Proxy,
    syncs: Syncs,
    tmp_path: Path,
) -> None:
    since = cluster.audit_mark()
    with run_operator(bound_kubeconfig, tmp_path, endpoint=proxy.url) as operator:
        scene = Scene(ssm, proxy, operator, syncs)
        for name in ("changed", "kept", "removed"):
            scene.put(f"app/{name}", "old", "SecureString")
            scene.put(f"app/plain/{name}", "old")
        scene.put("app/plain/list", "a,b", "StringList")
        scene.synced(interval=SLOW)
        assert scene.syncs.data("Secret", "app") == {"CHANGED": "old", "KEPT": "old", "REMOVED": "old"}
        assert set(scene.syncs.data("ConfigMap", "app") or {}) == {
            "PLAIN_CHANGED",
            "PLAIN_KEPT",
            "PLAIN_LIST",
            "PLAIN_REMOVED",
        }
        assert scene.wait_event("app", "Synced")

        # A change, an addition and a removal.
        scene.put("app/changed", "new", "SecureString")
        scene.put("app/plain/changed", "new")
        scene.put("app/plain/added", "new")
        scene.syncs.refresh("app", SOON)
        sources = [{"path": scene.path(), "exclude": ["removed", "plain/removed", "plain/list"]}]
        scene.syncs.patch("app", {"spec": {"sources": sources}})
        scene.syncs.wait_reason("app", "Synced", SOON)
        secret = {"CHANGED": "new", "KEPT": "old"}
        plain = {"PLAIN_ADDED": "new", "PLAIN_CHANGED": "new", "PLAIN_KEPT": "old"}
        assert scene.syncs.data("Secret", "app") == secret
        assert scene.syncs.data("ConfigMap", "app") == plain

        # Drift: foreign keys, a changed and a removed one, no label, no annotations. More edits would be a fight.
        metadata = {
            "labels": {"app.kubernetes.io/managed-by": None},
            "annotations": {"paramsync.dev/plain-keys": None, "paramsync.dev/provenance": None},
        }
        data = {"FOREIGN": "foreign", "PLAIN_KEPT": None, "PLAIN_CHANGED": "evil"}
        edited = {"metadata": metadata, "data": data, "binaryData": {"FOREIGN.bin": "AAECAw=="}}
        for body in (edited, {"data": None}):
            scene.edit("ConfigMap", "app", body)
            scene.syncs.refresh("app", SOON)
            scene.syncs.wait_reason("app", "Synced", SOON)
            assert scene.syncs.data("ConfigMap", "app") == plain
        edited = {"metadata": metadata, "data": {"FOREIGN": "ZXZpbA==", "KEPT": None}}
        for body in (edited, {"data": None}):
            scene.edit("Secret", "app", body)
            scene.syncs.refresh("app", SOON)
            scene.syncs.wait_reason("app", "Synced", SOON)
            assert scene.syncs.data("Secret", "app") == secret

        # A renamed target, and one that the spec no longer names.
        scene.syncs.patch("app", {"spec": {"targets": [{"kind": "Secret", "name": "other"}]}})
        scene.syncs.wait_reason("app", "Synced", SOON)
        assert scene.syncs.data("Secret", "other") == {**secret, **plain}
        assert scene.syncs.data("Secret", "app") is None
        assert scene.syncs.data("ConfigMap", "app") is None

        # Orphaned targets, taken over by a new sync of the same name.
        scene.syncs.delete("app", "Orphan")
        cluster.wait_for_absence(scene.syncs.path("app"))
        scene.synced(interval=SLOW, targets=[{"kind": "Secret", "name": "other"}])

        # A ConfigMap of somebody else's, which its owner gives away.
        path = scene.syncs.target_path("ConfigMap", "given")
        giving = {"name": "given", "annotations": {"paramsync.dev/adopt": "given"}}
        theirs = {"metadata": giving, "data": {"ADDED": "theirs"}, "binaryData": {"CHANGED": "AAEC"}}
        cluster.request("POST", path.rpartition("/")[0], theirs)
        scene.syncs.create("given", scene.path("app/plain"), targets=[{"kind": "ConfigMap", "name": "given"}])
        scene.syncs.wait_reason("given", "Synced", SOON)
        assert scene.wait_event("given", "Synced", "ConfigMap given: taken over")
        taken = scene.syncs.data("ConfigMap", "given") or {}
        assert (taken["ADDED"], taken["CHANGED"]) == ("new", "new")

    ours = [entry for entry in cluster.audit(since) if entry.target.namespace == syncs.namespace]
    assert {"secrets", "configmaps", "events", "parametersyncs/status"} <= {
        entry.resource for entry in ours if entry.username == f"system:serviceaccount:{home}:{ACCOUNT}"
    }
    assert refusals(cluster, home, syncs.namespace, since) == set(), "nothing was refused on the way"
