"""``paramsync validate`` says of a manifest what a real API server says of it."""

from typing import Any

import pytest
from kubernetes.client.exceptions import ApiException

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


@pytest.mark.parametrize("part", ["labels", "annotations"])
def test_a_mark_that_is_no_text_is_refused_by_both(cluster: Cluster, part: str) -> None:
    body = named(**{part: {"a": 1}})
    with pytest.raises(ApiException):
        tried(cluster, body)
    assert f"metadata.{part}.a: must be a string, and is of type integer" in said(body)
