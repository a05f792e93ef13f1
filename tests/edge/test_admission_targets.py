"""Whose objects the operator may write and delete, and in which namespaces.

All requests are dry runs of the operator's account, which has every right that they need.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

from paramsync.core.objects import MANAGED_BY_LABEL, SYNC_ANNOTATION
from paramsync.core.routing import TargetRef
from tests.cluster.access import request
from tests.edge.account import BOTH, CONTENTS, MARKS, SOMEBODY, Account, Json, marked

NOT_OURS = "the object is not this sync's, and nobody gave it away"


@dataclass(frozen=True)
class Foreign:
    """Metadata of an object of somebody else, and what the operator would make of it."""

    before: Json
    after: Json


def given(labels: Json | None = None, annotations: Json | None = None) -> Foreign:
    """An object that was given to the sync, with more labels and annotations."""
    given_away = {"paramsync.dev/adopt": "app", **(annotations or {})}
    return Foreign({"labels": labels or {}, "annotations": given_away}, marked())


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
    "given, and labelled as somebody's": lambda _: given(labels={MANAGED_BY_LABEL: "Helm"}),
    "given, and tracked by Argo CD": lambda _: given(
        annotations={"argocd.argoproj.io/tracking-id": "shop:/Secret:a/b"}
    ),
    "given, and labelled by Argo CD": lambda _: given(labels={"argocd.argoproj.io/instance": "shop"}),
    "given, and tracked by Flux": lambda _: given(labels={"kustomize.toolkit.fluxcd.io/name": "shop"}),
    "given, and tracked by Flux for Helm": lambda _: given(labels={"helm.toolkit.fluxcd.io/name": "shop"}),
    "given, and tracked by Helm": lambda _: given(annotations={"meta.helm.sh/release-name": "shop"}),
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


@pytest.mark.parametrize("reserved", ["kube-system", "kube-public", "kube-node-lease", None])
@BOTH
def test_a_namespace_that_is_nobodys_to_sync_into(account: Account, ref: TargetRef, reserved: str | None) -> None:
    body = {"metadata": {"name": "new", **MARKS}}
    denial = ("targets", "the operator has no targets in this namespace")

    assert account.denial("POST", account.collection(ref.kind, reserved or account.home), body) == denial
    assert account.denial("POST", account.collection(ref.kind), body) is None
