"""What ties a target to its sync's life, and which targets a sync may let go."""

from dataclasses import replace

import pytest

from paramsync.api.sync import DeletionPolicy
from paramsync.core.deletion import follows_policy, is_recorded, policy_of, recorded
from paramsync.core.objects import Live

from .builders import CONFIG_MAP, OTHER_UID, SECRET, UID, controller, live, ours, owner, status

RETAINS = owner(retains=True)
RETAINED = ours(by=RETAINS)
NO_CONTROLLER = replace(ours(), controller=None)
"""Our reference is there, and does not control."""


@pytest.mark.parametrize(
    ("spec", "policy"),
    [
        ({"sources": []}, DeletionPolicy.DELETE),
        ({"deletionPolicy": None}, DeletionPolicy.DELETE),
        ({"deletionPolicy": "Delete"}, DeletionPolicy.DELETE),
        ({"deletionPolicy": "Retain", "sources": "invalid"}, DeletionPolicy.RETAIN),
        ({"deletionPolicy": "retain"}, None),
        ({"deletionPolicy": ["Retain"]}, None),
        (None, None),
        ("Retain", None),
    ],
    ids=str,
)
def test_the_policy_is_read_whatever_the_rest_of_the_spec_is(spec: object, policy: DeletionPolicy | None) -> None:
    assert policy_of(spec) is policy


@pytest.mark.parametrize(
    ("found", "deletes", "retains"),
    [
        (ours(), True, False),
        (RETAINED, False, True),
        (NO_CONTROLLER, False, False),
        (replace(RETAINED, owners=frozenset({OTHER_UID})), False, True),
        (replace(ours(), owners=frozenset({UID, OTHER_UID})), True, False),
        (live(controlled_by=controller(uid=OTHER_UID)), False, True),
        (live(controlled_by=controller(kind="Pod")), False, False),
    ],
    ids=[
        "controlled",
        "retained",
        "owned and not controlled",
        "somebody else's reference alone",
        "somebody else's reference beside ours",
        "controlled by another",
        "our uid under another kind",
    ],
)
def test_the_owner_reference_is_what_the_policy_asks_for(found: Live, deletes: bool, retains: bool) -> None:
    assert follows_policy(found, owner()) is deletes
    assert follows_policy(found, RETAINS) is retains


@pytest.mark.parametrize(
    ("found", "is_it"),
    [
        (ours(), True),
        (RETAINED, True),
        (replace(RETAINED, uid="made-anew"), False),
        (replace(ours(), uid="made-anew"), True),
        (replace(RETAINED, labels={}), False),
        (replace(RETAINED, annotations={"paramsync.dev/sync": "other"}), False),
        (live(uid="target-uid"), False),
        (live(uid="target-uid", controlled_by=controller(uid=OTHER_UID)), False),
    ],
    ids=[
        "controlled",
        "retained",
        "a copy under the old name",
        "made anew and controlled",
        "without the label",
        "another sync's",
        "nobody's",
        "an earlier sync's",
    ],
)
def test_a_target_is_let_go_only_if_it_is_the_one_that_was_written(found: Live, is_it: bool) -> None:
    assert is_recorded(found, owner(), "target-uid") is is_it


def test_status_knows_the_uids_of_the_targets() -> None:
    assert recorded(status(targets=(SECRET, CONFIG_MAP))) == {SECRET: "target-uid", CONFIG_MAP: "target-uid"}
