"""The rows of ``test_bad_things`` in which something is away: the API server, SSM, a definition.

They have a control plane of their own, for a deleted definition would take the syncs of all tests along.
"""

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from kubernetes.client.exceptions import ApiException

from tests.aws.emulator import Emulator
from tests.aws.faults import drop
from tests.aws.proxy import Proxy
from tests.cluster.cluster import Cluster
from tests.cluster.control_plane import control_plane
from tests.cluster.waiting import wait_until
from tests.conftest import ROOT
from tests.e2e.gateway import Gateway, run_gateway
from tests.e2e.scene import MERGE, READY, RECONCILING, Scene, conditions
from tests.edge.policies import bound_policies
from tests.running.objects import Syncs
from tests.running.operator import Operator, run_operator

SLOW = "5m"
FIVE_MINUTES = 300.0
AGAIN = 60.0
"""Seconds until everything goes on after something was away: Kopf tries again after 21."""

DEFINITION = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/parametersyncs.paramsync.dev"


@dataclass
class Far:
    """A control plane of one's own behind a gateway, and an operator that can be stopped and started."""

    emulator: Emulator
    proxy: Proxy
    cluster: Cluster
    gateway: Gateway
    syncs: Syncs
    directory: Path
    started: ExitStack
    operator: Operator = field(init=False)

    def start(self, *, ready: bool = True) -> None:
        """Start an operator."""
        running = run_operator(self.gateway.kubeconfig, self.directory, endpoint=self.proxy.url, ready=ready)
        self.operator = self.started.enter_context(running)

    @property
    def scene(self) -> Scene:
        """What a test works with."""
        return Scene(self.emulator, self.proxy, self.operator, self.syncs)


@pytest.fixture(scope="module")
def far(emulator: Emulator, shared_proxy: Proxy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    directory = tmp_path_factory.mktemp("far")
    with (
        control_plane([ROOT / "crds"]) as cluster,
        cluster.namespace("home") as home,
        bound_policies(cluster, home) as bound,
        run_gateway(cluster, directory / "kubeconfig", bound) as gateway,
        cluster.namespace() as namespace,
        ExitStack() as started,
    ):
        far = Far(emulator, shared_proxy, cluster, gateway, Syncs(cluster, namespace), directory, started)
        far.start()
        yield far


@pytest.mark.timeout(FIVE_MINUTES + 300)
def test_api_server_away_for_five_minutes(far: Far) -> None:
    scene, operator = far.scene, far.operator
    for name in ("kept", "changed", "deleted"):
        scene.put(f"{name}/key", "secret", "SecureString")
        scene.put(f"{name}/plain", "value")
        scene.synced(name)
    scene.put("later/plain", "value")
    versions = scene.versions("kept")
    far.gateway.close()
    closed = time.monotonic()
    scene.put("changed/plain", "new")
    scene.syncs.create("later", scene.path("later"), interval=SLOW)
    scene.syncs.delete("deleted")

    wait_until(lambda: time.monotonic() - closed >= FIVE_MINUTES, "five minutes have passed", FIVE_MINUTES + 1)

    assert operator.process.poll() is None, operator.logs()
    assert operator.get("/healthz")[0] == 200, "a restart would mend nothing"
    far.gateway.open()
    scene.syncs.wait_data("ConfigMap", "changed", {"PLAIN": "new"}, AGAIN)
    scene.syncs.wait_reason("later", "Synced", AGAIN)
    wait_until(lambda: scene.metric("paramsync_sync_ready", "deleted") == 0, "the deletion is noticed", AGAIN)
    assert scene.syncs.data("Secret", "deleted") is None
    for name in ("kept", "changed"):
        assert conditions(scene.syncs.refresh(name)) == READY
    assert scene.versions("kept") == versions
    assert "Traceback" not in operator.logs()


def test_restart_during_an_outage_of_ssm(far: Far) -> None:
    scene = far.scene
    scene.put("outage/key", "secret", "SecureString")
    scene.put("outage/plain", "value")
    before = scene.synced("outage")
    versions = scene.versions("outage")
    rule = scene.proxy.add(drop(), under=scene.path("outage"))
    far.operator.signal(signal.SIGKILL)
    far.operator.wait()

    far.start()

    wait_until(lambda: rule.hits >= 1, "the new process has tried to read")
    assert scene.syncs.get("outage")["status"] == before["status"], "it knows no better yet than what was said before"
    sync = scene.syncs.wait_reason("outage", "SourceUnavailable", AGAIN)
    assert conditions(sync) == RECONCILING
    assert scene.versions("outage") == versions
    assert sync["status"]["targets"] == before["status"]["targets"]

    scene.put("outage/plain", "new")
    rule.remove()
    scene.syncs.wait_data("ConfigMap", "outage", {"PLAIN": "new"}, AGAIN)
    assert conditions(scene.syncs.wait_reason("outage", "Synced")) == READY
    assert scene.versions("outage")[0] == versions[0]


def test_crd_deleted(far: Far) -> None:
    scene = far.scene
    scene.put("lost/key", "secret", "SecureString")
    scene.put("lost/plain", "value")
    scene.synced("lost", interval=SLOW)
    with pytest.raises(ApiException, match="deleting this definition deletes every target of every sync"):
        far.cluster.request("DELETE", DEFINITION)
    assert None not in scene.versions("lost")
    assert conditions(scene.syncs.refresh("lost")) == READY

    meant = {"metadata": {"annotations": {"paramsync.dev/allow-deletion": "true"}}}
    far.cluster.request("PATCH", DEFINITION, meant, content_type=MERGE)
    far.cluster.request("DELETE", DEFINITION)

    assert far.operator.wait(60) != 0, "it would be deaf to the definition's return"
    told = [line for line in far.operator.logs().splitlines() if line.startswith("Error: ")]
    assert [line.partition(";")[0] for line in told] == ["Error: the watch ended"]
    scene.syncs.wait_data("Secret", "lost", None)
    scene.syncs.wait_data("ConfigMap", "lost", None)

    far.start(ready=False)
    wait_until(lambda: far.operator.get("/readyz")[0] == 503, "it waits for the definition")
    far.cluster.kubectl("apply", "-f", str(ROOT / "crds"))
    far.operator.wait_ready()
    far.scene.synced("lost", interval=SLOW)
    assert scene.syncs.data("Secret", "lost") == {"KEY": "secret"}
    assert scene.syncs.data("ConfigMap", "lost") == {"PLAIN": "value"}
