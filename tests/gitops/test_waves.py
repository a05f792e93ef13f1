"""A workload's wave begins when the sync of the wave before is Healthy, and not at all if that is Degraded."""

import pytest

from tests.aws.emulator import Emulator
from tests.gitops.application import Application
from tests.gitops.argo import DEPLOY, Argo, answer
from tests.gitops.desired import manifests
from tests.running.objects import Syncs
from tests.running.operator import Operator

SYNC = "payment-service"


@pytest.fixture
def team(argo: Argo, operator: Operator, syncs: Syncs) -> Application:
    """The team's objects as they are shipped, but for the store that the sync reads from; nothing is applied yet."""
    objects = manifests(*sorted((DEPLOY / "team").glob("*.yaml")))
    for each in objects:
        each["metadata"]["namespace"] = syncs.namespace
        if each["kind"] == "ParameterSync":
            each["spec"] = {"interval": "10s", "sources": [{"path": f"/{syncs.namespace}/app"}]}
    return Application(argo, syncs, objects, server_side=True)


def workload(team: Application) -> str:
    """The URL path of the Deployment."""
    return f"/apis/apps/v1/namespaces/{team.syncs.namespace}/deployments/{SYNC}"


def test_the_workload_waits_until_the_sync_is_healthy(team: Application, ssm: Emulator) -> None:
    cluster, syncs = team.syncs.cluster, team.syncs
    (sync,) = (each for each in team.objects if each["kind"] == "ParameterSync")
    sync["spec"]["suspend"] = True
    with team.start() as process:
        cluster.wait_for_object(syncs.path(SYNC))
        syncs.wait_reason(SYNC, "Suspended")
        assert not cluster.exists(workload(team))
        syncs.patch(SYNC, {"spec": {"suspend": False}})
        syncs.wait_reason(SYNC, "NoParameters")
        syncs.refresh(SYNC)
        assert not cluster.exists(workload(team))

        ssm.put(f"/{syncs.namespace}/app/password", "hunter2", "SecureString")
        ended = answer(process)

    assert ended["phase"] == "Succeeded", ended
    secret, deployment = (cluster.request("GET", path) for path in (syncs.target_path("Secret", SYNC), workload(team)))
    # Nothing but Argo CD writes the Deployment here: its version is that of its creation.
    assert int(deployment["metadata"]["resourceVersion"]) > int(secret["metadata"]["resourceVersion"])


def test_a_degraded_sync_fails_the_operation_before_the_workload(team: Application, ssm: Emulator) -> None:
    ssm.put(f"/{team.syncs.namespace}/app/a/b", "1")
    ssm.put(f"/{team.syncs.namespace}/app/a.b", "2")
    ended = team.sync()
    assert ended["phase"] == "Failed", ended
    assert "KeyCollision: " in ended["resources"][team.key(SYNC)]["message"]
    assert not team.syncs.cluster.exists(workload(team))
