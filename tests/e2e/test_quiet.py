"""While nothing changes, nothing is written and no value is read again; and the operator stays small."""

import re
from collections import Counter
from pathlib import Path

from tests.aws.emulator import Emulator
from tests.aws.proxy import Proxy
from tests.cluster.cluster import Cluster
from tests.cluster.waiting import wait_until
from tests.e2e.gateway import Gateway
from tests.e2e.scene import MERGE, Json, Scene, store, store_path, wait_store
from tests.running.objects import BASE, Syncs
from tests.running.operator import STORE_ACCESS, Operator, run_operator

MIB = 2**20
MOST_MEMORY = 90 * MIB
DONE = "paramsync_reconciles_total"
TARGETS: list[Json] = [
    {"kind": "Secret"},
    {"kind": "ConfigMap"},
    {"kind": "Secret", "name": "all", "types": ["String", "StringList", "SecureString"]},
    {"kind": "ConfigMap", "name": "empty", "types": ["StringList"]},
]
"""Of every kind, with keys and without."""

COUNTER = re.compile(r'apiserver_request_total{.*resource="(\w+)".*verb="(\w+)".*} (\S+)')
DEBUG = re.compile(r"\S+ DEBUG ")
RECONCILE = re.compile(r'reconcile="([0-9a-f]+)"')
WRITES = ("APPLY", "PATCH")
"""What only an operator asks for here; the cluster's own controllers delete what earlier tests left."""

WRITTEN = ("secrets", "configmaps", "parametersyncs")


def counted_writes(cluster: Cluster) -> Counter[str]:
    """How often the API server was asked to write what an operator writes, by its own counters."""
    found: Counter[str] = Counter()
    for resource, verb, count in COUNTER.findall(cluster.request("GET", "/metrics")):
        if resource in WRITTEN and verb in WRITES:
            found[f"{verb} {resource}"] += int(float(count))
    return found


def targets_of(syncs: Syncs) -> list[object]:
    """All targets, as they are."""
    return [syncs.target(each["kind"], each.get("name", "app")) for each in TARGETS]


def look_again(operator: Operator, cluster: Cluster, found: Json, number: int) -> None:
    """Let the operator look at the sync of a store, by changing what does not concern the sync."""
    looked = operator.metric(DONE, reason="Synced")
    access = [*found["spec"]["access"], {"namespaces": [f"other-{number}"], "paths": ["/"]}]
    body = {"spec": {"access": access}}
    cluster.request("PATCH", store_path(found["metadata"]["name"]), body, content_type=MERGE)
    wait_until(lambda: operator.metric(DONE, reason="Synced") > looked, "a look")


def assert_quiet(lines: list[str], sync: str) -> None:
    """Assert that looks which changed nothing are lines at DEBUG alone, each with the id of its reconcile."""
    assert [line for line in lines if not DEBUG.match(line)] == []
    looks = [line for line in lines if f'a sync was looked at sync="{sync}"' in line]
    assert len(looks) >= 3
    found = [RECONCILE.findall(line) for line in looks]
    assert len({each for each, *_ in found}) == len(looks), "each has an id of its own"
    for line in lines:
        belongs = "paramsync.runtime.feeds" not in line and "paramsync.aws" not in line and sync in line
        assert not belongs or RECONCILE.search(line), line
    reads = [line for line in lines if f"ParameterSync {sync}" in line]
    assert len(reads) == len(looks)
    assert {RECONCILE.findall(line)[0] for line in reads} == {each for each, *_ in found}


def test_an_operator_for_one_namespace_asks_for_nothing_and_stays_small(
    gateway: Gateway, cluster: Cluster, ssm: Emulator, proxy: Proxy, syncs: Syncs, tmp_path: Path
) -> None:
    place = {"region": "eu-west-1", "endpoint": proxy.url, "access": STORE_ACCESS}
    settings = {"watchNamespaces": [syncs.namespace], "stores": {"default": place}}
    with run_operator(gateway.kubeconfig, tmp_path, settings=settings) as operator:
        scene = Scene(ssm, proxy, operator, syncs)
        for number in range(15):
            scene.put(f"app/secret-{number}", "secret", "SecureString")
            scene.put(f"app/plain-{number}", "value")
        scene.synced(targets=TARGETS)
        scene.wait_event("app", "Synced")
        before, targets, events = syncs.get("app"), targets_of(syncs), syncs.events()
        gateway.forget()
        proxy.forget()

        wait_until(lambda: scene.listings() >= 2, "two polls")

        assert gateway.asked(f"/{syncs.namespace}/") == []
        assert {call.action for call in proxy.calls()} == {"GetParametersByPath"}
        assert (syncs.get("app"), targets_of(syncs), syncs.events()) == (before, targets, events)
        memory = operator.rss()
        print(f"the operator for one namespace with one sync: {memory / MIB:.1f} MiB")
        assert memory <= MOST_MEMORY


def test_passes_that_change_nothing_write_nothing(
    gateway: Gateway, cluster: Cluster, ssm: Emulator, proxy: Proxy, syncs: Syncs, tmp_path: Path
) -> None:
    name = syncs.namespace
    # The syncs of earlier tests go with their namespaces, and until then an operator writes what becomes of them.
    wait_until(lambda: not cluster.request("GET", f"{BASE}/parametersyncs")["items"], "no other sync is left")
    found = store(name, proxy.url, ["*"], ["/"])
    cluster.request("POST", store_path(), found)
    try:
        with run_operator(gateway.kubeconfig, tmp_path) as operator:
            scene = Scene(ssm, proxy, operator, syncs)
            for number in range(15):
                scene.put(f"app/secret-{number}", "secret", "SecureString")
                scene.put(f"app/plain-{number}", "value")
            scene.synced(storeRef={"name": name}, targets=TARGETS)
            scene.wait_event("app", "Synced")
            wait_store(cluster, store_path(name), "Serving")
            before, targets, events = syncs.get("app"), targets_of(syncs), syncs.events()
            told = cluster.request("GET", store_path(name))
            counted = counted_writes(cluster)
            assert counted["APPLY secrets"] >= 2
            assert counted["APPLY configmaps"] >= 2
            gateway.forget()
            proxy.forget()
            mark = cluster.audit_mark()
            logged = len(operator.logs().splitlines())

            # Two polls: the operator learns that nothing changed, and asks the API server nothing.
            wait_until(lambda: scene.listings() >= 2, "two polls")
            assert gateway.asked(f"/namespaces/{name}/") == []
            assert {call.action for call in proxy.calls()} == {"GetParametersByPath"}
            assert not any(call.body["WithDecryption"] for call in proxy.calls()), "no value is decrypted again"
            assert gateway.writes() == []
            assert cluster.request("GET", store_path(name)) == told

            # Whatever else wakes the sync: one look at it and at its targets, without their values.
            for rounds in (1, 2, 3):
                look_again(operator, cluster, found, rounds)
                wait_store(cluster, store_path(name), "Serving")
            asked = gateway.asked(f"/namespaces/{name}/")
            assert [each.method for each in asked] == ["GET"] * 15, "three rounds: the sync and four targets"
            assert all(each.metadata_only for each in asked if "parametersyncs" not in each.path)

            written = [(each.method, each.path) for each in gateway.writes()]
            assert written == [("PATCH", f"{store_path(name)}/status")] * 3, "each spec of the store is told of once"
            ours = [entry for entry in cluster.audit(mark) if entry.user_agent.startswith(("paramsync", "kopf"))]
            assert {entry.verb for entry in ours if "/status" not in entry.resource} <= {"get", "list", "watch"}
            assert counted_writes(cluster) == counted
            assert (syncs.get("app"), targets_of(syncs), syncs.events()) == (before, targets, events)
            assert_quiet(operator.logs().splitlines()[logged:], f"{name}/app")

            memory = operator.rss()
            print(f"the operator with one sync: {memory / MIB:.1f} MiB")
            assert memory <= MOST_MEMORY

        gateway.forget()
        with run_operator(gateway.kubeconfig, tmp_path) as operator:
            wait_until(lambda: operator.metric(DONE, reason="Synced") >= 1, "a look after the restart")
            told = wait_store(cluster, store_path(name), "Serving")
            look_again(operator, cluster, found, 4)
            after = wait_store(cluster, store_path(name), "Serving")
            assert {**after["status"], "observedGeneration": 0, "conditions": []} == {
                **told["status"],
                "observedGeneration": 0,
                "conditions": [],
            }, "after a restart the same is told"
            whole = [each.path for each in gateway.asked(f"/namespaces/{name}/") if not each.metadata_only]
            read = [path for path in whole if "parametersyncs" not in path]
            assert len(read) == len(set(read)) == len(TARGETS), "after a restart each is read once with its values"
            assert [each.path for each in gateway.writes()] == [f"{store_path(name)}/status"]
            assert counted_writes(cluster) == counted
            assert (syncs.get("app"), targets_of(syncs), syncs.events()) == (before, targets, events)
    finally:
        cluster.request("DELETE", store_path(name))
