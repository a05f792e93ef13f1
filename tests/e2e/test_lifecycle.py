"""The operator starts when it can work, says so, and stops in good order."""

import signal
import time
from pathlib import Path

import pytest

from tests.aws.emulator import Emulator
from tests.aws.faults import hang
from tests.aws.proxy import Proxy
from tests.cluster.cluster import AccountKubeconfig, Cluster
from tests.cluster.control_plane import control_plane
from tests.cluster.waiting import wait_until
from tests.conftest import ROOT
from tests.e2e.gateway import Gateway
from tests.e2e.scene import store, store_path
from tests.edge.policies import installation
from tests.running.objects import Syncs
from tests.running.operator import Operator, run_operator

SLOW = "5m"
QUICKLY = 4.0
"""Seconds for what takes half of one; Kopf alone would wait five for a connection to the probes that is left open."""


def put(ssm: Emulator) -> None:
    ssm.put("/app/key", "secret", "SecureString")
    ssm.put("/app/plain", "value")


def stop_in(operator: Operator) -> float:
    """Stop an operator as a kubelet does; seconds until it ended well."""
    began = time.monotonic()
    operator.signal(signal.SIGTERM)
    assert operator.wait(60) == 0, operator.logs()
    return time.monotonic() - began


def test_it_is_not_ready_until_its_definitions_are_served(ssm: Emulator, proxy: Proxy, tmp_path: Path) -> None:
    put(ssm)
    with (
        control_plane() as cluster,
        cluster.namespace("home") as home,
        installation(cluster, home) as kubeconfig,
    ):
        with run_operator(kubeconfig, tmp_path / "waiting", ready=False) as operator:
            wait_until(lambda: operator.get("/healthz")[0] == 200, "the operator listens")
            assert stop_in(operator) < QUICKLY
        with run_operator(kubeconfig, tmp_path, endpoint=proxy.url, ready=False) as operator:
            wait_until(lambda: operator.get("/healthz")[0] == 200, "the operator listens")
            wait_until(lambda: "waiting for the API server" in operator.logs(), "it has looked for its definitions")
            status, text = operator.get("/readyz")
            assert (status, text) == (503, "not watching yet: are the definitions applied?\n")
            assert operator.get("/healthz")[0] == 200, "a restart would mend nothing"

            cluster.kubectl("apply", "-f", str(ROOT / "crds"))
            operator.wait_ready()
            with cluster.namespace() as namespace:
                syncs = Syncs(cluster, namespace)
                syncs.create("app", "/app")
                syncs.wait_reason("app", "Synced")
                assert syncs.data("Secret", "app") == {"KEY": "secret"}


def test_at_sigterm_it_ends_soon(
    bound_kubeconfig: AccountKubeconfig, ssm: Emulator, proxy: Proxy, syncs: Syncs, tmp_path: Path
) -> None:
    put(ssm)
    with run_operator(bound_kubeconfig, tmp_path, endpoint=proxy.url) as operator:
        syncs.create("app", "/app")
        syncs.wait_reason("app", "Synced")
        assert stop_in(operator) < QUICKLY
        assert "Traceback" not in operator.logs()


def test_at_sigterm_it_does_not_wait_for_aws(
    bound_kubeconfig: AccountKubeconfig, ssm: Emulator, proxy: Proxy, syncs: Syncs, tmp_path: Path
) -> None:
    put(ssm)
    gate = hang()
    proxy.add(gate)
    with run_operator(bound_kubeconfig, tmp_path, endpoint=proxy.url) as operator:
        syncs.create("app", "/app")
        gate.arrived(30)
        assert stop_in(operator) < 20, "it ends at the latest when the read of AWS times out, after 10 seconds"


def test_at_sigterm_what_is_being_applied_is_applied_to_its_end(
    gateway: Gateway, ssm: Emulator, proxy: Proxy, syncs: Syncs, tmp_path: Path
) -> None:
    put(ssm)
    hold = gateway.hold("PATCH", f"/{syncs.namespace}/secrets/app")
    with run_operator(gateway.kubeconfig, tmp_path, endpoint=proxy.url) as operator:
        syncs.create("app", "/app")
        hold.arrived()
        operator.signal(signal.SIGTERM)
        wait_until(lambda: operator.get("/readyz")[0] == 503, "it is not ready while it stops")
        assert operator.get("/readyz")[1] == "stopping\n"
        assert operator.get("/healthz")[0] == 200
        hold.release()
        assert operator.wait() == 0

    assert syncs.data("Secret", "app") == {"KEY": "secret"}
    assert syncs.data("ConfigMap", "app") == {"PLAIN": "value"}
    assert syncs.wait_reason("app", "Synced")


def test_a_second_start_writes_nothing_and_reads_each_target_once(
    gateway: Gateway, cluster: Cluster, ssm: Emulator, proxy: Proxy, syncs: Syncs, tmp_path: Path
) -> None:
    put(ssm)
    with run_operator(gateway.kubeconfig, tmp_path, endpoint=proxy.url):
        syncs.create("app", "/app")
        before = syncs.wait_reason("app", "Synced")
        wait_until(syncs.events, "the Event is written")
    gateway.forget()
    mark = cluster.audit_mark()

    with run_operator(gateway.kubeconfig, tmp_path, endpoint=proxy.url) as operator:
        of_sync = {"namespace": syncs.namespace, "name": "app"}
        # What was Ready is looked at within its interval, and not at once.
        wait_until(lambda: operator.metric("paramsync_sync_ready", **of_sync) == 1, "the sync was looked at")

    here = f"/{syncs.namespace}/"
    assert gateway.writes(here) == []
    for kind in ("secrets", "configmaps"):
        reads = gateway.asked(f"{here}{kind}/app")
        assert [(read.method, read.metadata_only) for read in reads] == [("GET", False)]
    written = [entry for entry in cluster.audit(mark) if entry.user_agent == "paramsync" and here in entry.uri]
    assert {entry.verb for entry in written} == {"get"}
    assert syncs.get("app") == before


def test_it_outlives_an_api_server_that_cannot_be_reached(
    gateway: Gateway, ssm: Emulator, proxy: Proxy, syncs: Syncs, tmp_path: Path
) -> None:
    put(ssm)
    with run_operator(gateway.kubeconfig, tmp_path, endpoint=proxy.url) as operator:
        syncs.create("app", "/app")
        syncs.wait_reason("app", "Synced")
        gateway.close()
        ssm.put("/app/plain", "new")
        syncs.create("later", "/app", interval=SLOW)
        wait_until(lambda: "a reconcile failed" in operator.logs(), "it notices", 60)
        assert operator.get("/healthz")[0] == 200
        gateway.open()

        syncs.wait_data("ConfigMap", "app", {"PLAIN": "new"}, 60)
        syncs.wait_reason("later", "Synced", 60)


def test_a_name_in_two_places_is_used_from_neither_from_the_start(
    cluster: Cluster, bound_kubeconfig: AccountKubeconfig, ssm: Emulator, proxy: Proxy, syncs: Syncs, tmp_path: Path
) -> None:
    put(ssm)
    name = f"both-{syncs.namespace}"
    found = store(name, proxy.url, ["*"], ["/"])
    cluster.request("POST", store_path(), found)
    try:
        syncs.create("app", "/app", storeRef={"name": name})
        with run_operator(bound_kubeconfig, tmp_path, settings={"stores": {name: found["spec"]}}):
            syncs.wait_reason("app", "StoreInvalid")
            assert proxy.calls() == []
    finally:
        cluster.request("DELETE", store_path(name))


def test_without_it_a_sync_and_a_namespace_can_be_deleted(
    cluster: Cluster, bound_kubeconfig: AccountKubeconfig, ssm: Emulator, proxy: Proxy, syncs: Syncs, tmp_path: Path
) -> None:
    put(ssm)
    with run_operator(bound_kubeconfig, tmp_path, endpoint=proxy.url):
        policies = {"first": "Delete", "second": "Delete", "third": "Retain", "fourth": "Retain"}
        for name, policy in policies.items():
            syncs.create(name, "/app", deletionPolicy=policy)
        for name in policies:
            syncs.wait_reason(name, "Synced")

    syncs.delete("third")
    syncs.delete("first")
    syncs.wait_data("Secret", "first", None)
    syncs.wait_data("ConfigMap", "first", None)
    for name in ("second", "third", "fourth"):
        assert syncs.data("Secret", name) is not None
    cluster.request("DELETE", f"/api/v1/namespaces/{syncs.namespace}")
    cluster.wait_for_absence(f"/api/v1/namespaces/{syncs.namespace}", 60)


KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters: [{name: a, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: a, user: {}}]
contexts: [{name: a, context: {cluster: a, user: a}}]
current-context: a
"""

BROKEN_KUBECONFIGS = {
    "empty": ("", "no API server is known"),
    "no context": ("apiVersion: v1\nkind: Config\n", "no API server is known"),
    "an unknown context": (
        KUBECONFIG.replace("current-context: a", "current-context: b"),
        "the kubeconfig has no context b",
    ),
    "no such authority": (KUBECONFIG.replace("server:", "certificate-authority: /no/ca, server:"), "/no/ca"),
    "no such certificate": (
        KUBECONFIG.replace("user: {}", "user: {client-certificate: /no/certificate, client-key: /no/key}"),
        "/no/certificate",
    ),
}


@pytest.mark.parametrize(("text", "told"), BROKEN_KUBECONFIGS.values(), ids=BROKEN_KUBECONFIGS)
def test_a_broken_kubeconfig_is_told_in_one_line(tmp_path: Path, text: str, told: str) -> None:
    kubeconfig = AccountKubeconfig(tmp_path / "kubeconfig")
    kubeconfig.write_text(text)
    with run_operator(kubeconfig, tmp_path, ready=False) as operator:
        assert operator.wait() == 1
        assert len(operator.logs().splitlines()) == 1, operator.logs()
        assert operator.logs().startswith("Error: ")
        assert told in operator.logs()


BROKEN_SETTINGS: dict[str, tuple[dict[str, object], str]] = {
    "an unknown field": ({"store": {}}, "store: Extra inputs are not permitted"),
    "a path with a slash at its end": (
        {"stores": {"default": {"access": [{"namespaces": ["*"], "paths": ["/prod/"]}]}}},
        "stores.default.access[0].paths[0]: write an absolute path without a trailing slash",
    ),
    "plain http": ({"stores": {"default": {"endpoint": "http://ssm.example.com"}}}, "stores.default.endpoint: write"),
}


@pytest.mark.parametrize(("settings", "told"), BROKEN_SETTINGS.values(), ids=BROKEN_SETTINGS)
def test_broken_settings_are_told_in_one_line(tmp_path: Path, settings: dict[str, object], told: str) -> None:
    kubeconfig = AccountKubeconfig(tmp_path / "kubeconfig")
    kubeconfig.write_text(KUBECONFIG)
    with run_operator(kubeconfig, tmp_path, settings=settings, ready=False) as operator:
        assert operator.wait() == 1
        assert len(operator.logs().splitlines()) == 1, operator.logs()
        assert operator.logs().startswith(f"Error: {tmp_path / 'settings.yaml'}: {told}")
