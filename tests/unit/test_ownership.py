"""Whose an object is."""

from dataclasses import replace

import pytest

from paramsync.core.objects import Live
from paramsync.core.ownership import conflict, is_adoption, is_given, is_ours
from paramsync.core.reasons import Reason
from paramsync.core.values import SecureValue

from .builders import CONFIG_MAP, OTHER_UID, SECRET, controller, given, live, ours, owner

LABEL = {"app.kubernetes.io/managed-by": "paramsync"}
ANNOTATION = {"paramsync.dev/sync": "app"}
ORPHAN = live(labels=LABEL, annotations=ANNOTATION)
DEPLOYMENT = controller(name="web", uid=OTHER_UID, kind="Deployment", api="apps/v1")
OTHER_SYNC = controller(name="other", uid=OTHER_UID)
EARLIER_SYNC = controller(uid=OTHER_UID)
HELM = {"app.kubernetes.io/managed-by": "Helm"}
OTHERS_ORPHAN = live(labels=LABEL, annotations={"paramsync.dev/sync": "other"})
PASSWORD = {"PASSWORD": SecureValue(b"theirs")}


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
        (live(controlled_by=controller(api="paramsync.dev.example.com/v1")), False),
        (given(), False),
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
        "our uid under another group",
        "given to us",
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
    ],
    ids=[
        "nobody's",
        "labelled",
        "a ConfigMap",
        "a Deployment's",
        "another sync's",
        "another kind of our name",
        "another group",
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


@pytest.mark.parametrize(
    ("found", "is_it"),
    [
        (given(), True),
        (given(data=PASSWORD, labels={"team": "pay"}), True),
        (given(labels=LABEL, annotations={"paramsync.dev/sync": "other"}), True),
        (live(), False),
        (given(to="other"), False),
        (given(to=""), False),
        (given(to="App"), False),
        (given(labels=HELM), False),
        (given(annotations={"argocd.argoproj.io/tracking-id": "x"}), False),
        (replace(given(), controller=DEPLOYMENT), False),
        (replace(given(), controller=OTHER_SYNC), False),
        (replace(given(), controller=EARLIER_SYNC), False),
        (given(labels=LABEL, annotations=ANNOTATION), False),
        (replace(given(), controller=controller()), False),
    ],
    ids=[
        "by its owner",
        "with foreign labels",
        "what another sync left behind",
        "without the annotation",
        "to another sync",
        "to nobody",
        "to a name in another case",
        "and tracked by Helm",
        "and tracked by Argo CD",
        "and controlled by a Deployment",
        "and controlled by another sync",
        "and controlled by an earlier sync of the name",
        "and ours by its marks",
        "and ours by its controller",
    ],
)
def test_given_is_what_bears_the_syncs_name_and_nothing_else_holds(found: Live, is_it: bool) -> None:
    assert is_given(found, owner()) is is_it


@pytest.mark.parametrize(
    ("found", "is_it"),
    [
        (given(), True),
        (live(SECRET, PASSWORD, labels=LABEL, annotations=ANNOTATION, foreign_keys=PASSWORD), True),
        (live(SECRET, {}, labels=LABEL, annotations=ANNOTATION), True),
        (live(SECRET, PASSWORD, labels=LABEL, annotations=ANNOTATION), False),
        (replace(ours(), controller=None), False),
        (ORPHAN, False),
        (ours(), False),
        (live(), False),
    ],
    ids=[
        "given",
        "interrupted",
        "interrupted without any key",
        "orphaned, with lost provenance",
        "orphaned",
        "orphaned, values not read",
        "ours",
        "foreign",
    ],
)
def test_what_is_given_is_taken_over_and_so_is_what_was_interrupted(found: Live, is_it: bool) -> None:
    assert is_adoption(found, owner()) is is_it


@pytest.mark.parametrize("found", [given(), given(labels=LABEL, annotations={"paramsync.dev/sync": "other"})])
def test_what_is_given_can_be_written(found: Live) -> None:
    assert conflict(found, owner()) is None


GIVE = "annotate it with paramsync.dev/adopt=app"
AS_IT_IS = f"Delete or rename the object, or name another one in spec.targets; or, to give it to this sync, {GIVE}"
CHART = (
    "in its chart, annotate it with helm.sh/resource-policy: keep, upgrade, and take it out of the chart, then remove"
    " from it the label app.kubernetes.io/managed-by"
)
ORPHAN_IT = (
    "give its ExternalSecret creationPolicy: Orphan and deletionPolicy: Retain, wait until no owner reference names it,"
    " and delete the ExternalSecret with --cascade=orphan, then remove from it the label"
    " reconcile.external-secrets.io/managed"
)
MANAGED = {"reconcile.external-secrets.io/managed": "true"}
EXTERNAL_SECRET = controller(uid=OTHER_UID, kind="ExternalSecret", api="external-secrets.io/v1")


def let_go(release: str) -> str:
    return f"Name another one in spec.targets; or, to give it to this sync, {release}, and {GIVE}"


@pytest.mark.parametrize(
    ("found", "whose", "remedy"),
    [
        (live(), "it was made by someone else", AS_IT_IS),
        (OTHERS_ORPHAN, "another ParameterSync made it", AS_IT_IS),
        (given(to="other"), "its owner gave it to another sync", AS_IT_IS),
        (live(labels=HELM), "Helm tracks it and would write it as well", let_go(CHART)),
        (given(labels=HELM), "Helm tracks it and would write it as well", f"To go on, {CHART}"),
        (
            replace(given(), controller=DEPLOYMENT),
            "Deployment web controls it, and an object has one controller at most",
            "To go on, delete Deployment web with --cascade=orphan",
        ),
        (
            replace(given(labels=MANAGED), controller=EXTERNAL_SECRET),
            "ExternalSecret app of External Secrets Operator controls it, and an object has one controller at most",
            f"To go on, {ORPHAN_IT}",
        ),
        (
            replace(OTHERS_ORPHAN, controller=OTHER_SYNC),
            "ParameterSync other controls it, and an object has one controller at most",
            let_go("delete that sync with --cascade=orphan"),
        ),
    ],
    ids=[
        "someone else's",
        "another sync's orphan",
        "given to another sync",
        "Helm's",
        "Helm's and given",
        "controlled and given",
        "an ExternalSecret's and given",
        "another sync's",
    ],
)
def test_the_message_says_who_holds_it_and_what_to_do(found: Live, whose: str, remedy: str) -> None:
    is_given_to_us = found.annotations.get("paramsync.dev/adopt") == "app"
    frame = "is given to this sync, but" if is_given_to_us else "exists and is not this sync's:"
    problem = conflict(found, owner())
    assert problem is not None
    assert problem.reason is Reason.TARGET_CONFLICT
    assert problem.message == f"Secret app {frame} {whose}; nothing was written anywhere. {remedy}"


def test_no_message_quotes_what_an_annotation_holds() -> None:
    secret = "correct-horse"
    for annotation in ("paramsync.dev/adopt", "paramsync.dev/sync", "meta.helm.sh/release-name", "note"):
        problem = conflict(live(labels=LABEL, annotations={annotation: secret}), owner())
        assert problem is not None
        assert secret not in problem.message


def test_what_is_given_and_being_deleted_is_waited_for() -> None:
    problem = conflict(replace(given(), deleting=True), owner())
    assert problem is not None
    assert problem.reason is Reason.PENDING
