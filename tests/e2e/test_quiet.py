"""While nothing changes, nothing is written and no value is read again; and the operator stays small."""

from pathlib import Path

from tests.aws.emulator import Emulator
from tests.aws.proxy import Proxy
from tests.cluster.cluster import Cluster
from tests.cluster.waiting import wait_until
from tests.e2e.gateway import Gateway
from tests.e2e.scene import MERGE, Scene, store, store_path
from tests.running.objects import Syncs
from tests.running.operator import run_operator

MIB = 2**20
MOST_MEMORY = 90 * MIB
DONE = "paramsync_reconciles_total"


def test_passes_that_change_nothing_write_nothing(
    gateway: Gateway, cluster: Cluster, ssm: Emulator, proxy: Proxy, syncs: Syncs, tmp_path: Path
) -> None:
    name = syncs.namespace
    found = store(name, proxy.url, ["*"], ["/"])
    cluster.request("POST", store_path(), found)
    try:
        with run_operator(gateway.kubeconfig, tmp_path) as operator:
            scene = Scene(ssm, proxy, operator, syncs)
            for number in range(15):
                scene.put(f"app/secret-{number}", "secret", "SecureString")
                scene.put(f"app/plain-{number}", "value")
            scene.synced(storeRef={"name": name})
            scene.wait_event("app", "Synced")
            before, versions, events = syncs.get("app"), scene.versions(), syncs.events()
            gateway.forget()
            proxy.forget()
            mark = cluster.audit_mark()

            # Two polls: the operator learns that nothing changed, and asks the API server nothing.
            wait_until(lambda: scene.listings() >= 2, "two polls")
            assert gateway.asked(f"/{name}/") == []
            assert {call.action for call in proxy.calls()} == {"GetParametersByPath"}
            assert not any(call.body["WithDecryption"] for call in proxy.calls()), "no value is decrypted again"

            # Whatever else wakes the sync: one look at it and at its targets, without their values.
            for rounds in (1, 2, 3):
                looked = operator.metric(DONE, reason="Synced")
                access = [*found["spec"]["access"], {"namespaces": [f"other-{rounds}"], "paths": ["/"]}]
                body = {"spec": {"access": access}}
                cluster.request("PATCH", store_path(name), body, content_type=MERGE)
                wait_until(lambda looked=looked: operator.metric(DONE, reason="Synced") > looked, "a look")  # type: ignore[misc]
            asked = gateway.asked(f"/{name}/")
            assert [each.method for each in asked] == ["GET"] * 9, "three rounds: the sync and two targets"
            assert all(each.metadata_only for each in asked if "parametersyncs" not in each.path)

            assert gateway.writes() == []
            ours = [entry for entry in cluster.audit(mark) if entry.user_agent.startswith(("paramsync", "kopf"))]
            assert {entry.verb for entry in ours} <= {"get", "list", "watch"}
            assert (syncs.get("app"), scene.versions(), syncs.events()) == (before, versions, events)

            memory = operator.rss()
            print(f"the operator with one sync: {memory / MIB:.1f} MiB")
            assert memory <= MOST_MEMORY
    finally:
        cluster.request("DELETE", store_path(name))
