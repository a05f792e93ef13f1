"""A cluster as the readers of the pages have it: the operator installed, and the objects there that the pages name."""

import json
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.aws.emulator import Emulator
from tests.cluster.access import kubectl_program
from tests.cluster.cluster import Cluster
from tests.conftest import ROOT
from tests.documents.blocks import PROGRAMS, Kind, all_blocks
from tests.documents.claims import PLACEHOLDERS
from tests.programs import flux

OWN = frozenset(("cat", "cd", "eval", "export", "sed"))
"""What the shell does, or a program that may do as it likes."""

FILES = {
    "password.txt": "p4ssw0rd",
    "tls.crt": "certificate",
    "tls.key": "key",
    "config.json": "{}",
    "values.yaml": "region: eu-west-1",
    "settings.yaml": "region: eu-west-1",
}
"""What the reader of a page has made before."""

SYNC = {"sources": [{"path": "/prod/payment-service"}]}
METADATA = {
    "labels": {"app.kubernetes.io/managed-by": "paramsync"},
    "annotations": {"paramsync.dev/sync": "payment-service", "paramsync.dev/provenance": "{}"},
}


@dataclass(frozen=True)
class Reader:
    """Somebody at a shell, with a checkout, who does what a page says."""

    cluster: Cluster
    checkout: Path
    environment: dict[str, str]

    def run(self, commands: str, *, patience: float = 60.0) -> "subprocess.CompletedProcess[str]":
        """Run commands; the first one that fails ends it.

        :param patience: seconds until they are ended.
        """
        for word, meant in PLACEHOLDERS.items():
            commands = re.sub(rf"(?<![A-Z_]){re.escape(word)}(?![A-Z_])", meant, commands)
        command = ["/bin/bash", "-euo", "pipefail", "-c", commands]
        return subprocess.run(
            command, cwd=self.checkout, env=self.environment, capture_output=True, text=True, timeout=patience, input=""
        )


@pytest.fixture(scope="package")
def documented_cluster() -> Iterator[Cluster]:
    """A control plane of its own, for the pages speak of namespaces by names that other tests use."""
    from tests.cluster.control_plane import control_plane  # noqa: PLC0415  (imports the kubernetes client)

    with control_plane() as running:
        yield running


@pytest.fixture(scope="package")
def reader(
    documented_cluster: Cluster,
    helm_program: Path,
    gh_program: Path,
    cosign_reference: Path,
    emulator: Emulator,
    tmp_path_factory: pytest.TempPathFactory,
) -> Reader:
    """A reader whose programs change nothing but by a dry run."""
    home = tmp_path_factory.mktemp("reader")
    environment = {
        "HOME": str(home),
        "KUBECONFIG": str(documented_cluster.kubeconfig),
        "KUBERC": "off",
        "PATH": f"{programs(home / 'bin')}:/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        "COSIGN_REFERENCE": str(cosign_reference),
        "REAL_GH": str(gh_program),
        "REAL_HELM": str(helm_program),
        "REAL_KUBECTL": kubectl_program(),
        "AWS_ENDPOINT_URL_SSM": emulator.url,
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "AKIA111122223333",
        "AWS_SECRET_ACCESS_KEY": "dummy",
        "NO_PROXY": "*",
        # In place of the editor in which a message is written.
        "GIT_EDITOR": "echo A version. >",
    }
    emulator.reset()
    install(documented_cluster, helm_program, home)
    populate(documented_cluster)
    folder = checkout(home / "checkout")
    repository(folder, home)
    return Reader(documented_cluster, folder, environment)


def programs(folder: Path) -> Path:
    """A folder with a stand-in for every program that the pages may name."""
    folder.mkdir()
    for name in (PROGRAMS - OWN) | {"grep"}:
        file = folder / name
        file.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m tests.documents.stand_in {name} "$@"\n')
        file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return folder


def checkout(folder: Path) -> Path:
    """The checkout that pages speak of, with the files that their readers have made."""
    folder.mkdir()
    for name in ("crds", "deploy", "docs", "operator", "release", "requirements"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (".dockerignore", "CHANGELOG.md", "Dockerfile", "LICENSE", "Makefile", "README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    (folder / "sync.yaml").write_text(yaml.safe_dump(resource("ParameterSync", "payment-service", SYNC)))
    return folder


def repository(folder: Path, home: Path) -> None:
    """Make a repository of a folder, whose owner signs by an SSH key; without that where there is no OpenSSH."""
    settings = {"user.name": "Reader", "user.email": "reader@example.com", "init.defaultBranch": "main"}
    if has_ssh_keygen():
        key, signers = home / "key", home / "signers"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        signers.write_text(f"reader@example.com {key.with_suffix('.pub').read_text()}")
        settings |= {"gpg.format": "ssh", "user.signingKey": str(key), "gpg.ssh.allowedSignersFile": str(signers)}
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin", "GIT_CONFIG_NOSYSTEM": "1"}
    for command in (
        *(["config", "--global", name, text] for name, text in settings.items()),
        ["init", "--quiet"],
        ["add", "."],
        ["commit", "--quiet", "--message", "All"],
    ):
        subprocess.run(["/usr/bin/git", *command], cwd=folder, env=environment, check=True)


def has_ssh_keygen() -> bool:
    return shutil.which("ssh-keygen", path="/usr/bin:/bin") is not None


def install(cluster: Cluster, helm_program: Path, home: Path) -> None:
    """Install the operator's release."""
    environment = {"HOME": str(home), "KUBECONFIG": str(cluster.kubeconfig)}
    chart = ROOT / "deploy" / "helm" / "paramsync"
    command = [str(helm_program), "install", "paramsync", str(chart), "--namespace", "paramsync", "--create-namespace"]
    subprocess.run(
        [*command, "--set", "region=eu-west-1"], env=environment, check=True, capture_output=True, timeout=120
    )


def populate(cluster: Cluster) -> None:
    """Make what the pages speak of as being there."""
    for path in flux.definitions():
        cluster.kubectl("apply", "--server-side", "-f", str(path))
    cluster.kubectl("wait", "--for=condition=Established", "crd", "--all")
    # The policies would refuse their deletion, for what says that it is meant is a dry run only.
    cluster.kubectl("annotate", "crd", "--all", "paramsync.dev/allow-deletion=true")
    for name in sorted(namespaces()):
        cluster.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    for name in namespaces():
        cluster.wait_for_object(f"/api/v1/namespaces/{name}/serviceaccounts/default")
    owner = {"apiVersion": "v1", "kind": "Namespace", "name": "payments", "uid": "6a6e0d2c-0000-4000-8000-000000000000"}
    for kind, namespace, name in (
        ("Secret", "payments", "payment-service"),
        ("ConfigMap", "payments", "payment-service"),
        ("Secret", "default", "payment-service"),
        ("Secret", "web", "web-tls"),
        ("ConfigMap", "argocd", "argocd-cm"),
    ):
        # The finalizer keeps it: the garbage collector finds that its owner is not there.
        owned = {"finalizers": ["example.com/keep"], "ownerReferences": [owner]} if namespace == "payments" else {}
        metadata = {**METADATA, "name": name, "namespace": namespace, **owned}
        made = {"apiVersion": "v1", "kind": kind, "metadata": metadata}
        cluster.kubectl("apply", "-f", "-", input=json.dumps(made))
    cluster.kubectl("apply", "-f", "-", input=json.dumps(external_secret_definition()))
    cluster.kubectl("wait", "--for=condition=Established", "crd", "externalsecrets.external-secrets.io")
    container = {"name": "operator", "image": "registry.example.com/paramsync:1", "command": ["paramsync"]}
    pod = {"serviceAccountName": "paramsync", "containers": [container]}
    external = resource("ExternalSecret", "payment-service", {}) | {"apiVersion": "external-secrets.io/v1"}
    for each in (
        resource("ParameterSync", "payment-service", SYNC),
        resource("ParameterSync", "payment-service", SYNC, namespace="default"),
        *(resource("ParameterSync", name, SYNC) for name in ("other", "app")),
        resource("Pod", "paramsync-0", pod, namespace="paramsync") | {"apiVersion": "v1"},
        resource("Lease", "paramsync", {}, namespace="paramsync") | {"apiVersion": "coordination.k8s.io/v1"},
        external,
    ):
        cluster.kubectl("apply", "-f", "-", input=json.dumps(each))
    ready = {"type": "Ready", "status": "True", "reason": "Synced", "message": "", "observedGeneration": 1}
    status = {"observedGeneration": 1, "conditions": [{**ready, "lastTransitionTime": "2026-01-01T00:00:00Z"}]}
    cluster.kubectl(
        *("patch", "psync", "payment-service", "-n", "payments", "--subresource=status", "--type=merge"),
        *("-p", json.dumps({"status": status})),
    )


def resource(kind: str, name: str, spec: object, *, namespace: str = "payments") -> dict[str, object]:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "paramsync.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


def external_secret_definition() -> object:
    """The kind of External Secrets Operator, without its fields: that is not there."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    names = {"kind": "ExternalSecret", "plural": "externalsecrets", "singular": "externalsecret"}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "externalsecrets.external-secrets.io"},
        "spec": {"group": "external-secrets.io", "scope": "Namespaced", "names": names, "versions": [version]},
    }


def namespaces() -> set[str]:
    """The namespaces that manifests and commands of the pages name."""
    texts = [block.text for kind in (Kind.YAML, Kind.SCRIPT) for block in all_blocks(kind)]
    named = {name for text in texts for name in re.findall(r"(?:-n|--namespace|namespace:) ([a-z][a-z0-9-]*)", text)}
    return named - {"paramsync", "default", "kube-system"}
