"""What a person asks of a sync is written onto the one that was read, and leaves all else as it is."""

from collections.abc import Iterator

import pytest

from paramsync.kube.asking import MANAGER, Asking
from paramsync.kube.customs import Customs
from paramsync.kube.errors import Stale
from paramsync.kube.fence import SoleReplica
from paramsync.kube.kubeconfig import namespace_of
from paramsync.kube.transport import Transport, connect
from paramsync.kube.wire import CustomObject
from tests.cluster.cluster import Cluster
from tests.running.objects import Json, Syncs

ANNOTATION = "paramsync.dev/refresh"


@pytest.fixture
def transport(cluster: Cluster) -> Iterator[Transport]:
    made = connect(str(cluster.kubeconfig), None, connections=1)
    yield made
    made.close()


@pytest.fixture
def found(syncs: Syncs, transport: Transport) -> CustomObject:
    syncs.create("app", "/prod/pay")
    read = Customs(transport, SoleReplica()).sync(syncs.namespace, "app")
    assert read is not None
    return read


def without_marks(sync: Json) -> Json:
    unstable = ("resourceVersion", "managedFields", "annotations", "generation")
    return {**sync, "metadata": {key: value for key, value in sync["metadata"].items() if key not in unstable}}


def test_an_annotation_is_set_beside_others(syncs: Syncs, transport: Transport, found: CustomObject) -> None:
    before = syncs.get("app")
    first = Asking(transport).annotate(found, ANNOTATION, "1")
    second = Asking(transport).annotate(first, "paramsync.dev/approve", "d")
    assert second.metadata.annotations == {ANNOTATION: "1", "paramsync.dev/approve": "d"}
    assert without_marks(syncs.get("app")) == without_marks(before)
    managers = {each["manager"] for each in syncs.get("app")["metadata"]["managedFields"]}
    assert MANAGER in managers


def test_suspend_is_a_field_that_goes_again(syncs: Syncs, transport: Transport, found: CustomObject) -> None:
    before = syncs.get("app")
    paused = Asking(transport).set_suspend(found, suspend=True)
    assert syncs.get("app")["spec"] == before["spec"] | {"suspend": True}
    assert paused.metadata.generation == found.metadata.generation + 1
    Asking(transport).set_suspend(paused, suspend=False)
    assert syncs.get("app")["spec"] == before["spec"]


def test_another_version_is_not_written(syncs: Syncs, transport: Transport, found: CustomObject) -> None:
    syncs.patch("app", {"spec": {"interval": "1h"}})
    with pytest.raises(Stale):
        Asking(transport).annotate(found, ANNOTATION, "1")
    with pytest.raises(Stale):
        Asking(transport).set_suspend(found, suspend=True)
    assert "annotations" not in syncs.get("app")["metadata"]
    assert "suspend" not in syncs.get("app")["spec"]


def test_another_object_of_the_name_is_not_written(syncs: Syncs, transport: Transport, found: CustomObject) -> None:
    syncs.delete("app")
    syncs.create("app", "/prod/pay")
    with pytest.raises(Stale):
        Asking(transport).annotate(found, ANNOTATION, "1")
    assert "annotations" not in syncs.get("app")["metadata"]


def test_the_namespace_is_the_contexts(cluster: Cluster, syncs: Syncs) -> None:
    kubeconfig = cluster.kubeconfig_for("default", syncs.namespace)
    assert namespace_of(str(kubeconfig), None) == syncs.namespace
    assert namespace_of(str(kubeconfig), "test") == syncs.namespace
    assert namespace_of(str(cluster.kubeconfig), None) == "default"
