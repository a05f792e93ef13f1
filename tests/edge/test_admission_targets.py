"""Whose objects the operator may write and delete, and what of their metadata is not its business.

All requests are dry runs of the operator's account, which has every right that they need.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

from paramsync.core.objects import MANAGED_BY_LABEL, SYNC_ANNOTATION, Content
from paramsync.core.routing import TargetRef
from paramsync.core.values import SecureValue
from tests.cluster.access import request
from tests.cluster.waiting import wait_until
from tests.edge.account import Account, Json
from tests.unit.builders import CONFIG_MAP, SECRET, config_map_content, secret_content

SECRETS = {"PASSWORD": SecureValue(b"hunter2")}
TWO = {"HOST": "db.example", "PORT": "5432"}
CONTENTS: Mapping[TargetRef, Content] = {SECRET: secret_content(SECRETS), CONFIG_MAP: config_map_content(TWO)}
BOTH = pytest.mark.parametrize("ref", CONTENTS, ids=["Secret", "ConfigMap"])

NOT_OURS = "the object is not this sync's, and nobody gave it away"
NEW_OWNER = "the operator makes nothing an owner but the sync that a target belongs to"
LOST_OWNER = "the operator takes no owner away but the sync that a target belongs to"
FINALIZERS = "the operator neither sets finalizers nor takes them away"
IMMUTABLE = "the operator makes nothing immutable"
OTHERS = "labels and annotations of others stay"
TRACKED = "the operator sets no label or annotation by which others own or adopt"

MARKS: Json = {"labels": {MANAGED_BY_LABEL: "paramsync"}, "annotations": {SYNC_ANNOTATION: "app"}}
SOMEBODY = {"apiVersion": "example.com/v1", "kind": "Owner", "name": "app", "uid": "4b1d"}
"""Of a kind that is not served: whether it exists is not known, so that the garbage collector waits."""


def marked(**metadata: object) -> Json:
    """The metadata of a target that its sync does not own, with more."""
    return {**MARKS, **metadata}


@dataclass(frozen=True)
class Foreign:
    """Metadata of an object of somebody else, and what the operator would make of it."""

    before: Json
    after: Json


FOREIGN: Mapping[str, Callable[[Account], Foreign]] = {
    "of nobody": lambda _: Foreign({}, marked()),
    "of nobody, left unmarked": lambda _: Foreign({}, {"labels": {"a": "b"}}),
    "of somebody": lambda account: Foreign(
        {"ownerReferences": [{**SOMEBODY, "controller": True}]}, marked(ownerReferences=[account.reference()])
    ),
    "of somebody, with our marks": lambda _: Foreign(
        marked(ownerReferences=[{**SOMEBODY, "controller": True}]), marked()
    ),
    "of a kind of the same name": lambda account: Foreign(
        marked(ownerReferences=[account.reference(apiVersion="example.com/v1")]), marked()
    ),
    "of another kind of our group": lambda account: Foreign(
        marked(ownerReferences=[account.reference(kind="Unserved")]), marked()
    ),
    "with our label alone": lambda _: Foreign({"labels": MARKS["labels"]}, marked()),
    "with our annotation alone": lambda _: Foreign({"annotations": MARKS["annotations"]}, marked()),
    "owned by us and not controlled": lambda account: Foreign(
        {"ownerReferences": [account.reference(controller=False)]}, marked(ownerReferences=[account.reference()])
    ),
    "orphan of another sync": lambda _: Foreign({**MARKS, "annotations": {SYNC_ANNOTATION: "other"}}, marked()),
    "target of another sync": lambda account: Foreign(
        marked(annotations={SYNC_ANNOTATION: "other"}, ownerReferences=[account.reference(account.sync("other"))]),
        marked(),
    ),
    "target of another sync, taken whole": lambda account: Foreign(
        marked(annotations={SYNC_ANNOTATION: "other"}, ownerReferences=[account.reference(account.sync("other"))]),
        marked(ownerReferences=[account.reference()]),
    ),
    "given to another sync": lambda _: Foreign({"annotations": {"paramsync.dev/adopt": "other"}}, marked()),
    "given to a sync of no name": lambda _: Foreign(
        {"annotations": {"paramsync.dev/adopt": ""}}, marked(annotations={SYNC_ANNOTATION: ""})
    ),
    "given, and left unmarked": lambda _: Foreign(
        {"annotations": {"paramsync.dev/adopt": "app"}}, {"annotations": MARKS["annotations"]}
    ),
    "given, and controlled by somebody": lambda account: Foreign(
        {"annotations": {"paramsync.dev/adopt": "app"}, "ownerReferences": [{**SOMEBODY, "controller": True}]},
        marked(ownerReferences=[account.reference()]),
    ),
    "given by the one who takes it": lambda _: Foreign(
        {}, marked(annotations={SYNC_ANNOTATION: "app", "paramsync.dev/adopt": "app"})
    ),
}


@pytest.mark.parametrize("whose", FOREIGN)
@BOTH
def test_an_object_of_somebody_else_is_not_taken(account: Account, ref: TargetRef, whose: str) -> None:
    foreign = FOREIGN[whose](account)
    account.foreign(ref, metadata=foreign.before)

    assert account.denial("PATCH", account.path(ref), {"metadata": foreign.after}) == ("targets", NOT_OURS)


@pytest.mark.parametrize("before", [{}, {"annotations": {"paramsync.dev/adopt": "app"}}], ids=["foreign", "given"])
@BOTH
def test_an_object_of_somebody_else_is_not_deleted(account: Account, ref: TargetRef, before: Json) -> None:
    account.foreign(ref, metadata=before)

    assert account.denial("DELETE", account.path(ref), {}) == ("targets", NOT_OURS)


@BOTH
def test_an_object_of_somebody_else_is_not_read_by_a_write_that_changes_nothing(
    account: Account, ref: TargetRef
) -> None:
    """`patch` reads by a dry run; and `get` does, of which no policy hears."""
    account.foreign(ref)

    assert account.denial("PATCH", account.path(ref), {}) == ("targets", NOT_OURS)
    request(account.client, "GET", account.path(ref))


@BOTH
def test_our_own_is_taken_and_deleted(account: Account, ref: TargetRef) -> None:
    account.write(CONTENTS[ref])

    assert account.denial("PATCH", account.path(ref), {"metadata": marked()}) is None
    assert account.denial("DELETE", account.path(ref), {}) is None


@pytest.mark.parametrize("lost", [{}, {"labels": MARKS["labels"]}, {"annotations": MARKS["annotations"]}], ids=str)
@BOTH
def test_what_it_creates_bears_its_marks(account: Account, ref: TargetRef, lost: Json) -> None:
    collection = account.collection(ref.kind)

    assert account.denial("POST", collection, {"metadata": {"name": "new", **lost}}) == ("targets", NOT_OURS)
    assert account.denial("POST", collection, {"metadata": {"name": "new", **MARKS}}) is None


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
def test_an_immutable_target(account: Account, ref: TargetRef) -> None:
    account.write(CONTENTS[ref])
    body = {"metadata": {"name": "new", **MARKS}, "immutable": True}

    assert account.denial("POST", account.collection(ref.kind), body) == ("targets", IMMUTABLE)
    assert account.denial("PATCH", account.path(ref), {"immutable": True}) == ("targets", IMMUTABLE)
    account.meddle(ref, {"immutable": True})
    assert account.denial("PATCH", account.path(ref), {"metadata": {"annotations": {"paramsync.dev/x": "y"}}}) is None
    assert account.denial("DELETE", account.path(ref), {}) is None


@pytest.mark.parametrize("reserved", ["kube-system", "kube-public", "kube-node-lease", None])
@BOTH
def test_a_namespace_that_is_nobodys_to_sync_into(account: Account, ref: TargetRef, reserved: str | None) -> None:
    body = {"metadata": {"name": "new", **MARKS}}
    denial = ("targets", "the operator has no targets in this namespace")

    assert account.denial("POST", account.collection(ref.kind, reserved or account.home), body) == denial
    assert account.denial("POST", account.collection(ref.kind), body) is None


def test_it_never_blocks_the_deletion_of_a_sync(account: Account) -> None:
    """The API server itself refuses that where it checks the right to finalizers, and only there."""
    account.write(CONTENTS[SECRET])
    account.grant(apiGroups=["paramsync.dev"], resources=["parametersyncs/finalizers"], verbs=["update"])
    body = {"metadata": {"ownerReferences": [account.reference(blockOwnerDeletion=True)]}}

    wait_until(lambda: account.denial("PATCH", account.path(SECRET), body) == ("targets", NEW_OWNER), "it is refused")
