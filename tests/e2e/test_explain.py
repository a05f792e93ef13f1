"""``paramsync explain``: from a key to its parameter, by somebody who has no rights in AWS and sees no Secret."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from paramsync.kube.transport import METADATA_ONLY, Transport
from tests.cluster.access import kubectl
from tests.cluster.cluster import AccountKubeconfig
from tests.e2e.scene import Scene
from tests.running.command import CONFIG_MAPS, READ, SECRETS, person, run
from tests.running.operator import AWS

VALUES = ("db.internal", "lowest", "hunter2", "debug", "info")
TARGETS = [
    {"kind": "Secret", "compose": {"URL": "pg://${host}:${password|urlquote}"}},
    {"kind": "ConfigMap", "files": [{"key": "app.json", "format": "JSON", "include": ["config/**", "zones"]}]},
]


@pytest.fixture
def developer(scene: Scene) -> Iterator[AccountKubeconfig]:
    """Somebody who may read syncs and ConfigMaps."""
    with person(scene.syncs.cluster, scene.syncs.namespace, READ, CONFIG_MAPS) as kubeconfig:
        yield kubeconfig


@pytest.fixture
def sync(scene: Scene) -> str:
    """A sync with an overlay, a renamed key, a file and a composed value."""
    scene.put("shared/host", "lowest")
    scene.put("app/host", "db.internal")
    scene.put("app/port", "5432")
    scene.put("app/zones", "a,b", "StringList")
    scene.put("app/config", json.dumps({"level": "debug", "other": "info"}))
    scene.put("app/password", "hunter2", "SecureString")
    scene.synced(
        "app",
        "shared",
        "app",
        interval="1h",
        keys={"rename": {"port": "PGPORT"}},
        expand={"config": "JSON"},
        targets=TARGETS,
    )
    return f"{scene.syncs.namespace}/app"


def explained(kubeconfig: AccountKubeconfig, *arguments: str) -> dict[str, Any]:
    result = run(kubeconfig, "explain", *arguments, "-o", "json")
    assert result.exit_code == 0, result.output
    for value in VALUES:
        assert value not in result.output
    made: dict[str, Any] = json.loads(result.stdout)
    return made


def keys(document: dict[str, Any]) -> dict[str, Any]:
    return {f"{target['kind']}/{key['key']}": key for target in document["targets"] for key in target["keys"]}


def test_somebody_without_rights_in_aws_or_on_secrets(scene: Scene, sync: str, developer: AccountKubeconfig) -> None:
    before = scene.syncs.cluster.audit_mark()
    document = explained(developer, sync)
    asked = [(each.verb, each.resource) for each in scene.syncs.cluster.audit(before) if "person" in each.username]
    assert set(asked) <= {("get", "parametersyncs"), ("get", "configmaps"), ("get", "secrets")}
    found = keys(document)

    assert (document["ready"], document["reason"], document["hindrances"]) == ("True", "Synced", [])
    host = found["ConfigMap/HOST"]["parameters"][0]
    assert (host["name"], host["type"], host["version"]) == (scene.path("app/host"), "String", 1)
    assert host["shadowed"] == [scene.path("shared/host")]
    assert host["source"] == {
        "path": scene.path("app"),
        "account": "111122223333",
        "region": "eu-west-1",
        "label": None,
        "store": "ClusterParameterStore default",
    }
    assert found["ConfigMap/PGPORT"]["made"] == ["rename"]
    assert found["ConfigMap/app.json"]["made"] == ["file JSON"]
    assert [each["field"] for each in found["ConfigMap/app.json"]["parameters"]] == [
        "config/level",
        "config/other",
        None,
    ]
    assert found["Secret/URL"]["template"] == "pg://${host}:${password|urlquote}"
    assert found["Secret/URL"]["parameters"] == []
    why = run(developer, "explain", sync).stdout.partition("The sync tells of nothing that hinders it;")[2]
    assert why.splitlines()[1] == "- Secret app: what stands in it is not known here"
    secret = next(each["unknown"] for each in document["targets"] if each["kind"] == "Secret")
    assert secret == f"you may not read it: that needs the right to get secrets in namespace {scene.syncs.namespace}"


def test_of_a_secret_only_the_metadata_is_fetched(scene: Scene, sync: str, monkeypatch: pytest.MonkeyPatch) -> None:
    send, sent = Transport.request, dict[str, object]()

    def noted(transport: Transport, method: str, path: str, **options: Any) -> bytes:
        sent[path] = options.get("accept")
        return send(transport, method, path, **options)

    monkeypatch.setattr(Transport, "request", noted)
    with person(scene.syncs.cluster, scene.syncs.namespace, READ, CONFIG_MAPS, SECRETS) as kubeconfig:
        found = keys(explained(kubeconfig, sync))
        assert [each["name"] for each in found["Secret/URL"]["parameters"]] == [
            scene.path("app/host"),
            scene.path("app/password"),
        ]
        assert found["Secret/URL"]["type"] == "SecureString"
        result = run(kubeconfig, "explain", sync, "URL")
    assert sent[scene.syncs.target_path("Secret", "app")] == METADATA_ONLY
    assert "hunter2" not in result.output
    assert result.stdout.splitlines()[0] == f"{sync}: Ready=True; Synced: 6 parameters are in 2 targets"
    assert "TEMPLATE   pg://${host}:${password|urlquote}" in result.stdout
    assert f"PARAMETER  {scene.path('app/password')}" in result.stdout


def test_a_key_or_a_parameter_is_looked_for(scene: Scene, sync: str, developer: AccountKubeconfig) -> None:
    by_name = explained(developer, "-n", scene.syncs.namespace, "app", scene.path("app/zones"))
    assert list(keys(by_name)) == ["ConfigMap/app.json"]
    overlaid = run(developer, "explain", "app", scene.path("shared/host")).stdout
    assert "  HOST of ConfigMap app" in overlaid
    assert (
        f"{scene.path('shared/host')} is overlaid by {scene.path('app/host')}, which this key has instead" in overlaid
    )
    result = run(developer, "explain", "app", "PGPROT")
    assert result.exit_code == 1
    assert f"whether {sync} has a key PGPROT, or one that is made of" in result.stderr
    assert "cannot be told: it may be in Secret app, which you may not read, and is in no other" in result.stderr
    assert "similar: PGPORT" in result.stderr
    assert "paramsync plan -f FILE, or paramsync tree -f FILE" in result.stderr
    assert "Secret app: you may not read it" in result.stderr
    with person(scene.syncs.cluster, scene.syncs.namespace, READ, CONFIG_MAPS, SECRETS) as kubeconfig:
        result = run(kubeconfig, "explain", "app", "PGPROT")
    assert f"no target of {sync} has a key PGPROT, and none is made of a parameter of that name" in result.stderr


def test_why_a_key_is_not_newer(scene: Scene, sync: str, developer: AccountKubeconfig) -> None:
    assert "The sync tells of nothing that hinders it;" in run(developer, "explain", sync, "HOST").stdout
    scene.syncs.patch("app", {"spec": {"suspend": True}})
    scene.syncs.wait_reason("app", "Suspended")
    result = run(developer, "explain", sync, "HOST")
    assert "Why it is not newer:\n- it is suspended (spec.suspend)" in result.stdout
    cluster, kubeconfig, namespace = scene.syncs.cluster, scene.syncs.cluster.kubeconfig, scene.syncs.namespace
    kubectl(
        kubeconfig, "patch", "configmap", "app", "-n", namespace, "--type=merge", "-p", '{"data": {"HOST": "mine"}}'
    )
    assert cluster.exists(scene.syncs.target_path("ConfigMap", "app"))
    result = run(developer, "explain", sync, "HOST")
    assert "ConfigMap app, HOST: kubectl-patch wrote this key, too" in result.stdout
    assert "mine" not in result.output


def test_a_sync_that_is_not_there(scene: Scene, developer: AccountKubeconfig) -> None:
    result = run(developer, "explain", "missing")
    assert result.exit_code == 1
    assert f"there is no ParameterSync {scene.syncs.namespace}/missing" in result.stderr
    result = run(developer, "explain", "kube-system/app")
    assert "the right to get parametersyncs in namespace kube-system" in result.stderr
    assert run(developer, "explain", "a/b/c").exit_code == 1
    assert run(developer, "explain", "-n", "x", "y/app").exit_code == 1


def test_what_parameter_store_has_that_is_newer(
    scene: Scene, sync: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in AWS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    settings = tmp_path / "settings.yaml"
    access = [{"namespaces": ["*"], "paths": ["/{namespace}"]}]
    store = {"region": "eu-west-1", "endpoint": scene.proxy.url, "access": access}
    settings.write_text(json.dumps({"stores": {"default": store}}))
    with person(scene.syncs.cluster, scene.syncs.namespace, READ, CONFIG_MAPS, SECRETS) as kubeconfig:

        def why(*arguments: str) -> str:
            result = run(kubeconfig, "explain", sync, *arguments, "--aws", "--settings", str(settings))
            assert result.exit_code == 0, result.output
            return result.stdout.partition("In Parameter Store:\n")[2]

        assert why() == "- nothing that is newer\n"
        scene.put("app/host", "other")
        scene.put("app/added", "new")
        assert why("HOST").startswith(f"- ConfigMap app, HOST: {scene.path('app/host')} has version 2 of ")
        assert f"ConfigMap app, ADDED: Parameter Store makes it of {scene.path('app/added')}, version 1 of" in why()
        assert f"{scene.path('app/host')} has version 2" in why("URL")
        store["access"][0]["paths"] = ["/elsewhere"]  # type: ignore[index]
        settings.write_text(json.dumps({"stores": {"default": store}}))
        assert why("HOST").startswith("- it cannot be told: ")
