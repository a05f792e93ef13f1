"""``paramsync validate`` says of a manifest what a real API server says of it."""

import json
from typing import Any, cast

import pytest
from kubernetes.client.exceptions import ApiException, UnprocessableEntityException

from paramsync.cli.documents import documents
from paramsync.core.manifests import checked
from tests.cluster.cluster import Cluster
from tests.edge.test_definitions import (
    BAD_OWN_STORES,
    BAD_STORES,
    BAD_SYNCS,
    GOOD_OWN_STORES,
    GOOD_STORES,
    GOOD_SYNCS,
    Json,
    own_store,
    sources,
    store,
    sync,
    tried,
)
from tests.unit.test_reading_manifests import AS_KUBECTL

GOOD = [
    *(sync(spec) for spec in GOOD_SYNCS.values()),
    *(store(spec) for spec in GOOD_STORES.values()),
    *(own_store(spec) for spec in GOOD_OWN_STORES.values()),
]
BAD = [
    *((sync(spec), message) for spec, message in BAD_SYNCS.values()),
    *((store(spec), message) for spec, message in BAD_STORES.values()),
    *((own_store(spec), message) for spec, message in BAD_OWN_STORES.values()),
]


def said(body: Json) -> str:
    """What is wrong with a manifest, as one text."""
    (found,) = checked(body)
    return "; ".join(f"{fault.field}: {fault.message}" for fault in found.faults)


@pytest.mark.parametrize("body", GOOD)
def test_what_the_api_server_takes_is_good(body: Json) -> None:
    assert said(body) == ""


@pytest.mark.parametrize(("body", "message"), BAD)
def test_what_the_api_server_refuses_is_refused_with_its_message(body: Json, message: str) -> None:
    assert message in said(body)


def changed(**parts: Any) -> Json:
    return {**sync(sources("/a")), **parts}


def named(**metadata: Any) -> Json:
    return changed(metadata={"name": "app", **metadata})


def spec(**fields: Any) -> Json:
    return sync(sources("/a") | fields)


OTHERS: dict[str, tuple[Json, str | None]] = {
    "a name to be made": (changed(metadata={"generateName": "app-"}), None),
    "labels": (named(labels={"a": "b"}, annotations={"paramsync.dev/refresh": "1"}), None),
    "a status": (changed(status={"observedGeneration": 1}), None),
    "a share": (spec(guard={"maxRemovals": "10%"}), None),
    "a number": (spec(guard={"maxRemovals": 3}), None),
    "no name": (changed(metadata={}), "name or generateName is required"),
    "a name that is none": (named(name="A_b"), "a lowercase RFC 1123 subdomain must consist of"),
    "an unknown part": (changed(specs={}), 'unknown field "specs"'),
    "no spec": ({k: v for k, v in changed().items() if k != "spec"}, "spec: Required value"),
    "a boolean as text": (
        spec(suspend="true"),
        'spec.suspend: Invalid value: "string": spec.suspend in body must be of type boolean: "string"',
    ),
    "a boolean as number": (spec(suspend=1), 'spec.suspend in body must be of type boolean: "integer"'),
    "a list as object": (spec(targets={}), 'spec.targets in body must be of type array: "object"'),
    "an object as text": (spec(contract="x"), 'spec.contract in body must be of type object: "string"'),
    "a map as list": (spec(expand=["a"]), 'spec.expand in body must be of type object: "array"'),
    "a text as list": (spec(interval=["5m"]), 'spec.interval in body must be of type string: "array"'),
    "an item that is none": ({**changed(), "spec": {"sources": ["/a"]}}, "spec.sources[0]"),
    "nothing where a boolean is": (spec(suspend=None), None),
    "nothing where a list is": (spec(targets=None), None),
    "nothing where something must be": (changed(spec={"sources": None}), "spec.sources: Required value"),
    "nothing in a list": (changed(spec={"sources": [None]}), 'must be of type object: "null"'),
    "nothing in a map": (spec(expand={"a": None}), "spec.expand in body should have at least 1 properties"),
    "too many": (spec(guard={"maxRemovals": 0}), "write a number of parameters, from 1 to 100000, or a share"),
    "neither number nor text": (spec(guard={"maxRemovals": [1]}), "spec.guard.maxRemovals: Invalid value"),
}


@pytest.mark.parametrize(("body", "message"), OTHERS.values(), ids=OTHERS.keys())
def test_both_say_the_same_of_what_else_may_stand_there(cluster: Cluster, body: Json, message: str | None) -> None:
    if message is None:
        tried(cluster, body)
        assert said(body) == ""
        return
    with pytest.raises(ApiException) as raised:
        tried(cluster, body)
    assert message in str(raised.value.body).replace('\\"', '"')
    assert message in said(body)


METADATA: dict[str, tuple[Json, str | None]] = {
    "labels of a domain": (named(labels={"example.com/a": "b.c_d-e", "A": ""}), None),
    "the longest label": (named(labels={"a" * 63: "b" * 63}), None),
    "a label that is nothing": (named(labels={"a": None}), None),
    "an annotation of a domain in capitals": (named(annotations={"Example.Com/a": "b c"}), None),
    "a plain finalizer": (named(finalizers=["plain", "example.com/a"]), None),
    "nothing": (named(labels=None, annotations=None, finalizers=None, namespace=None), None),
    "fields of the API server": (named(uid="x", resourceVersion="", generation=1, managedFields=[]), None),
    "the beginning of a name": (changed(metadata={"generateName": "app-"}), None),
    "the key of a label": (named(labels={"a b": "c"}), "name part must consist of alphanumeric characters"),
    "a key with two slashes": (named(labels={"a/b/c": "d"}), "must consist of alphanumeric characters"),
    "a label of a domain in capitals": (named(labels={"A.Com/a": "b"}), "must consist of"),
    "the value of a label": (named(labels={"a": "b c"}), "a valid label must be an empty string or consist of"),
    "a long label": (named(labels={"a": "b" * 64}), "must be no more than 63 bytes"),
    "the key of an annotation": (named(annotations={"a b": "5"}), "name part must consist of alphanumeric characters"),
    "no key of an annotation": (named(annotations={"": "5"}), "name part must consist of alphanumeric characters"),
    "long annotations": (named(annotations={"a": "b" * 2**18}), "Too long: may not be more than 262144 bytes"),
    "a finalizer": (named(finalizers=["bad finalizer"]), "name part must consist of alphanumeric characters"),
    "an unknown field": (named(foo=1), 'unknown field "metadata.foo"'),
    "a beginning that is none": (changed(metadata={"generateName": "A_b"}), "a lowercase RFC 1123 subdomain must"),
    "a name of two lines": (named(name="app\n"), "a lowercase RFC 1123 subdomain must consist of"),
    "an unknown field of the status": (changed(status={"foo": 1}), 'unknown field "status.foo"'),
    "one further below": (changed(status={"conditions": [{"foo": 1}]}), 'unknown field "status.conditions[0].foo"'),
    "one in what is a text": (changed(status={"revision": {"a": 1}}), 'unknown field "status.revision.a"'),
    "a status of other types": (changed(status={"observedGeneration": "x", "sources": 5, "conditions": None}), None),
    "a status that is none": (changed(status=5), None),
}
OF_OTHER_TYPES: dict[str, tuple[Json, str]] = {
    "labels as a list": (named(labels=["a"]), "metadata.labels: must be an object, and is of type array"),
    "annotations as a text": (named(annotations="a"), "metadata.annotations: must be an object, and is of type string"),
    "finalizers as a text": (named(finalizers="a"), "metadata.finalizers: must be an array, and is of type string"),
    "a finalizer as a number": (named(finalizers=[1]), "metadata.finalizers[0]: must be a string"),
    "a name as a list": (named(name=[1, 2]), "metadata.name: must be a string, and is of type array"),
    "a namespace as a number": (named(namespace=5), "metadata.namespace: must be a string, and is of type integer"),
    "a beginning as a number": (changed(metadata={"generateName": 5}), "metadata.generateName: must be a string"),
    "metadata as a text": (changed(metadata="x"), "metadata: must be an object, and is of type string"),
}
NO_NAMESPACES = ("a/b", "T_1", "-a", "a.b", "a" * 64)


@pytest.mark.parametrize(("body", "message"), METADATA.values(), ids=METADATA.keys())
def test_both_say_the_same_of_metadata_and_status(cluster: Cluster, body: Json, message: str | None) -> None:
    test_both_say_the_same_of_what_else_may_stand_there(cluster, body, message)


@pytest.mark.parametrize(("body", "message"), OF_OTHER_TYPES.values(), ids=OF_OTHER_TYPES.keys())
def test_metadata_of_other_types_is_refused_by_both(cluster: Cluster, body: Json, message: str) -> None:
    with pytest.raises(ApiException):
        tried(cluster, body)
    assert message in said(body)


@pytest.mark.parametrize("namespace", NO_NAMESPACES)
def test_there_is_no_namespace_of_a_name_that_is_refused(cluster: Cluster, namespace: str) -> None:
    with pytest.raises(UnprocessableEntityException):
        cluster.request("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}}, query={"dryRun": "All"})
    assert "metadata.namespace: Invalid value: a lowercase RFC 1123 label" in said(named(namespace=namespace))


@pytest.mark.parametrize("part", ["labels", "annotations"])
def test_a_mark_that_is_no_text_is_refused_by_both(cluster: Cluster, part: str) -> None:
    body = named(**{part: {"a": 1}})
    with pytest.raises(ApiException):
        tried(cluster, body)
    assert f"metadata.{part}.a: must be a string, and is of type integer" in said(body)


def test_plain_scalars_are_what_they_are_for_kubectl(cluster: Cluster) -> None:
    head = "apiVersion: paramsync.dev/v1alpha1\nkind: ParameterSync\nmetadata: {name: app}\nspec:\n"
    text = head + "".join(f"  k{number}: {plain}\n" for number, plain in enumerate(AS_KUBECTL))
    read = ("create", "--dry-run=client", "--validate=false", "-o", "json", "-f", "-")
    found = json.loads(cluster.kubectl(*read, input=text))["spec"]
    (ours,) = documents(text)
    assert isinstance(ours.content, dict)
    assert found == ours.content["spec"] == {f"k{n}": means for n, means in enumerate(AS_KUBECTL.values())}


def test_json_with_tabs_is_taken_by_both(cluster: Cluster) -> None:
    text = json.dumps(changed(), indent="\t") + "\n" + json.dumps(store({}), indent="\t")
    cluster.kubectl("apply", "--dry-run=server", "-f", "-", input=text)
    assert [said(cast("Json", each.content)) for each in documents(text)] == ["", ""]
