"""What the policies say of tokens, Events, our own resources and their definitions; and of the policies themselves."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from kubernetes.client.exceptions import ForbiddenException

from paramsync.kube.transport import MERGE_PATCH
from tests.cluster.access import request
from tests.cluster.cluster import Cluster
from tests.cluster.waiting import wait_until
from tests.edge.account import Account, Denial, Json
from tests.edge.policies import policies, refusal

HOUR = "the operator gets tokens for an hour at most"
AUDIENCE = "the operator gets tokens for sts.amazonaws.com alone"
PLACE = "the operator gets no tokens in this namespace"
EVENT = "the operator tells of its own resources, in its own name"
STATUS = "the operator changes nothing of syncs and stores but their status"

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


class TestTokens:
    @pytest.mark.parametrize("seconds", [None, 600, 3600])
    def test_for_sts_and_at_most_an_hour(self, account: Account, seconds: int | None) -> None:
        assert asked(account, audiences=["sts.amazonaws.com"], expirationSeconds=seconds) is None

    @pytest.mark.parametrize(
        "audiences",
        [None, [], ["vault"], ["sts.amazonaws.com", "vault"], ["https://kubernetes.default.svc"],
         ["sts.amazonaws.com.evil"]],
        ids=str,
    )  # fmt: skip
    def test_for_another_audience(self, account: Account, audiences: list[str] | None) -> None:
        assert asked(account, audiences=audiences) == ("tokens", AUDIENCE)

    def test_for_longer(self, account: Account) -> None:
        assert asked(account, audiences=["sts.amazonaws.com"], expirationSeconds=3601) == ("tokens", HOUR)

    @pytest.mark.parametrize("reserved", ["kube-system", "kube-public", "kube-node-lease", None])
    def test_in_a_namespace_that_is_nobodys_to_read_from(self, account: Account, reserved: str | None) -> None:
        denial = asked(account, reserved or account.home, audiences=["sts.amazonaws.com"])

        assert denial == ("tokens", PLACE)


def asked(account: Account, namespace: str | None = None, **spec: object) -> Denial | None:
    """What is said of the request for a token of the service account `default`."""
    path = f"/api/v1/namespaces/{namespace or account.namespace}/serviceaccounts/default/token"
    return account.denial("POST", path, {"spec": spec})


class TestEvents:
    @pytest.mark.parametrize("kind", ["ParameterSync", "ParameterStore"])
    def test_of_our_own_resources(self, account: Account, kind: str) -> None:
        assert told(account, {"apiVersion": "paramsync.dev/v1alpha1", "kind": kind}) is None

    @pytest.mark.parametrize("about", [{"apiVersion": "v1", "kind": "Secret"}, {}], ids=str)
    def test_of_anything_else(self, account: Account, about: Json) -> None:
        assert told(account, about) == ("events", EVENT)

    def test_in_the_name_of_somebody_else(self, account: Account) -> None:
        about = {"apiVersion": "paramsync.dev/v1alpha1", "kind": "ParameterSync"}

        assert told(account, about, reportingController="kubelet") == ("events", EVENT)


def told(account: Account, about: Json, **fields: object) -> Denial | None:
    """What is said of an Event about an object `app`."""
    body = {
        "metadata": {"name": "told"},
        "eventTime": "2026-01-01T00:00:00.000000Z",
        "reportingController": "paramsync.dev/operator",
        "reportingInstance": "test",
        "action": "Sync",
        "reason": "Synced",
        "type": "Normal",
        "regarding": {**about, "name": "app", "namespace": account.namespace},
        **fields,
    }
    return account.denial("POST", f"/apis/events.k8s.io/v1/namespaces/{account.namespace}/events", body)


class TestOurResources:
    def test_nothing_but_status_is_written_whatever_the_rights(self, account: Account) -> None:
        account.grant(apiGroups=["paramsync.dev"], resources=["*"], verbs=["*"])
        path = account.sync_path("app")
        collection, _, _ = path.rpartition("/")
        suspended = {"spec": {"suspend": True}}

        wait_until(lambda: account.denial("PATCH", path, suspended) == ("resources", STATUS), "a right is not enough")

        annotated = {"metadata": {"annotations": {"paramsync.dev/approve": "all"}}}
        new = {**account.cluster.request("GET", path), "metadata": {"name": "new"}}
        assert account.denial("PATCH", path, annotated) == ("resources", STATUS)
        assert account.denial("POST", collection, new) == ("resources", STATUS)
        assert account.denial("DELETE", path, {}) == ("resources", STATUS)
        assert account.denial("PATCH", f"{path}/status", {"status": {"observedGeneration": 1}}) is None

    def test_a_write_of_status_changes_nothing_else(self, account: Account) -> None:
        path = account.sync_path("app")
        before = account.cluster.request("GET", path)
        body = {
            "metadata": {"labels": {"a": "b"}, "annotations": {"a": "b"}, "finalizers": ["a.example.com/b"]},
            "spec": {"suspend": True},
            "status": {"observedGeneration": 7},
        }

        request(account.client, "PATCH", f"{path}/status", body, content_type=MERGE_PATCH)

        after = account.cluster.request("GET", path)
        assert after["status"]["observedGeneration"] == 7
        assert after["spec"] == before["spec"]
        for field in ("labels", "annotations", "finalizers"):
            assert field not in after["metadata"]


class TestDefinitions:
    OURS = ("parametersyncs", "parameterstores", "clusterparameterstores")

    @pytest.mark.parametrize("plural", OURS)
    def test_nobody_deletes_one_by_accident(self, account: Account, plural: str) -> None:
        assert "deletes every target of every sync" in deletion(account.cluster, f"/{plural}.paramsync.dev")

    @pytest.mark.parametrize("plural", OURS)
    @pytest.mark.parametrize(("value", "passes"), [("true", True), ("false", False), ("", False)])
    def test_whoever_means_it_annotates_it_first(self, account: Account, plural: str, value: str, passes: bool) -> None:
        with annotated(account.cluster, f"{plural}.paramsync.dev", value):
            assert (deletion(account.cluster, f"/{plural}.paramsync.dev") == "") == passes

    def test_nor_all_at_once(self, account: Account) -> None:
        assert "deletes every target of every sync" in deletion(account.cluster, "")

    def test_definitions_of_others_go_as_ever(self, account: Account) -> None:
        with definition_of_others(account.cluster) as name:
            assert deletion(account.cluster, f"/{name}") == ""
            assert deletion(account.cluster, "", labelSelector="of=others") == ""


def deletion(cluster: Cluster, which: str, **query: str) -> str:
    """Why the deletion of definitions is refused to an admin; nothing if it is not."""
    return refusal(cluster.admin, "DELETE", f"{DEFINITIONS}{which}", {}, query=query)


@contextmanager
def annotated(cluster: Cluster, name: str, value: str) -> Iterator[None]:
    def annotate(value: str | None) -> None:
        body = {"metadata": {"annotations": {"paramsync.dev/allow-deletion": value}}}
        cluster.request("PATCH", f"{DEFINITIONS}/{name}", body, content_type=MERGE_PATCH)

    annotate(value)
    try:
        yield
    finally:
        annotate(None)


@contextmanager
def definition_of_others(cluster: Cluster) -> Iterator[str]:
    """A definition of another group, with label `of=others`."""
    name = "things.example.com"
    schema = {"openAPIV3Schema": {"type": "object"}}
    body = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": name, "labels": {"of": "others"}},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"kind": "Thing", "plural": "things"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }
    cluster.request("POST", DEFINITIONS, body)
    try:
        yield name
    finally:
        cluster.request("DELETE", f"{DEFINITIONS}/{name}")


class TestThePoliciesThemselves:
    def test_their_expressions_fit_the_types_of_what_they_see(self, account: Account) -> None:
        for policy in policies(account.home):
            if policy["kind"] != "ValidatingAdmissionPolicy":
                continue
            path = f"/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/{policy['metadata']['name']}"

            def status(path: str = path) -> dict[str, Any]:
                found: dict[str, Any] = account.cluster.request("GET", path).get("status", {})
                return found if "observedGeneration" in found else {}

            checked = wait_until(status, f"the types of {policy['metadata']['name']} are checked")
            assert checked.get("typeChecking", {}).get("expressionWarnings", []) == []


@pytest.mark.parametrize("plural", ["secrets", "configmaps"])
def test_its_rights_let_it_neither_list_nor_watch_objects_with_values(account: Account, plural: str) -> None:
    for query in ({}, {"watch": "true"}):
        with pytest.raises(ForbiddenException):
            request(account.client, "GET", f"/api/v1/namespaces/{account.namespace}/{plural}", query=query)
