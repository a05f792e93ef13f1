"""The life of an installation: Helm, the image, nodes and a real control plane; nothing that was written is lost."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.helm.generating import ROOT
from tests.aws.emulator import Emulator
from tests.cluster.access import KubectlError
from tests.cluster.waiting import wait_until
from tests.helm.rendering import HelmError
from tests.life_cycle.release import NAME, Release
from tests.running.objects import Syncs

pytestmark = pytest.mark.timeout(240)

Json = dict[str, Any]
KINDS = ("Secret", "ConfigMap")


def first_sync(release: Release, emulator: Emulator) -> Syncs:
    """A team with a sync that is Synced."""
    release.cluster.request("POST", "/api/v1/namespaces", {"metadata": {"name": "payments"}})
    emulator.put("/payments/app/password", "secret", "SecureString")
    emulator.put("/payments/app/host", "db")
    syncs = Syncs(release.cluster, "payments")
    syncs.create("app", "/payments/app")
    syncs.wait_reason("app", "Synced")
    assert syncs.data("Secret", "app") == {"PASSWORD": "secret"}
    assert syncs.data("ConfigMap", "app") == {"HOST": "db"}
    return syncs


def versions(syncs: Syncs) -> list[tuple[str, str]]:
    """What changes with every write of a target, and when it is made anew."""
    found = [syncs.target(kind, "app") for kind in KINDS]
    return [(each["metadata"]["uid"], each["metadata"]["resourceVersion"]) for each in found if each is not None]


def before_a_field(chart: Path) -> str:
    """Make a chart's ParameterSync that of an earlier version, which lacked a field of spec. Returns the field."""
    file = chart / "files" / "crds" / "parametersyncs.paramsync.dev.yaml"
    definition = yaml.safe_load(file.read_text())
    (version,) = definition["spec"]["versions"]
    fields = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    del fields["suspend"]
    file.write_text(yaml.safe_dump(definition))
    return "suspend"


def has_field(release: Release, field: str) -> bool:
    (version,) = release.definition("parametersyncs")["spec"]["versions"]
    return field in version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]


def test_install_upgrade_roll_back_uninstall_install_again(release: Release, emulator: Emulator) -> None:
    now = (release.chart / "files" / "crds" / "parametersyncs.paramsync.dev.yaml").read_text()
    field = before_a_field(release.chart)

    notes = release.install()

    assert "kubectl get psync" in notes
    assert len(release.pods()) == 2
    syncs = first_sync(release, emulator)
    written = versions(syncs)
    assert len(written) == 2
    assert not has_field(release, field)

    (release.chart / "files" / "crds" / "parametersyncs.paramsync.dev.yaml").write_text(now)
    pods = {pod["metadata"]["name"] for pod in release.pods()}
    release.upgrade("--set", "logLevel=debug")

    assert has_field(release, field)
    assert not pods & {pod["metadata"]["name"] for pod in release.pods() if is_alive(pod)}
    emulator.put("/payments/app/host", "db2")
    syncs.wait_data("ConfigMap", "app", {"HOST": "db2"})
    assert versions(syncs)[0] == written[0]

    release.roll_back()

    assert not has_field(release, field)
    emulator.put("/payments/app/host", "db3")
    syncs.wait_data("ConfigMap", "app", {"HOST": "db3"})
    syncs.wait_reason("app", "Synced")
    written = versions(syncs)

    release.uninstall()

    wait_until(lambda: not release.pods(), "the pods are gone")
    assert syncs.get("app")["metadata"]["name"] == "app"
    assert versions(syncs) == written

    release.install()

    leader = release.leader()
    syncs.refresh("app")
    syncs.wait_reason("app", "Synced")
    assert versions(syncs) == written, release.kubelet.logs(leader)


def is_alive(pod: Json) -> bool:
    return "deletionTimestamp" not in pod["metadata"]


def test_a_node_is_drained_and_the_other_replica_goes_on(release: Release, emulator: Emulator) -> None:
    release.install()
    syncs = first_sync(release, emulator)
    leader = release.leader()
    node = next(pod["spec"]["nodeName"] for pod in release.pods() if pod["metadata"]["name"] == leader)

    release.cluster.kubectl("drain", node, "--ignore-daemonsets", "--timeout=60s")

    assert release.leader() != leader
    emulator.put("/payments/app/host", "db2")
    syncs.wait_data("ConfigMap", "app", {"HOST": "db2"})
    wait_until(lambda: len([pod for pod in release.pods() if is_alive(pod)]) == 2, "there are two pods again")
    assert {pod["spec"].get("nodeName") for pod in release.pods() if is_alive(pod)} <= {"one", "two"} - {node, None}


def test_an_eviction_waits_while_a_replica_is_away(release: Release) -> None:
    release.install()
    one, other = (pod["metadata"]["name"] for pod in release.pods())
    budget = f"/apis/policy/v1/namespaces/{NAME}/poddisruptionbudgets/{NAME}"
    wait_until(lambda: release.cluster.request("GET", budget)["status"]["disruptionsAllowed"] == 1, "one may go")
    for node in ("one", "two"):  # the next pod finds no node
        release.cluster.kubectl("cordon", node)

    evict(release, one)
    wait_until(lambda: release.cluster.request("GET", budget)["status"]["disruptionsAllowed"] == 0, "none may go")
    with pytest.raises(Exception, match="disruption budget"):
        evict(release, other)


def evict(release: Release, pod: str) -> None:
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": NAME}}
    release.cluster.request("POST", f"/api/v1/namespaces/{NAME}/pods/{pod}/eviction", body)


def test_it_is_removed_by_the_documented_steps_and_nothing_hangs(release: Release, emulator: Emulator) -> None:
    release.install()
    syncs = first_sync(release, emulator)
    written = versions(syncs)
    cluster = release.cluster
    (refused,) = (each["message"] for each in policy_for_definitions(release)["spec"]["validations"])
    with pytest.raises(KubectlError, match=refused[:40]):
        cluster.kubectl("delete", "-f", str(ROOT / "crds"))

    cluster.kubectl("scale", f"deployment/{NAME}", "-n", NAME, "--replicas=0")
    wait_until(lambda: not release.pods(), "the pods are gone")
    cluster.kubectl("delete", "psync", "--all", "--all-namespaces", "--cascade=orphan", "--timeout=30s")
    cluster.kubectl("annotate", "-f", str(ROOT / "crds"), "paramsync.dev/allow-deletion=true")
    cluster.kubectl("delete", "-f", str(ROOT / "crds"), "--timeout=30s")
    release.uninstall()

    # The collector has taken the owner references that the orphaning removed; the values are as they were.
    assert [uid for uid, _ in versions(syncs)] == [uid for uid, _ in written]
    assert syncs.data("Secret", "app") == {"PASSWORD": "secret"}
    cluster.kubectl("delete", "namespace", NAME, "payments", "--timeout=60s")
    left = cluster.kubectl("get", "clusterroles,clusterrolebindings,validatingadmissionpolicies", "-o", "name")
    assert NAME not in left


def policy_for_definitions(release: Release) -> Json:
    path = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
    found: Json = release.cluster.request("GET", f"{path}/{NAME}-definitions")
    return found


def test_for_some_namespaces_the_chart_s_roles_suffice(release: Release, emulator: Emulator, values: Json) -> None:
    release.cluster.request("POST", "/api/v1/namespaces", {"metadata": {"name": "payments"}})
    release.values.write_text(json.dumps({**values, "watchNamespaces": ["payments"]}))

    release.install()

    emulator.put("/payments/app/host", "db")
    syncs = Syncs(release.cluster, "payments")
    syncs.create("app", "/payments/app")
    syncs.wait_reason("app", "Synced")
    roles = release.cluster.kubectl("get", "clusterroles,clusterrolebindings", "-o", "name")
    assert NAME not in roles


def test_definitions_that_kubectl_applied_become_the_chart_s(release: Release, emulator: Emulator) -> None:
    release.cluster.kubectl("apply", "--server-side", "-f", str(ROOT / "crds"))
    with pytest.raises(HelmError, match="invalid ownership metadata"):
        release.install()

    release.install("--take-ownership")

    first_sync(release, emulator)
