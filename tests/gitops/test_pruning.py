"""What pruning deletes, and what it never does: targets, and the definitions."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace

import pytest

from tests.aws.emulator import Emulator
from tests.aws.proxy import Proxy
from tests.gitops.application import Application, remove
from tests.gitops.argo import Argo, Json
from tests.gitops.desired import ours
from tests.helm.rendering import Helm
from tests.running.objects import Syncs
from tests.running.operator import Operator

INSTANCE = "app.kubernetes.io/instance"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
SECRET, CONFIG = {"PASSWORD": "hunter2"}, {"HOST": "db"}


@pytest.fixture(params=["annotation", "label", "annotation+label"])
def tracked(
    argo: Argo, ssm: Emulator, proxy: Proxy, operator: Operator, syncs: Syncs, request: pytest.FixtureRequest
) -> Iterator[Application]:
    """A sync `app` that retains its targets and a sync `brief` that does not, with all that Git has beside them."""
    ssm.put(f"/{syncs.namespace}/app/password", "hunter2", "SecureString")
    ssm.put(f"/{syncs.namespace}/app/host", "db")
    objects = ours(syncs.namespace, proxy.url)
    made = Application(replace(argo, tracking=request.param), syncs, [*objects, brief(objects)], server_side=True)
    with made.applied():
        syncs.wait_reason("app", "Synced")
        syncs.wait_reason("brief", "Synced")
        yield made


def brief(objects: list[Json]) -> Json:
    """The sync `app` with another name, other targets and the other deletion policy."""
    made = deepcopy(next(each for each in objects if each["metadata"]["name"] == "app"))
    made["metadata"]["name"] = "brief"
    made["spec"]["deletionPolicy"] = "Delete"
    for target in made["spec"]["targets"]:
        target["name"] = "brief"
    return made


def shown(application: Application, *, server_side_diff: bool) -> set[str]:
    """Kind and name of all that Argo CD counts to an application. Raises AssertionError if it would prune any."""
    states = application.states(server_side_diff=server_side_diff)
    assert "Extra" not in states.values()
    return {f"{key.split('/')[0]}/{key.split('/')[-1]}" for key in states}


def test_targets_are_not_tracked_and_go_with_their_sync_alone(tracked: Application) -> None:
    pruned = {}
    for left in (tracked, tracked.without("planned")):
        ended = left.sync(prune=True)
        assert ended["phase"] == "Succeeded", ended
        pruned = ended["resources"]
        for server_side_diff in (False, True):
            known = {f"{each['kind']}/{each['metadata']['name']}" for each in left.objects}
            assert shown(left, server_side_diff=server_side_diff) == known
        for name in ("app", "brief"):
            assert tracked.syncs.data("Secret", name) == SECRET
            assert tracked.syncs.data("ConfigMap", name) == CONFIG
    assert pruned[tracked.key("planned")]["status"] == "Pruned"

    left = tracked.without("planned", "app", "brief")
    resources = left.sync(prune=True)["resources"]
    assert {key for key, each in resources.items() if each["status"] == "Pruned"} == {
        tracked.key("app"),
        tracked.key("brief"),
    }
    tracked.syncs.wait_data("Secret", "brief", None)
    tracked.syncs.wait_data("ConfigMap", "brief", None)
    left.sync(prune=True)
    assert tracked.syncs.data("Secret", "app") == SECRET
    assert tracked.syncs.data("ConfigMap", "app") == CONFIG


def test_definitions_stay_when_they_leave_the_source(argo: Argo, helm: Helm, syncs: Syncs) -> None:
    stores = ours(syncs.namespace, "https://ssm.example")[:1]
    shipped = [each for each in helm.render() if each["kind"] == "CustomResourceDefinition"]
    made = Application(argo, syncs, [*shipped, *stores], server_side=True)
    names = [each["metadata"]["name"] for each in shipped]
    with made.applied():
        resources = made.without(*names).sync(prune=True)["resources"]
        assert [key for key in resources if key.startswith("CustomResourceDefinition")] == []
        assert [name for name in names if not syncs.cluster.exists(f"{DEFINITIONS}/{name}")] == []


def test_definitions_stay_also_where_something_labels_them_as_tracked(argo: Argo, helm: Helm, syncs: Syncs) -> None:
    stores = ours(syncs.namespace, "https://ssm.example")[:1]
    kept = labelled(helm, syncs.namespace, "kept")
    bare = labelled(helm, syncs.namespace, "bare")
    del bare["metadata"]["annotations"]
    made = Application(replace(argo, tracking="label"), syncs, [kept, bare, *stores], server_side=True)
    kept_name, bare_name = (each["metadata"]["name"] for each in (kept, bare))
    try:
        assert made.sync()["phase"] == "Succeeded"
        resources = made.without(kept_name, bare_name).sync(prune=True)["resources"]
        assert resources[f"CustomResourceDefinition/{bare_name}"]["status"] == "Pruned"
        assert resources[f"CustomResourceDefinition/{kept_name}"]["status"] == "PruneSkipped"
        syncs.cluster.wait_for_absence(f"{DEFINITIONS}/{bare_name}")
        assert syncs.cluster.exists(f"{DEFINITIONS}/{kept_name}")
    finally:
        syncs.cluster.kubectl("delete", "crd", "--ignore-not-found", kept_name, bare_name)
        remove(syncs.cluster, made.objects)


def labelled(helm: Helm, namespace: str, name: str) -> Json:
    """The chart's definition of syncs in a group that nobody needs, with the label of an application."""
    rendered = helm.render()
    made: Json = next(each for each in rendered if each["metadata"]["name"] == "parametersyncs.paramsync.dev")
    group = f"{name}.{namespace}.example"
    made["metadata"] |= {"name": f"parametersyncs.{group}", "labels": {INSTANCE: f"app-{namespace}"}}
    made["spec"]["group"] = group
    return made
