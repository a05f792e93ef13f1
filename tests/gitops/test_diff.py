"""What Argo CD has applied and the operator has acted on differs in nothing, however it was applied and is compared."""

import re
from collections.abc import Iterator

import pytest

from tests.aws.emulator import Emulator
from tests.aws.proxy import Proxy
from tests.gitops.application import Application
from tests.gitops.argo import Argo, Json
from tests.gitops.desired import chart, defined, described, ours
from tests.helm.rendering import Helm
from tests.running.objects import Syncs
from tests.running.operator import Operator

pytestmark = pytest.mark.usefixtures("monitors")

CONTAINER = "/spec/template/spec/containers/0"


@pytest.fixture(params=[False, True], ids=["client-side apply", "server-side apply"])
def app(
    argo: Argo,
    helm: Helm,
    ssm: Emulator,
    proxy: Proxy,
    operator: Operator,
    syncs: Syncs,
    request: pytest.FixtureRequest,
) -> Iterator[Application]:
    """Everything that there is, applied and acted on."""
    ssm.put(f"/{syncs.namespace}/app/password", "hunter2", "SecureString")
    ssm.put(f"/{syncs.namespace}/app/host", "db")
    objects = [*chart(helm, syncs.namespace), *ours(syncs.namespace, proxy.url)]
    made = Application(argo, syncs, objects, request.param)
    with made.applied():
        syncs.wait_reason("app", "Synced")
        syncs.wait_reason("planned", "Suspended")
        yield made


def test_no_field_is_left_out() -> None:
    assert defined() - described(ours("payments", "https://ssm.example")) == set()


def test_nothing_differs(app: Application) -> None:
    for server_side_diff in (False, True):
        states = app.states(server_side_diff=server_side_diff)
        assert len(states) == len(app.objects)
        assert [f"{key}: {state}" for key, state in states.items() if state != "Synced"] == []

    # Git says nothing of what a person tells the operator by an annotation.
    app.syncs.refresh("app")
    app.syncs.annotate("app", approve="0123456789abcdef")
    for server_side_diff in (False, True):
        assert app.states(server_side_diff=server_side_diff)[app.key("app")] == "Synced"

    # What differs is found, in our kinds and in what the chart makes; nobody mends it meanwhile.
    app.syncs.patch("app", {"spec": {"interval": "1h"}})
    first, second = deployments(app)
    change(app, first, {"op": "replace", "path": "/spec/replicas", "value": 7})
    change(app, second, {"op": "add", "path": f"{CONTAINER}/args/-", "value": "--log-level=debug"})
    for server_side_diff in (False, True):
        states = app.states(server_side_diff=server_side_diff)
        changed = {key: state for key, state in states.items() if state != "Synced"}
        assert all(state.startswith("OutOfSync") for state in changed.values()), changed
        assert changed.keys() == {app.key("app"), first, second}
        assert "+   interval: 10s" in changed[app.key("app")]
        assert "-   replicas: 7" in changed[first]
        assert re.search("^- +- --log-level=debug$", changed[second], re.MULTILINE), changed


def deployments(app: Application) -> list[str]:
    """What the chart's Deployments are called in an answer."""
    names = [each["metadata"]["name"] for each in app.objects if each["kind"] == "Deployment"]
    return [f"Deployment/{app.syncs.namespace}/{name}" for name in names]


def change(app: Application, deployment: str, operation: Json) -> None:
    """Patch a live Deployment."""
    _, namespace, name = deployment.split("/")
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}"
    app.syncs.cluster.request("PATCH", path, [operation], content_type="application/json-patch+json")
