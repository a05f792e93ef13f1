"""``paramsync doctor`` on a real control plane: what it finds whole, what it finds broken, and what it may not see."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from paramsync import __version__
from paramsync.cli.main import main
from paramsync.core.diagnosis import OF_OPERATOR
from tests.aws import errors
from tests.aws.clients import access_key
from tests.aws.faults import drop
from tests.aws.proxy import Proxy
from tests.cluster.cluster import Cluster
from tests.cluster.waiting import wait_until
from tests.edge.policies import ACCOUNT, installed, release
from tests.load.stub import Stub, run_stub
from tests.rights.comparing import granted_to
from tests.running.command import CONFIG_MAPS, READ, SECRETS, person

LEASES = "/apis/coordination.k8s.io/v1/namespaces/{}/leases"
DEPLOYMENTS = "/apis/apps/v1/namespaces/{}/deployments"
POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings"

STORES = "/apis/paramsync.dev/v1alpha1/parameterstores"

Json = dict[str, Any]


def deployment(home: str) -> Json:
    labels = {"app.kubernetes.io/name": "paramsync"}
    container = {
        "name": "paramsync",
        "image": f"registry.example/paramsync:{__version__}",
        "args": ["run", f"--lease={home}/{ACCOUNT}"],
    }
    return {
        "metadata": {"name": ACCOUNT, "labels": labels},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"serviceAccountName": ACCOUNT, "containers": [container]},
            },
        },
    }


def lease(renewed: datetime) -> Json:
    return {
        "metadata": {"name": ACCOUNT},
        "spec": {
            "holderIdentity": "pod-1",
            "leaseDurationSeconds": 10,
            "renewTime": renewed.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        },
    }


@pytest.fixture
def operator(cluster: Cluster, home: str, bound: object) -> Iterator[str]:
    """An installation whose pods are said to be ready, and whose Lease was renewed a moment ago."""
    assert bound is not None
    cluster.request("POST", DEPLOYMENTS.format(home), deployment(home))
    path = f"{DEPLOYMENTS.format(home)}/{ACCOUNT}"
    status = {"status": {"replicas": 2, "readyReplicas": 2}}
    cluster.request("PATCH", f"{path}/status", status, content_type="application/merge-patch+json")
    cluster.request("POST", LEASES.format(home), lease(datetime.now(UTC) + timedelta(minutes=5)))
    yield f"{home}/{ACCOUNT}"
    cluster.request("DELETE", path)
    cluster.request("DELETE", f"{LEASES.format(home)}/{ACCOUNT}")


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def doctor(kubeconfig: Path, *arguments: str) -> Result:
    result = CliRunner().invoke(main, ["doctor", "--kubeconfig", str(kubeconfig), *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def found(result: Result) -> dict[str, Json]:
    return {each["check"]: each for each in json.loads(result.stdout)}


def verdicts(result: Result) -> dict[str, str]:
    return {check: each["verdict"] for check, each in found(result).items()}


def test_all_is_well(cluster: Cluster, operator: str) -> None:
    wait_until(lambda: not cluster.request("GET", STORES)["items"], "the namespaces of other tests are gone", 60)
    result = doctor(cluster.kubeconfig, "-o", "json")
    assert result.exit_code == 0, result.stdout
    assert verdicts(result) == {
        "cluster": "ok",
        "clock of the API server": "ok",
        "definition parametersyncs": "ok",
        "definition clusterparameterstores": "ok",
        "definition parameterstores": "ok",
        "operator": "ok",
        "leader": "ok",
        "policies": "ok",
        "rights of the operator": "ok",
        "your rights": "ok",
        "AWS": "skip",
    }
    lines = doctor(cluster.kubeconfig, "--operator", operator).stdout.splitlines()
    assert "ok    leader: pod-1 leads" in lines
    assert lines[0].startswith("ok    cluster: the API server answers; Kubernetes v1.")


def test_what_is_broken_is_said_with_what_to_mend(cluster: Cluster, operator: str, home: str) -> None:
    merge = "application/merge-patch+json"
    path = f"{LEASES.format(home)}/{ACCOUNT}"
    stale = {"spec": {"renewTime": lease(datetime.now(UTC) - timedelta(hours=1))["spec"]["renewTime"]}}
    cluster.request("PATCH", path, stale, content_type=merge)
    status = {"status": {"readyReplicas": 0}}
    cluster.request("PATCH", f"{DEPLOYMENTS.format(home)}/{ACCOUNT}/status", status, content_type=merge)
    result = doctor(cluster.kubeconfig, "-o", "json", "--operator", operator)
    assert result.exit_code == 1
    assert {check for check, verdict in verdicts(result).items() if verdict == "fail"} == {"leader", "operator"}
    assert found(result)["leader"]["remedy"] == "see whether the operator's pods run, and their log"
    assert "fail  leader: pod-1 holds Lease" in doctor(cluster.kubeconfig).stdout


def test_a_policy_without_a_binding(cluster: Cluster, operator: str, home: str) -> None:
    name = f"{release(home)}-tokens"
    body = cluster.request("GET", f"{POLICIES}/{name}")
    cluster.request("DELETE", f"{POLICIES}/{name}")
    try:
        policies = found(doctor(cluster.kubeconfig, "-o", "json"))["policies"]
    finally:
        for field in ("uid", "resourceVersion", "creationTimestamp"):
            del body["metadata"][field]
        cluster.request("POST", POLICIES, body)
    assert (policies["verdict"], policies["text"]) == ("warn", f"without a binding: {name}")


def test_rights_that_are_missing(cluster: Cluster, home: str) -> None:
    with cluster.namespace("bare") as bare:
        body = deployment(home)
        body["spec"]["template"]["spec"]["serviceAccountName"] = "default"
        cluster.request("POST", DEPLOYMENTS.format(bare), body)
        result = doctor(cluster.kubeconfig, "-o", "json", "--operator", f"{bare}/{ACCOUNT}", "-n", bare)
        cluster.request("DELETE", f"{DEPLOYMENTS.format(bare)}/{ACCOUNT}")
    assert result.exit_code == 1
    rights = found(result)["rights of the operator"]
    assert rights["verdict"] == "fail"
    assert rights["text"].startswith(f"system:serviceaccount:{bare}:default may not get secrets, create secrets,")
    assert found(result)["policies"]["verdict"] == "warn"


def test_a_person_with_few_rights_is_told_what_could_not_be_seen(
    cluster: Cluster, namespace: str, operator: str
) -> None:
    with person(cluster, namespace, READ) as kubeconfig:
        result = doctor(kubeconfig, "-n", namespace, "-o", "json")
        named = doctor(kubeconfig, "-n", namespace, "-o", "json", "--operator", operator)
    assert result.exit_code == 0, result.stdout
    assert verdicts(result) == {
        "cluster": "ok",
        "clock of the API server": "ok",
        "definitions": "skip",
        "operator": "skip",
        "statuses of ClusterParameterStores": "skip",
        "statuses of ParameterStores": "skip",
        "your rights": "warn",
        "AWS": "skip",
    }
    assert "you may not get configmaps (for explain and plan);" in found(result)["your rights"]["text"]
    assert found(named)["operator"]["verdict"] == "skip"


def test_a_deployment_that_is_not_there(cluster: Cluster) -> None:
    assert found(doctor(cluster.kubeconfig, "-o", "json", "--operator", "no/where"))["operator"]["verdict"] == "fail"
    assert found(doctor(cluster.kubeconfig, "-o", "json"))["operator"]["verdict"] == "warn"
    assert doctor(cluster.kubeconfig, "--operator", "nowhere").exit_code == 1


def test_no_cluster(tmp_path: Path, cluster: Cluster) -> None:
    broken = tmp_path / "kubeconfig"
    broken.write_text(cluster.kubeconfig.read_text().replace(cluster.url, "https://127.0.0.1:1"))
    result = doctor(broken, "-o", "json")
    assert (result.exit_code, verdicts(result)) == (1, {"cluster": "fail"})
    broken.write_text("nothing: here")
    assert verdicts(doctor(broken, "-o", "json")) == {"cluster": "fail"}


def test_who_you_are_in_aws_and_what_you_may_read(
    cluster: Cluster, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", f"AKIA{errors.ACCOUNT}")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "dummy")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", proxy.url)
    stores = "/apis/paramsync.dev/v1alpha1/clusterparameterstores"
    for name, path in (("doctor-a", "/prod"), ("doctor-b", "/prod/{namespace}")):
        spec = {"region": "eu-west-1", "endpoint": proxy.url, "access": [{"namespaces": ["*"], "paths": [path]}]}
        head = {"apiVersion": "paramsync.dev/v1alpha1", "kind": "ClusterParameterStore", "metadata": {"name": name}}
        cluster.request("POST", stores, {**head, "spec": spec})
    try:
        result = doctor(cluster.kubeconfig, "-o", "json")
        proxy.add(drop(), action="GetCallerIdentity")
        without_sts = found(doctor(cluster.kubeconfig, "-o", "json"))
    finally:
        for name in ("doctor-a", "doctor-b"):
            cluster.request("DELETE", f"{stores}/{name}")
    seen = found(result)
    assert (without_sts["AWS"]["verdict"], without_sts["ClusterParameterStore doctor-a"]["verdict"]) == ("warn", "ok")
    assert (seen["AWS"]["verdict"], seen["AWS"]["text"][:20]) == ("ok", "you are arn:aws:sts:")
    assert seen["clock of AWS"]["verdict"] == "ok"
    store = seen["ClusterParameterStore doctor-a"]
    assert (store["verdict"], store["text"]) == ("ok", "a page of /prod was read: 0 parameters")
    assert seen["ClusterParameterStore doctor-b"]["verdict"] == "skip"
    said = seen["ClusterParameterStore doctor-a, by its status"]
    assert (said["verdict"], said["text"]) == ("warn", "the operator has said nothing of it yet")
    assert not [call for call in proxy.calls("GetParametersByPath") if call.body.get("WithDecryption")]


@pytest.fixture
def team(cluster: Cluster, namespace: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """A namespace with a ParameterStore that may assume its role, at a stub of AWS with three parameters."""
    with run_stub() as stub:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", access_key())
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "dummy")
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", stub.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", stub.url)
        for name in ("a", "b", "c"):
            stub.put(f"/team/{name}", "value", "SecureString")
        account = {"metadata": {"name": "reader", "annotations": {"eks.amazonaws.com/role-arn": READER}}}
        cluster.request("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts", account)
        spec = {"region": "eu-west-1", "serviceAccountRef": {"name": "reader"}}
        make(cluster, namespace, "ParameterStore", "own", spec)
        yield stub


READER = f"arn:aws:iam::{errors.ACCOUNT}:role/reader"
LIST = (
    ("paramsync.dev", "parametersyncs", "list"),
    ("paramsync.dev", "parameterstores", "list,get"),
    ("", "serviceaccounts", "get"),
)


def make(cluster: Cluster, namespace: str, kind: str, name: str, spec: Json) -> None:
    head = {"apiVersion": "paramsync.dev/v1alpha1", "kind": kind, "metadata": {"name": name}}
    path = f"/apis/paramsync.dev/v1alpha1/namespaces/{namespace}/{kind.lower()}s"
    cluster.request("POST", path, {**head, "spec": spec})


def reads_with_own(path: str = "/team") -> Json:
    return {"sources": [{"path": path}], "storeRef": {"kind": "ParameterStore", "name": "own"}}


def test_with_a_parameter_store_a_page_is_read_as_the_operator_does(
    cluster: Cluster, namespace: str, team: Stub
) -> None:
    check = f"ParameterStore {namespace}/own"
    unused = found(doctor(cluster.kubeconfig, "-o", "json"))[check]
    assert unused["verdict"] == "skip"
    assert team.counts.arrived() == 0
    make(cluster, namespace, "ParameterSync", "app", reads_with_own())
    seen = found(doctor(cluster.kubeconfig, "-o", "json"))[check]
    assert (seen["verdict"], seen["text"]) == ("ok", "a page of /team was read: 3 parameters")
    assert team.counts.decrypted == 0
    assert [each.name for each in team.identities.sessions(READER)] == [f"paramsync@{namespace}.own"]


def test_a_role_that_may_not_be_assumed_by_its_service_account_fails(
    cluster: Cluster, namespace: str, team: Stub
) -> None:
    make(cluster, namespace, "ParameterSync", "app", reads_with_own())
    team.identities.deny(READER)
    result = doctor(cluster.kubeconfig, "-o", "json")
    seen = found(result)[f"ParameterStore {namespace}/own"]
    assert (result.exit_code, seen["verdict"]) == (1, "fail")
    assert seen["text"].startswith("/team cannot be read: ")


def test_who_may_create_no_token_is_told_so(cluster: Cluster, namespace: str, team: Stub) -> None:
    make(cluster, namespace, "ParameterSync", "app", reads_with_own())
    with person(cluster, namespace, *LIST) as kubeconfig:
        seen = found(doctor(kubeconfig, "-n", namespace, "-o", "json"))
        elsewhere = found(doctor(kubeconfig, "-n", "default", "-o", "json"))
    check = f"ParameterStore {namespace}/own"
    assert seen[check]["verdict"] == "skip"
    assert "you may not create (serviceaccounts/token)" in seen[check]["text"]
    assert seen[f"{check}, by its status"]["verdict"] == "warn"
    assert (seen["ClusterParameterStores"]["verdict"], elsewhere["ParameterStores"]["verdict"]) == ("skip", "skip")
    assert team.counts.arrived() == 0


def test_who_may_not_see_a_store_can_plan_as_themselves(
    cluster: Cluster, namespace: str, team: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    make(cluster, namespace, "ParameterSync", "app", {"sources": [{"path": "/team"}]})
    with person(cluster, namespace, READ, CONFIG_MAPS, SECRETS) as kubeconfig:
        arguments = ["plan", "--kubeconfig", str(kubeconfig), f"{namespace}/app", "-o", "json"]
        refused = CliRunner().invoke(main, arguments)
        result = CliRunner().invoke(main, [*arguments, "--as-me"])
    (told,) = json.loads(refused.stdout)["syncs"][0]["problems"]
    assert refused.exit_code == 1
    assert "default may not be read: give it with -f" in told["message"]
    assert "in which you may get ClusterParameterStores" in told["message"]
    (found,) = json.loads(result.stdout)["syncs"]
    assert (result.exit_code, len(found["actions"])) == (2, 3)
    assert "may not be read: its path is read as yourself" in found["problems"][0]["message"]


def test_the_rights_that_are_asked_for_are_those_that_the_chart_gives(home: str) -> None:
    given = {
        (right.group, right.resource, right.verb)
        for right in granted_to(installed(home), home, ACCOUNT)
        if right.resource != "leases"
    }
    assert {(right.group, right.resource, right.verb) for right in OF_OPERATOR} == given
