"""Whose an object is."""

from dataclasses import replace

import pytest

from paramsync.core.objects import Live
from paramsync.core.ownership import conflict, is_ours
from paramsync.core.reasons import Reason

from .builders import CONFIG_MAP, OTHER_UID, SECRET, controller, live, ours, owner

LABEL = {"app.kubernetes.io/managed-by": "paramsync"}
ANNOTATION = {"paramsync.dev/sync": "app"}
ORPHAN = live(labels=LABEL, annotations=ANNOTATION)
DEPLOYMENT = controller(name="web", uid=OTHER_UID, kind="Deployment", api="apps/v1")
OTHER_SYNC = controller(name="other", uid=OTHER_UID)
EARLIER_SYNC = controller(uid=OTHER_UID)


@pytest.mark.parametrize(
    ("found", "is_it"),
    [
        (ours(), True),
        (live(controlled_by=controller()), True),
        (ORPHAN, True),
        (live(), False),
        (live(labels=LABEL), False),
        (live(annotations=ANNOTATION), False),
        (live(labels=LABEL, annotations={"paramsync.dev/sync": "other"}), False),
        (live(labels={"app.kubernetes.io/managed-by": "Helm"}, annotations=ANNOTATION), False),
        (replace(ORPHAN, controller=DEPLOYMENT), False),
        (replace(ORPHAN, controller=OTHER_SYNC), False),
        (replace(ORPHAN, controller=EARLIER_SYNC), False),
        (live(controlled_by=controller(name="renamed")), True),
        (live(controlled_by=controller(kind="Pod")), False),
    ],
    ids=[
        "ours in every way",
        "our uid as controller",
        "label and annotation without a controller",
        "nothing",
        "the label alone",
        "the annotation alone",
        "the annotation of another sync",
        "the label of another tool",
        "controlled by a Deployment",
        "controlled by another sync",
        "controlled by an earlier sync of the name",
        "our uid under another name",
        "our uid under another kind",
    ],
)
def test_ours_is_what_our_uid_controls_or_what_bears_our_marks_and_has_no_controller(found: Live, is_it: bool) -> None:
    assert is_ours(found, owner()) is is_it


@pytest.mark.parametrize("found", [ours(), ORPHAN], ids=["ours", "orphaned"])
def test_what_is_ours_can_be_written(found: Live) -> None:
    assert conflict(found, owner()) is None


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (live(), "it was made by someone else"),
        (live(labels=LABEL), "it was made by someone else"),
        (live(CONFIG_MAP), "ConfigMap app exists and is not this sync's"),
        (live(controlled_by=DEPLOYMENT), "Deployment web controls it"),
        (live(controlled_by=OTHER_SYNC), "ParameterSync other controls it"),
        (
            live(controlled_by=controller(uid=OTHER_UID, kind="Certificate", api="cert-manager.io/v1")),
            "Certificate app",
        ),
        (live(controlled_by=controller(uid=OTHER_UID, api="paramsync.dev.example.com/v1")), "ParameterSync app"),
        (ours(immutable=True), "is immutable and cannot be updated; delete it"),
        (replace(ORPHAN, immutable=True), "is immutable"),
        (replace(ours(), type="kubernetes.io/tls"), "is of type kubernetes.io/tls, which cannot be changed to Opaque"),
    ],
    ids=[
        "nobody's",
        "labelled",
        "a ConfigMap",
        "a Deployment's",
        "another sync's",
        "another kind of our name",
        "another group",
        "immutable",
        "an immutable orphan",
        "of another type",
    ],
)
def test_a_foreign_object_is_a_conflict_that_a_person_mends(found: Live, says: str) -> None:
    problem = conflict(found, owner())
    assert problem is not None
    assert problem.reason is Reason.TARGET_CONFLICT
    assert problem.subject == str(found.ref)
    assert says in problem.message


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (ours(deleting=True), "Secret app is being deleted"),
        (live(SECRET, deleting=True), "is being deleted"),
        (live(controlled_by=EARLIER_SYNC), "belongs to an earlier app and is about to be collected"),
    ],
    ids=["ours, going", "foreign, going", "an earlier sync's"],
)
def test_what_is_about_to_go_is_waited_for(found: Live, says: str) -> None:
    problem = conflict(found, owner())
    assert problem is not None
    assert problem.reason is Reason.PENDING
    assert says in problem.message
