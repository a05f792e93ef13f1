"""What Argo CD has applied and the operator has acted on differs in nothing, however it was applied and is compared."""

import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import yaml

from tests.aws.emulator import Emulator
from tests.aws.proxy import Proxy
from tests.cluster.cluster import Cluster
from tests.gitops.argo import Argo, Json
from tests.gitops.desired import CLUSTER_SCOPED, application, chart, defined, described, ours
from tests.helm.rendering import Helm
from tests.running.objects import Syncs
from tests.running.operator import Operator

pytestmark = pytest.mark.usefixtures("monitors")


@dataclass(frozen=True)
class Application:
    """An application of Argo CD's in a namespace of the cluster."""

    argo: Argo
    syncs: Syncs
    objects: list[Json]
    server_side: bool

    def sync(self, *, prune: bool = False, objects: list[Json] | None = None) -> Json:
        """Bring it into the cluster."""
        body = application(self.syncs.namespace, server_side=self.server_side)
        wanted = self.objects if objects is None else objects
        cluster = str(self.syncs.cluster.kubeconfig)
        ended: Json = self.argo.ask(
            "sync", kubeconfig=cluster, application=body, objects=wanted, seconds=60, prune=prune
        )
        return ended

    def states(self, *, server_side_diff: bool) -> dict[str, str]:
        """What Argo CD shows of each object: Synced, OutOfSync with the lines that differ, Missing or Extra."""
        body = application(self.syncs.namespace, server_side=self.server_side, server_side_diff=server_side_diff)
        cluster = str(self.syncs.cluster.kubeconfig)
        shown = self.argo.ask("compare", kubeconfig=cluster, application=body, objects=self.objects)
        return {each["key"]: "\n".join([each["state"], *differing(each)]) for each in shown}


def differing(shown: Json) -> Iterator[str]:
    """The lines of an object that Argo CD would change."""
    live, predicted = (yaml.safe_dump(shown.get(side)).splitlines() for side in ("live", "predicted"))
    return (line for line in difflib.ndiff(live, predicted) if line[0] in "+-")


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
    try:
        ended = made.sync()
        assert ended["phase"] == "Succeeded", ended
        syncs.wait_reason("app", "Synced")
        syncs.wait_reason("planned", "Suspended")
        yield made
    finally:
        remove(syncs.cluster, made.objects)


def remove(cluster: Cluster, objects: list[Json]) -> None:
    """Delete what is in no namespace, except for our definitions, which other tests need."""
    items = [each for each in objects if each["kind"] in CLUSTER_SCOPED]
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    cluster.kubectl("delete", "--ignore-not-found", "--wait=false", "-f", "-", input=listed)


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
        assert app.states(server_side_diff=server_side_diff)[key_of(app, "app")] == "Synced"

    # What differs is found; the operator, which has no part in it, does not mend it.
    app.syncs.patch("app", {"spec": {"interval": "1h"}})
    for server_side_diff in (False, True):
        state = app.states(server_side_diff=server_side_diff)[key_of(app, "app")]
        assert state.startswith("OutOfSync"), state
        assert "+   interval: 10s" in state


def test_targets_are_neither_pruned_nor_adopted(app: Application) -> None:
    left = [each for each in app.objects if (each["kind"], each["metadata"]["name"]) != ("ParameterSync", "planned")]
    assert app.sync(prune=True, objects=left)["resources"][key_of(app, "planned")]["status"] == "Pruned"

    known = {f"{each['kind']}/{each['metadata']['name']}" for each in app.objects}
    for server_side_diff in (False, True):
        states = app.states(server_side_diff=server_side_diff)
        assert {f"{key.split('/')[0]}/{key.split('/')[-1]}" for key in states} == known
        assert "Extra" not in states.values()
    assert app.syncs.data("Secret", "app") == {"PASSWORD": "hunter2"}
    assert app.syncs.data("ConfigMap", "app") == {"HOST": "db"}


def key_of(app: Application, sync: str) -> str:
    """How a sync is called in an answer."""
    return f"ParameterSync/{app.syncs.namespace}/{sync}"
