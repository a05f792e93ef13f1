"""``paramsync approve``, ``refresh``, ``suspend`` and ``resume``, by a person who may get and patch syncs alone."""

from collections.abc import Iterator

import pytest

from tests.cluster.cluster import AccountKubeconfig
from tests.e2e.scene import REMOVAL, Scene
from tests.running.command import CHANGE, READ, person, run

APPROVE = "paramsync.dev/approve"
SLOW = "1h"
DATA = {"HOST": "db", "PORT": "5432", "ZONE": "a"}


@pytest.fixture
def developer(scene: Scene) -> Iterator[AccountKubeconfig]:
    """Somebody who may change syncs, and see no target."""
    with person(scene.syncs.cluster, scene.syncs.namespace, CHANGE) as kubeconfig:
        yield kubeconfig


@pytest.fixture
def sync(scene: Scene) -> str:
    """The full name of a sync that looks for news by itself in an hour."""
    scene.put("app/host", "db")
    scene.put("app/port", "5432")
    scene.put("app/zone", "a")
    scene.synced("app", interval=SLOW)
    return f"{scene.syncs.namespace}/app"


def test_a_refresh_is_a_listing_now(scene: Scene, developer: AccountKubeconfig, sync: str) -> None:
    scene.put("app/host", "other")
    before = scene.listings()
    result = run(developer, "refresh", sync, "--wait")
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, f"ParameterSync {sync}: a refresh was asked for")
    assert "Synced: 3 parameters are in 2 targets" in result.stdout
    assert scene.listings() > before
    scene.syncs.wait_data("ConfigMap", "app", DATA | {"HOST": "other"})


def test_a_sync_is_suspended_and_resumed(scene: Scene, developer: AccountKubeconfig, sync: str) -> None:
    result = run(developer, "suspend", sync, "--wait")
    assert result.exit_code == 0, result.output
    assert scene.syncs.get("app")["spec"]["suspend"] is True
    assert scene.syncs.condition("app", "Ready")["reason"] == "Suspended"  # type: ignore[index]

    result = run(developer, "suspend", sync, "--wait")
    assert result.exit_code == 0
    assert f"{sync} is suspended already" in result.stdout

    result = run(developer, "refresh", sync)
    assert result.exit_code == 0
    assert "It is not done yet: spec.suspend is true" in result.stdout
    result = run(developer, "refresh", sync, "--wait")
    assert result.exit_code == 1
    assert "spec.suspend is true" in result.stderr

    result = run(developer, "resume", sync, "--wait")
    assert result.exit_code == 0, result.output
    assert "Synced" in result.stdout
    assert "suspend" not in scene.syncs.get("app")["spec"]
    assert f"{sync} is not suspended\n" in run(developer, "resume", sync).stdout


def test_what_is_held_is_shown_and_approved(scene: Scene, developer: AccountKubeconfig, sync: str) -> None:
    assert "nothing is held; Synced" in run(developer, "approve", sync).stderr
    scene.delete("app/host", "app/port")
    scene.syncs.refresh("app")
    digest = scene.syncs.wait_reason("app", "RemovalBlocked", REMOVAL)["status"]["plan"]["digest"]

    result = run(developer, "approve", sync, "0123456789abcdef", "--yes")
    assert result.exit_code == 1
    assert f"what is held now has the digest {digest}, and not 0123456789abcdef" in result.stderr
    result = run(developer, "approve", sync, says="n\n")
    assert result.exit_code == 1
    assert scene.path("app/host") in result.stdout
    assert APPROVE not in scene.syncs.get("app")["metadata"].get("annotations", {})
    assert run(developer, "suspend", sync, "--wait").exit_code == 0
    result = run(developer, "approve", sync, digest, "--yes", "--wait")
    assert (result.exit_code, scene.syncs.data("ConfigMap", "app")) == (1, DATA)
    assert "spec.suspend is true: it waits for the resume" in result.stderr
    assert run(developer, "resume", sync).exit_code == 0

    result = run(developer, "approve", sync, "--wait", says="y\n")
    assert result.exit_code == 0, result.output
    assert "what was approved is done; Synced" in result.stdout
    assert scene.syncs.data("ConfigMap", "app") == {"ZONE": "a"}
    assert scene.syncs.get("app")["metadata"]["annotations"][APPROVE] == digest


def test_who_may_only_read_is_told_what_is_missing(scene: Scene, sync: str) -> None:
    with person(scene.syncs.cluster, scene.syncs.namespace, READ) as kubeconfig:
        for command in ("refresh", "suspend"):
            result = run(kubeconfig, command, sync)
            assert result.exit_code == 1
            assert "the API server refuses (Forbidden)" in result.stderr
            assert "to patch parametersyncs" in result.stderr
