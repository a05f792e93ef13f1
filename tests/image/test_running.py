"""The container, run as the chart runs it, against the control plane: with a service account and nothing else."""

import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from tests.aws.emulator import Emulator
from tests.aws.proxy import Proxy
from tests.cluster.cluster import Cluster
from tests.cluster.processes import free_port
from tests.cluster.waiting import wait_until
from tests.e2e.pod import end_token, new_token
from tests.edge.policies import bound_policies
from tests.image.image import CONFINED, RUN, Image
from tests.image.tools import run
from tests.running.in_pod import ServiceAccountFiles
from tests.running.objects import Syncs
from tests.running.operator import AWS, STORE_ACCESS, Operator

SERVING = 3.0
"""Seconds from a container's start to its first answer at /healthz."""

TRIES = 3
"""Starts of which the fastest counts: others use this machine, too."""

FIRST = "first-token"
"""The Secret to which the token is bound that a container begins with."""


@dataclass(frozen=True)
class Home:
    """The namespace of the operator's account, and what a kubelet would mount into its pod."""

    cluster: Cluster
    namespace: str
    files: ServiceAccountFiles
    settings: Path

    def write_token(self, tie: str) -> str:
        """Put a token there that is new, and bound to a new Secret of this name; returns it."""
        token = new_token(self.cluster, self.namespace, tie)
        self.files.write(token, self.cluster.certificates.authority.read_text())
        return token


@pytest.fixture
def home(cluster: Cluster, proxy: Proxy, tmp_path: Path) -> Iterator[Home]:
    with cluster.namespace("home") as namespace, bound_policies(cluster, namespace):
        files, settings = ServiceAccountFiles(tmp_path / "account"), tmp_path / "settings"
        settings.mkdir(mode=0o755)
        store = {"region": "eu-west-1", "endpoint": proxy.url, "access": STORE_ACCESS}
        (settings / "settings.yaml").write_text(yaml.safe_dump({"stores": {"default": store}}))
        made = Home(cluster, namespace, files, settings)
        made.write_token(FIRST)
        yield made


@contextmanager
def container(image: Image, home: Home, directory: Path) -> Iterator[tuple[Operator, str]]:
    """The operator in a container, and the container's name. podman passes signals on."""
    name, port, metrics_port = f"paramsync-test-{uuid.uuid4().hex[:8]}", free_port(), free_port()
    server = urlsplit(home.cluster.url)
    environment = {**AWS, "KUBERNETES_SERVICE_HOST": server.hostname, "KUBERNETES_SERVICE_PORT": server.port}
    variables = [f"--env={key}={text}" for key, text in environment.items()]
    mounts = [
        f"--volume={home.files.directory}:/var/run/secrets/kubernetes.io/serviceaccount:ro",
        f"--volume={home.settings}:/etc/paramsync:ro",
    ]
    arguments = ["run", "--settings", "/etc/paramsync/settings.yaml", "--lease", f"{home.namespace}/paramsync"]
    arguments += ["--log-format", "json", "--listen-port", str(port), "--metrics-port", str(metrics_port)]
    command = [*RUN, "--name", name, "--network", "host", *CONFINED, *variables, *mounts, image.name, *arguments]
    log, port_file, metrics_port_file = (directory / each for each in ("operator.log", "port", "metrics-port"))
    port_file.write_text(str(port))
    metrics_port_file.write_text(str(metrics_port))
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    operator = Operator(process, port_file, metrics_port_file, log)
    try:
        yield operator, name
    finally:
        try:
            operator.stop()
        finally:
            run(["podman", "rm", "--force", "--ignore", name])


def test_a_sync_is_synced_with_the_rights_of_the_chart_and_it_stops_cleanly(
    image: Image, home: Home, emulator: Emulator, syncs: Syncs, tmp_path: Path
) -> None:
    emulator.put(f"/{syncs.namespace}/app/password", "secret", "SecureString")
    emulator.put(f"/{syncs.namespace}/app/host", "db")
    with container(image, home, tmp_path) as (operator, _):
        operator.wait_ready()
        syncs.create("app", f"/{syncs.namespace}/app")
        syncs.wait_reason("app", "Synced")
        assert syncs.data("Secret", "app") == {"PASSWORD": "secret"}
        assert syncs.data("ConfigMap", "app") == {"HOST": "db"}
        assert operator.stop(40) == 0
        assert '"stopped"' in operator.logs()


def test_a_token_that_is_replaced_is_used(
    image: Image, home: Home, emulator: Emulator, syncs: Syncs, tmp_path: Path
) -> None:
    emulator.put(f"/{syncs.namespace}/app/host", "db")
    with container(image, home, tmp_path) as (operator, _):
        syncs.create("first", f"/{syncs.namespace}/app")
        syncs.wait_reason("first", "Synced")

        old = (home.files.directory / "token").read_text()
        assert home.write_token("second") != old
        end_token(home.cluster, home.namespace, FIRST, old)

        syncs.create("second", f"/{syncs.namespace}/app")
        syncs.wait_reason("second", "Synced")
        assert operator.process.poll() is None, "it renewed the Lease, too"


def test_it_serves_within_seconds(image: Image, home: Home, tmp_path: Path) -> None:
    assert min(seconds_to_serve(image, home, tmp_path) for _ in range(TRIES)) < SERVING


def seconds_to_serve(image: Image, home: Home, directory: Path) -> float:
    with container(image, home, directory) as (operator, name):
        wait_until(lambda: operator.get("/healthz")[0] == 200, "it serves /healthz")
        served = time.time()
        shape = '{{.State.StartedAt.Format "2006-01-02T15:04:05.000000Z07:00"}}'
        text = run(["podman", "inspect", "--format", shape, name])
        took = served - datetime.fromisoformat(text.strip()).timestamp()
        print(f"/healthz after {took:.2f} s")
        return took
