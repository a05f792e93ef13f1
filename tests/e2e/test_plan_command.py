"""``paramsync plan`` against a cluster: what the operator that runs there would do."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from click.testing import Result

from tests.aws import errors
from tests.cluster.cluster import AccountKubeconfig
from tests.e2e.scene import REMOVAL, Json, Scene
from tests.running.command import CONFIG_MAPS, READ, SECRETS, person, run

SLOW = "1h"
Plan = Callable[..., Result]


@pytest.fixture
def settings(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", f"AKIA{errors.ACCOUNT}")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "dummy")
    monkeypatch.setenv("AWS_ACCOUNT_ID", errors.ACCOUNT)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    file = tmp_path / "settings.yaml"
    store = {
        "region": "eu-west-1",
        "endpoint": scene.proxy.url,
        "access": [{"namespaces": ["*"], "paths": ["/{namespace}"]}],
    }
    file.write_text(yaml.safe_dump({"stores": {"default": store}}))
    return file


@pytest.fixture
def developer(scene: Scene) -> Iterator[AccountKubeconfig]:
    """Somebody who may read the sync and its targets, and change nothing."""
    with person(scene.syncs.cluster, scene.syncs.namespace, READ, CONFIG_MAPS, SECRETS) as kubeconfig:
        yield kubeconfig


@pytest.fixture
def plan(scene: Scene, developer: AccountKubeconfig, settings: Path) -> Plan:
    return lambda *more: run(developer, "plan", "--settings", str(settings), "-o", "json", *more)


@pytest.fixture
def sync(scene: Scene) -> str:
    """The full name of a sync that looks for news by itself in an hour."""
    scene.put_app()
    scene.synced("app", interval=SLOW)
    return f"{scene.syncs.namespace}/app"


def actions(result: Result) -> set[tuple[str, str, bool]]:
    (told,) = json.loads(result.stdout)["syncs"]
    return {(each["action"], each["key"], each.get("held", False)) for each in told["actions"]}


def test_what_is_equal_stays(plan: Plan, sync: str) -> None:
    result = plan(sync)
    assert (result.exit_code, actions(result)) == (0, set()), result.output


def test_what_would_change_is_told_and_not_done(scene: Scene, plan: Plan, sync: str) -> None:
    before = scene.syncs.get("app"), scene.syncs.data("ConfigMap", "app")
    scene.put("app/host", "other")
    scene.put("app/zone", "a")
    result = plan(sync)
    assert (result.exit_code, actions(result)) == (2, {("change", "HOST", False), ("add", "ZONE", False)})
    assert (scene.syncs.get("app"), scene.syncs.data("ConfigMap", "app")) == before


def test_what_the_guard_would_hold_has_an_exit_code_of_its_own(scene: Scene, plan: Plan, sync: str) -> None:
    scene.delete("app/host", "app/port", "app/user")
    result = plan(sync)
    assert result.exit_code == 3, result.output
    assert actions(result) == {("remove", "HOST", True), ("remove", "PORT", True), ("remove", "USER", True)}
    (told,) = json.loads(result.stdout)["syncs"]
    assert {each["type"] for each in told["actions"]} == {"String", "SecureString"}
    scene.syncs.refresh("app")
    held = scene.syncs.wait_reason("app", "RemovalBlocked", REMOVAL)["status"]["plan"]["digest"]
    assert told["digest"] == held, "it is the operator's own plan"


def test_a_file_is_planned_for_what_the_cluster_has(scene: Scene, plan: Plan, sync: str, tmp_path: Path) -> None:
    found = scene.syncs.get("app")
    spec: Json = {**found["spec"], "keys": {"rename": {"host": "DATABASE_HOST"}}}
    edited = {"apiVersion": found["apiVersion"], "kind": found["kind"], "spec": spec}
    file = tmp_path / "app.json"
    file.write_text(json.dumps(edited | {"metadata": {"name": "app", "namespace": scene.syncs.namespace}}))
    result = plan("-f", str(file))
    assert (result.exit_code, actions(result)) == (2, {("add", "DATABASE_HOST", False), ("remove", "HOST", False)})


def test_who_may_not_read_a_target_is_told(scene: Scene, settings: Path, sync: str) -> None:
    with person(scene.syncs.cluster, scene.syncs.namespace, READ, CONFIG_MAPS) as kubeconfig:
        result = run(kubeconfig, "plan", "--settings", str(settings), sync)
    assert result.exit_code == 1
    right = f"it needs the right to get secrets in namespace {scene.syncs.namespace}"
    assert f"read Secret app: the API server refuses (Forbidden); {right}\n" in result.stderr
