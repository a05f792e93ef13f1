"""What of its targets' metadata is not the operator's business: owners, finalizers, and what others put there.

All requests are dry runs of the operator's account, which has every right that they need.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import pytest

from paramsync.core.objects import MANAGED_BY_LABEL, METADATA_ANNOTATION, SYNC_ANNOTATION
from paramsync.core.routing import TargetRef
from tests.cluster.waiting import wait_until
from tests.edge.account import BOTH, CONTENTS, MARKS, SOMEBODY, Account, Json, marked
from tests.unit.builders import SECRET

NOT_OURS = "the object is not this sync's, and nobody gave it away"
NEW_OWNER = "the operator makes nothing an owner but the sync that a target belongs to"
LOST_OWNER = "the operator takes no owner away but the sync that a target belongs to"
FINALIZERS = "the operator neither sets finalizers nor takes them away"
IMMUTABLE = "the operator makes nothing immutable"
OTHERS = "labels and annotations of others stay"
TRACKED = "the operator sets no label or annotation by which others own or adopt"


@dataclass(frozen=True)
class Change:
    """What the operator would change on its own target, what stood there before, and which rule minds."""

    rule: str
    change: Callable[[Account], Json]
    before: Json


def others(*finalizers: str, **labels: str) -> Json:
    """What somebody else put onto a target."""
    return {"finalizers": list(finalizers), "labels": labels}


CHANGES: Mapping[str, Change] = {
    "takes the label off": Change(NOT_OURS, lambda _: {"labels": None}, {}),
    "labels it as somebody's": Change(NOT_OURS, lambda _: {"labels": {MANAGED_BY_LABEL: "Helm"}}, {}),
    "takes the annotation off": Change(NOT_OURS, lambda _: {"annotations": {SYNC_ANNOTATION: None}}, {}),
    "gives it to another sync": Change(NOT_OURS, lambda _: {"annotations": {SYNC_ANNOTATION: "other"}}, {}),
    "adds an owner": Change(NEW_OWNER, lambda account: {"ownerReferences": [account.reference(), SOMEBODY]}, {}),
    "adds another sync": Change(
        NEW_OWNER,
        lambda account: {
            "ownerReferences": [account.reference(), account.reference(account.sync("b"), controller=False)]
        },
        {},
    ),
    "changes the owner": Change(
        NEW_OWNER, lambda account: {"ownerReferences": [account.reference(account.sync("b"))]}, {}
    ),
    "changes the owner's uid": Change(
        NEW_OWNER, lambda account: {"ownerReferences": [account.reference(uid="4b1d")]}, {}
    ),
    "changes the owner's group": Change(
        NEW_OWNER, lambda account: {"ownerReferences": [account.reference(apiVersion="example.com/v1")]}, {}
    ),
    "changes the owner's kind": Change(
        NEW_OWNER, lambda account: {"ownerReferences": [account.reference(kind="ParameterStore")]}, {}
    ),
    "controls no longer": Change(
        NEW_OWNER, lambda account: {"ownerReferences": [account.reference(controller=False)]}, {}
    ),
    "takes an owner away": Change(
        LOST_OWNER, lambda account: {"ownerReferences": [account.reference()]}, {"ownerReferences": [SOMEBODY]}
    ),
    "takes all owners away": Change(LOST_OWNER, lambda _: {"ownerReferences": None}, {"ownerReferences": [SOMEBODY]}),
    "sets a finalizer": Change(FINALIZERS, lambda _: {"finalizers": ["paramsync.dev/held"]}, {}),
    "takes a finalizer away": Change(FINALIZERS, lambda _: {"finalizers": None}, others("example.com/held")),
    "takes a label of others away": Change(OTHERS, lambda _: {"labels": {"team": None}}, others(team="red")),
    "takes an annotation of others away": Change(
        OTHERS, lambda _: {"annotations": {"note": None}}, {"annotations": {"note": "hello"}}
    ),
    "takes a label away that is not listed": Change(
        OTHERS,
        lambda _: {"labels": {"team": None}},
        {"labels": {"team": "red"}, "annotations": {METADATA_ANNOTATION: "labels/team2 annotations/team team"}},
    ),
    "takes an annotation away that is not listed": Change(
        OTHERS,
        lambda _: {"annotations": {"note": None}},
        {"annotations": {"note": "hello", METADATA_ANNOTATION: "labels/note annotations/note/a"}},
    ),
    "lists what it takes away": Change(
        OTHERS,
        lambda _: {"labels": {"team": None}, "annotations": {METADATA_ANNOTATION: "labels/team"}},
        others(team="red"),
    ),
    "sets Argo CD's label": Change(TRACKED, lambda _: {"labels": {"app.kubernetes.io/instance": "shop"}}, {}),
    "changes Argo CD's label": Change(
        TRACKED,
        lambda _: {"labels": {"app.kubernetes.io/instance": "shop"}},
        others(**{"app.kubernetes.io/instance": "other"}),
    ),
    "sets Flux's label": Change(TRACKED, lambda _: {"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}}, {}),
    "sets Argo CD's annotation": Change(
        TRACKED, lambda _: {"annotations": {"argocd.argoproj.io/tracking-id": "shop:/Secret:a/b"}}, {}
    ),
    "sets Helm's annotation": Change(TRACKED, lambda _: {"annotations": {"meta.helm.sh/release-name": "shop"}}, {}),
    "sets kubectl's annotation": Change(
        TRACKED, lambda _: {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}}, {}
    ),
    "sets an annotation of Kubernetes": Change(
        TRACKED, lambda _: {"annotations": {"kubernetes.io/service-account.name": "default"}}, {}
    ),
    "changes an annotation of Kubernetes": Change(
        TRACKED, lambda _: {"annotations": {"a.k8s.io/b": "2"}}, {"annotations": {"a.k8s.io/b": "1"}}
    ),
    "gives it away": Change(TRACKED, lambda _: {"annotations": {"paramsync.dev/adopt": "other"}}, {}),
}


@pytest.mark.parametrize("does", CHANGES)
@BOTH
def test_a_change_of_metadata(account: Account, ref: TargetRef, does: str) -> None:
    case = CHANGES[does]
    account.write(CONTENTS[ref])
    account.meddle(ref, {"metadata": with_owners(account, case.before)})

    denial = account.denial("PATCH", account.path(ref), {"metadata": case.change(account)})

    assert denial == ("targets", case.rule)


def with_owners(account: Account, metadata: Json) -> Json:
    """Further owners beside the sync."""
    if "ownerReferences" not in metadata:
        return metadata
    return {**metadata, "ownerReferences": [account.reference(), *metadata["ownerReferences"]]}


CREATED: Mapping[str, tuple[str, Callable[[Account], Json]]] = {
    "owned by somebody": (NEW_OWNER, lambda _: {"ownerReferences": [SOMEBODY]}),
    "owned by another sync": (NEW_OWNER, lambda account: {"ownerReferences": [account.reference(account.sync("b"))]}),
    "with a finalizer": (FINALIZERS, lambda _: {"finalizers": ["paramsync.dev/held"]}),
    "tracked": (TRACKED, lambda _: {"annotations": {**MARKS["annotations"], "helm.sh/resource-policy": "keep"}}),
}


@pytest.mark.parametrize("how", CREATED)
@BOTH
def test_a_creation(account: Account, ref: TargetRef, how: str) -> None:
    rule, metadata = CREATED[how]
    body = {"metadata": {"name": "new", **marked(**metadata(account))}}

    assert account.denial("POST", account.collection(ref.kind), body) == ("targets", rule)


@BOTH
def test_a_webhook_may_add_and_change_labels_and_annotations_of_its_own(account: Account, ref: TargetRef) -> None:
    """A policy sees what webhooks made of a write, and not who did."""
    account.write(CONTENTS[ref])
    account.meddle(ref, {"metadata": {"labels": {"team": "red"}, "annotations": {"hook.example.com/at": "1"}}})
    theirs = {
        "labels": {"team": "blue", "app.kubernetes.io/part-of": "shop"},
        "annotations": {"hook.example.com/at": "2"},
    }

    assert account.denial("PATCH", account.path(ref), {"metadata": theirs}) is None


@BOTH
def test_what_the_spec_gave_a_target_may_go(account: Account, ref: TargetRef) -> None:
    content = CONTENTS[ref]
    listed = {"note": "hello", METADATA_ANNOTATION: "annotations/note labels/team"}
    given = replace(content, labels={"team": "red"}, annotations={**content.annotations, **listed})
    account.write(given)
    account.meddle(ref, {"metadata": {"labels": {"theirs": "x"}}})

    account.write(content)

    metadata = account.stored(ref)["metadata"]
    assert metadata["labels"] == {"theirs": "x", **MARKS["labels"]}
    assert metadata["annotations"] == dict(content.annotations)


@BOTH
def test_an_immutable_target(account: Account, ref: TargetRef) -> None:
    account.write(CONTENTS[ref])
    body = {"metadata": {"name": "new", **MARKS}, "immutable": True}

    assert account.denial("POST", account.collection(ref.kind), body) == ("targets", IMMUTABLE)
    assert account.denial("PATCH", account.path(ref), {"immutable": True}) == ("targets", IMMUTABLE)
    account.meddle(ref, {"immutable": True})
    assert account.denial("PATCH", account.path(ref), {"metadata": {"annotations": {"paramsync.dev/x": "y"}}}) is None
    assert account.denial("DELETE", account.path(ref), {}) is None


def test_it_never_blocks_the_deletion_of_a_sync(account: Account) -> None:
    """The API server itself refuses that where it checks the right to finalizers, and only there."""
    account.write(CONTENTS[SECRET])
    account.grant(apiGroups=["paramsync.dev"], resources=["parametersyncs/finalizers"], verbs=["update"])
    body = {"metadata": {"ownerReferences": [account.reference(blockOwnerDeletion=True)]}}

    wait_until(lambda: account.denial("PATCH", account.path(SECRET), body) == ("targets", NEW_OWNER), "it is refused")
