"""``paramsync iam-policy`` for what a cluster has, with the rights of whoever asks."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result

from tests.aws.errors import ACCOUNT
from tests.cluster.cluster import AccountKubeconfig, Cluster
from tests.edge.identities import FIRST_ARN, bare
from tests.running.command import READ, person, run
from tests.running.objects import Json, Syncs

OPERATOR = f"arn:aws:iam::{ACCOUNT}:role/paramsync"
ANNOTATION = "eks.amazonaws.com/role-arn"
ACCOUNTS = ("", "serviceaccounts", "get")
STORES = ("paramsync.dev", "parameterstores", "get")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bare(monkeypatch, tmp_path)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")


@pytest.fixture
def app(cluster: Cluster, syncs: Syncs) -> str:
    """A sync that reads with a service account of its namespace; and the account of an operator."""
    api = f"/api/v1/namespaces/{syncs.namespace}/serviceaccounts"
    for name, role in (("reader", FIRST_ARN), ("operator", OPERATOR)):
        cluster.request("POST", api, {"metadata": {"name": name, "annotations": {ANNOTATION: role}}})
    store = {
        "apiVersion": "paramsync.dev/v1alpha1",
        "kind": "ParameterStore",
        "metadata": {"name": "own"},
        "spec": {"serviceAccountRef": {"name": "reader"}, "roleArn": f"arn:aws:iam::{ACCOUNT}:role/{syncs.namespace}"},
    }
    cluster.request("POST", f"/apis/paramsync.dev/v1alpha1/namespaces/{syncs.namespace}/parameterstores", store)
    syncs.create("app", "/prod/pay", storeRef={"kind": "ParameterStore", "name": "own"})
    return f"{syncs.namespace}/app"


@pytest.fixture
def developer(cluster: Cluster, syncs: Syncs) -> Iterator[AccountKubeconfig]:
    with person(cluster, syncs.namespace, READ, STORES, ACCOUNTS) as kubeconfig:
        yield kubeconfig


def asked(kubeconfig: Path, app: str, *more: str) -> Result:
    namespace = app.partition("/")[0]
    return run(kubeconfig, "iam-policy", "--service-account", f"{namespace}/operator", "-o", "json", *more)


def roles(result: Result) -> dict[str, Json]:
    return {each["role"]: each for each in json.loads(result.stdout)["roles"]}


def test_a_sync_by_its_name(developer: AccountKubeconfig, app: str) -> None:
    result = asked(developer, app, app, "--oidc-provider", "https://oidc.example.com/id/1")
    assert (result.exit_code, result.stderr) == (0, "")
    namespace = app.partition("/")[0]
    found = roles(result)
    own = f"arn:aws:iam::{ACCOUNT}:role/{namespace}"
    assert set(found) == {FIRST_ARN, own}
    actions = [each["Action"] for each in found[own]["policy"]["Statement"]]
    assert actions == ["ssm:GetParametersByPath", "ssm:GetParameters", "kms:Decrypt"]
    (assumes,) = found[FIRST_ARN]["policy"]["Statement"]
    assert (assumes["Action"], assumes["Resource"]) == ("sts:AssumeRole", own)
    (trusts,) = found[FIRST_ARN]["trust"]["Statement"]
    assert trusts["Condition"]["StringEquals"]["oidc.example.com/id/1:sub"] == (
        f"system:serviceaccount:{namespace}:reader"
    )


def test_all_of_a_cluster(cluster: Cluster, app: str) -> None:
    found = roles(asked(cluster.kubeconfig, app, "--cluster"))
    assert f"arn:aws:iam::{ACCOUNT}:role/{app.partition('/')[0]}" in found, "beside those of other tests"


def test_what_may_not_be_read_is_told(cluster: Cluster, syncs: Syncs, app: str, developer: AccountKubeconfig) -> None:
    everything = asked(developer, app, "--cluster")
    assert (everything.exit_code, everything.stdout) == (1, "")
    assert "list parametersyncs" in everything.stderr
    with person(cluster, syncs.namespace, READ, STORES) as stranger:
        result = asked(stranger, app, app)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "serviceaccounts" in result.stderr


def test_the_operators_account_is_read_only_where_its_role_reads(
    syncs: Syncs, app: str, developer: AccountKubeconfig, tmp_path: Path
) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text("stores: {default: {access: [{namespaces: ['*'], paths: [/prod]}]}}")
    syncs.create("other", "/prod/pay")
    other = ("iam-policy", f"{syncs.namespace}/other", "-o", "json", "--settings", str(settings))
    result = run(developer, *other)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "may not read the operator's service account paramsync/paramsync; give its role" in result.stderr
    assert set(roles(run(developer, *other, "--operator-role", OPERATOR))) == {OPERATOR}
    assert set(roles(run(developer, *other, "--service-account", f"{syncs.namespace}/operator"))) == {OPERATOR}
    assert run(developer, "iam-policy", app, "-o", "json").exit_code == 0
