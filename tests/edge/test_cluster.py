"""The control plane that the other tests stand on: what it does, and that nothing of it stays behind."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from kubernetes.client import ApiClient
from kubernetes.client.exceptions import ForbiddenException, NotFoundException

from tests.cluster import control_plane as starter
from tests.cluster.access import KubectlError, kubectl, request
from tests.cluster.binaries import CONTROL_PLANE, binaries
from tests.cluster.cluster import Cluster
from tests.cluster.control_plane import control_plane
from tests.cluster.processes import ProcessEndedError, free_port
from tests.cluster.waiting import wait_until
from tests.programs.building import BuildError

ROOT = Path(__file__).parents[2]

WIDGETS = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.org}
spec:
  group: example.org
  scope: Namespaced
  names: {plural: widgets, kind: Widget}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object}}
"""


def processes_of(directory: Path) -> set[str]:
    """The programs that run with this directory in their command line."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue  # it ended meanwhile
        if any(os.fsencode(directory) in word for word in words):
            found.add(Path(os.fsdecode(words[0])).name)
    return found


def config_maps(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/configmaps"


def owner_reference(owner: dict[str, dict[str, str]], kind: str, version: str = "v1", block: bool = False) -> object:
    return {
        "apiVersion": version,
        "kind": kind,
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": block,
    }


def allow_config_maps(cluster: Cluster, namespace: str) -> None:
    rules = ["--verb=create,get", "--resource=configmaps"]
    cluster.kubectl("create", "role", "writer", f"--namespace={namespace}", *rules)
    binding = ["--role=writer", f"--serviceaccount={namespace}:default"]
    cluster.kubectl("create", "rolebinding", "writer", f"--namespace={namespace}", *binding)


def test_it_is_the_pinned_version_and_speaks_to_kubectl(cluster: Cluster) -> None:
    assert cluster.request("GET", "/version")["gitVersion"] == "v1.36.3"
    assert "Server Version: v1.36.3" in cluster.kubectl("version")


def test_kubectl_takes_input_and_its_errors_are_shown(cluster: Cluster, namespace: str) -> None:
    manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: piped}\n"
    cluster.kubectl("apply", f"--namespace={namespace}", "-f", "-", input=manifest)
    assert cluster.exists(f"{config_maps(namespace)}/piped")
    with pytest.raises(KubectlError, match='configmaps "absent" not found'):
        cluster.kubectl("get", "configmap", "absent", f"--namespace={namespace}")


def test_rights_are_denied_until_they_are_granted(cluster: Cluster, namespace: str) -> None:
    with cluster.api(cluster.kubeconfig_for("default", namespace)) as client:
        path = config_maps(namespace)
        with pytest.raises(ForbiddenException):
            request(client, "POST", path, {"metadata": {"name": "mine"}})
        allow_config_maps(cluster, namespace)

        def created() -> bool:  # the authoriser follows a watch
            try:
                request(client, "POST", path, {"metadata": {"name": "mine"}})
            except ForbiddenException:
                return False
            return True

        wait_until(created, "the role takes effect")
        with pytest.raises(ForbiddenException):
            request(client, "DELETE", f"{path}/mine")


def test_only_who_may_set_finalizers_may_block_an_owners_deletion(cluster: Cluster, namespace: str) -> None:
    path = config_maps(namespace)
    owner = cluster.request("POST", path, {"metadata": {"name": "owner"}})
    allow_config_maps(cluster, namespace)
    with cluster.api(cluster.kubeconfig_for("default", namespace)) as client:
        wait_until(lambda: _may_read(client, f"{path}/owner"), "the role takes effect")
        for name, block in (("free", False), ("blocking", True)):
            reference = owner_reference(owner, "ConfigMap", block=block)
            body = {"metadata": {"name": name, "ownerReferences": [reference]}}
            if block:
                with pytest.raises(ForbiddenException, match="blockOwnerDeletion"):
                    request(client, "POST", path, body)
            else:
                request(client, "POST", path, body)


def _may_read(client: ApiClient, path: str) -> bool:
    try:
        request(client, "GET", path)
    except ForbiddenException:
        return False
    return True


def test_what_an_owner_controls_goes_with_it(cluster: Cluster, namespace: str) -> None:
    path = config_maps(namespace)
    owner = cluster.request("POST", path, {"metadata": {"name": "owner"}})
    owned = {"name": "owned", "ownerReferences": [owner_reference(owner, "ConfigMap")]}
    cluster.request("POST", path, {"metadata": owned})
    cluster.request("POST", path, {"metadata": {"name": "free"}})
    cluster.request("DELETE", f"{path}/owner", {"propagationPolicy": "Background"})
    cluster.wait_for_absence(f"{path}/owned", timeout=10)
    assert cluster.exists(f"{path}/free")


def test_a_namespace_goes_after_use(cluster: Cluster) -> None:
    with cluster.namespace("brief") as name:
        assert name.startswith("brief-")
    assert "deletionTimestamp" in cluster.request("GET", f"/api/v1/namespaces/{name}")["metadata"]


def test_a_namespace_goes_with_what_is_inside_and_may_go_early(cluster: Cluster) -> None:
    with cluster.namespace() as name:
        cluster.request("POST", config_maps(name), {"metadata": {"name": "inside"}})
        cluster.request("DELETE", f"/api/v1/namespaces/{name}")
        cluster.wait_for_absence(f"/api/v1/namespaces/{name}")
    assert not cluster.exists(f"{config_maps(name)}/inside")


def test_the_audit_log_counts_each_request_once(cluster: Cluster, namespace: str) -> None:
    user = f"system:serviceaccount:{namespace}:default"
    path = config_maps(namespace)
    with cluster.api(cluster.kubeconfig_for("default", namespace)) as client:
        allow_config_maps(cluster, namespace)
        wait_until(lambda: _may_read_absent(client, f"{path}/absent"), "the role takes effect")
        since = cluster.audit_mark()
        request(client, "POST", path, {"metadata": {"name": "counted"}})
        for _ in range(3):
            request(client, "GET", f"{path}/counted")
        with pytest.raises(ForbiddenException):
            request(client, "GET", path, query={"watch": "true", "timeoutSeconds": "1"})
    mine = [entry for entry in cluster.audit(since) if entry.username == user]
    assert [(entry.verb, entry.resource, entry.response.code) for entry in mine] == [
        ("create", "configmaps", 201),
        *[("get", "configmaps", 200)] * 3,
        ("watch", "configmaps", 403),
    ]
    assert {entry.target.namespace for entry in mine} == {namespace}


def _may_read_absent(client: ApiClient, path: str) -> bool:
    try:
        return _may_read(client, path)
    except NotFoundException:
        return True


def test_the_raw_keyspace_shows_where_a_value_is(cluster: Cluster, namespace: str) -> None:
    literal = "--from-literal=password=correct-horse-battery"
    cluster.kubectl("create", "secret", "generic", "db", f"--namespace={namespace}", literal)
    holders = [key for key, value in cluster.etcd_dump() if b"correct-horse-battery" in value]
    assert holders == [f"/registry/secrets/{namespace}/db".encode()]


def test_the_raw_keyspace_comes_in_pages(cluster: Cluster, namespace: str, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = {key for key, _ in cluster.etcd_dump(b"/registry/clusterroles/")}
    monkeypatch.setattr("tests.cluster.etcd.PAGE", 7)
    pages = [key for key, _ in cluster.etcd_dump(b"/registry/clusterroles/")]
    assert len(pages) > 50
    assert pages == sorted(everything)


def test_a_second_one_stands_beside_it_even_if_its_port_was_taken(
    cluster: Cluster, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = tmp_path / "widgets.yaml"
    manifest.write_text(WIDGETS)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    cluster.request("POST", config_maps(namespace), {"metadata": {"name": "here"}})

    def use_and_fail() -> None:
        with control_plane([manifest]) as second:
            assert second.url != cluster.url
            assert not second.exists(f"/api/v1/namespaces/{namespace}")
            _check_that_widgets_are_collected(second)
            assert second.directory.parent == tmp_path
            assert processes_of(tmp_path) == {"sh", *CONTROL_PLANE.programs}
            raise ZeroDivisionError

    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = [taken.getsockname()[1]]
        monkeypatch.setattr(starter, "free_port", lambda: ports.pop() if ports else free_port())
        with pytest.raises(ZeroDivisionError):
            use_and_fail()
    assert not ports, "the taken port was tried"
    assert not processes_of(tmp_path)
    assert list(tmp_path.iterdir()) == [manifest]
    assert cluster.exists(f"{config_maps(namespace)}/here")


def _check_that_widgets_are_collected(cluster: Cluster) -> None:
    widgets = "/apis/example.org/v1/namespaces/default/widgets"
    body = {"apiVersion": "example.org/v1", "kind": "Widget", "metadata": {"name": "owner"}}
    owner = cluster.request("POST", widgets, body)
    owned = {"name": "owned", "ownerReferences": [owner_reference(owner, "Widget", "example.org/v1")]}
    cluster.request("POST", config_maps("default"), {"metadata": owned})
    cluster.request("DELETE", f"{widgets}/owner")
    cluster.wait_for_absence(f"{config_maps('default')}/owned", timeout=10)


def test_a_program_that_dies_at_start_shows_its_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = binaries()
    (tmp_path / "etcd").symlink_to(real.etcd)
    (tmp_path / "kube-controller-manager").symlink_to(real.kube_controller_manager)
    write_script(tmp_path / "kube-apiserver", "echo 'no such luck' >&2; exit 3")
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with (
        pytest.raises(ProcessEndedError, match=r"kube-apiserver ended with 3(?s:.*)no such luck"),
        control_plane(),
    ):
        pytest.fail("it must not start")
    assert not processes_of(tmp_path)
    assert not list(tmp_path.glob("paramsync-cluster-*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_command_prints_a_kubeconfig_and_leaves_nothing_behind(number: signal.Signals) -> None:
    with command() as running:
        assert running.stdout
        line = next(line for line in running.stdout if "export KUBECONFIG=" in line)
        kubeconfig = Path(line.strip().removeprefix("export KUBECONFIG="))
        names = kubectl(kubeconfig, "get", "namespaces", "--output=name")
        assert "namespace/default" in names.split()
        assert processes_of(kubeconfig.parent) == {"sh", *CONTROL_PLANE.programs}
        running.send_signal(number)
        assert running.wait(20) == (-signal.SIGKILL if number == signal.SIGKILL else 0)
        wait_until(lambda: not processes_of(kubeconfig.parent), "all processes are gone", 10)
        assert not kubeconfig.parent.exists()


@contextmanager
def command(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """`python -m tests.cluster`, ended with the context at the latest."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.cluster", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def write_script(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def fake_go(directory: Path, build: str) -> dict[str, str]:
    """An environment with a `go` that says it is new and builds as told, with the output's path in $out."""
    write_script(
        directory / "go",
        f"""[ "$1" = env ] && echo go1.26.0 && exit
while [ "$1" != -o ]; do shift; done
out=$2
{build}""",
    )
    return {
        "PATH": f"{directory}:{os.environ['PATH']}",
        "XDG_CACHE_HOME": str(directory / "cache"),
        "KUBEBUILDER_ASSETS": "",
    }


def test_two_who_need_the_programs_at_once_build_them_once(tmp_path: Path) -> None:
    log = tmp_path / "log"
    environment = fake_go(
        tmp_path, f'echo "$out" >> {log}; mkdir -p "${{out%/*}}"; sleep 0.3; echo > "$out"; chmod +x "$out"'
    )
    with command("build", **environment) as one, command("build", **environment) as other:
        answers = [one.communicate(timeout=60), other.communicate(timeout=60)]
    assert [Path(line).name for line in log.read_text().split()] == list(CONTROL_PLANE.programs)
    (path,) = {out.strip() for out, _ in answers}
    assert sorted(file.name for file in Path(path).iterdir()) == sorted(CONTROL_PLANE.programs)
    progress = "".join(err for _, err in answers)
    assert "building kube-apiserver v1.36.3 (2 of 3" in progress


def test_a_failed_build_shows_why_and_leaves_nothing(tmp_path: Path) -> None:
    with command("build", **fake_go(tmp_path, "echo 'checksum mismatch' >&2; exit 1")) as running:
        _, err = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "checksum mismatch" in err
    assert "Traceback" not in err
    assert [path.suffix for path in (tmp_path / "cache" / "paramsync" / "control-plane").iterdir()] == [".lock"]


def test_given_programs_must_be_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_script(tmp_path / "etcd", "exit")
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    with pytest.raises(BuildError, match="lacks kube-apiserver, kube-controller-manager"):
        binaries()
