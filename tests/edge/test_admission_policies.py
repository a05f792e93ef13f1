"""The admission policies do not stand in the way: whatever the operator does with its targets passes.

Everything here is written by `kube/targets.py`, in its sequence, under the account's rights and policies.
"""

import string
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, product

import pytest

from paramsync.core.objects import MANAGED_BY_LABEL, PLAIN_KEYS_ANNOTATION, SYNC_ANNOTATION
from paramsync.core.ownership import is_ours
from paramsync.core.routing import TargetRef
from paramsync.core.sizes import MOST_ANNOTATION_BYTES
from paramsync.core.values import SecureValue
from tests.edge.account import BOTH, CONTENTS, Account, Json, decoded
from tests.unit.builders import CONFIG_MAP, SECRET, config_map_content, secret_content

ONE = {"HOST": "db.internal"}
TWO = {"HOST": "db.example", "PORT": "5432"}
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
SECRETS = {"PASSWORD": SecureValue(b"hunter2")}

DEFACED = {
    "label": {"labels": {MANAGED_BY_LABEL: "Helm"}},
    "no label": {"labels": {MANAGED_BY_LABEL: None}},
    "annotation": {"annotations": {SYNC_ANNOTATION: "other"}},
    "no annotations": {"annotations": None},
    "neither": {"labels": None, "annotations": None},
}


def test_targets_are_created_and_updated(account: Account) -> None:
    account.write(secret_content(SECRETS))
    account.write(config_map_content(ONE))
    account.write(config_map_content(TWO))
    account.write(config_map_content({"PORT": "5432"}))

    assert decoded(account.data(SECRET)) == {"PASSWORD": "hunter2"}
    assert account.data(CONFIG_MAP) == {"PORT": "5432"}


def test_a_target_without_any_key(account: Account) -> None:
    account.write(config_map_content({}))
    account.write(secret_content({}))

    assert account.data(CONFIG_MAP) == account.data(SECRET) == {}


@pytest.mark.parametrize(
    "plain_keys", [None, "", "HOST=String", "HOST=SecureString", "STRAY=SecureString STRAY", "= ==", "Hello, World"]
)
def test_surplus_keys_go_whatever_the_annotation_says(account: Account, plain_keys: str | None) -> None:
    account.write(config_map_content(ONE))
    account.meddle(
        CONFIG_MAP,
        {
            "metadata": {"annotations": {PLAIN_KEYS_ANNOTATION: plain_keys}},
            "data": {"STRAY": "x", "HOST": "changed"},
            "binaryData": {"STRAY.bin": "AAEC"},
        },
    )

    account.write(config_map_content(TWO))

    found = account.stored(CONFIG_MAP)
    assert found["data"] == TWO
    assert "binaryData" not in found
    assert found["metadata"]["annotations"][PLAIN_KEYS_ANNOTATION] == "HOST=String PORT=String"


def test_surplus_keys_go_together_with_a_key_of_ours(account: Account) -> None:
    account.write(config_map_content(TWO))
    account.meddle(CONFIG_MAP, {"data": {"STRAY": "x"}})

    account.write(config_map_content(ONE))

    assert account.data(CONFIG_MAP) == ONE


def test_a_dropped_key_goes_although_nobody_owns_it_any_more(account: Account) -> None:
    account.write(config_map_content(TWO))
    account.meddle(CONFIG_MAP, {"metadata": {"managedFields": [{}]}})

    account.write(config_map_content(ONE))

    assert account.data(CONFIG_MAP) == ONE


@pytest.mark.parametrize("surplus", [False, True], ids=["", "surplus"])
@pytest.mark.parametrize("defaced", DEFACED)
@BOTH
def test_a_target_that_lost_its_marks_is_repaired(
    account: Account, ref: TargetRef, defaced: str, surplus: bool
) -> None:
    account.write(CONTENTS[ref])
    kept = account.data(ref)
    account.meddle(ref, {"metadata": DEFACED[defaced], "data": {"STRAY": "AAEC"} if surplus else {}})

    account.write(CONTENTS[ref])

    found = account.stored(ref)
    assert found["data"] == kept
    assert found["metadata"]["labels"] == {MANAGED_BY_LABEL: "paramsync"}
    assert found["metadata"]["annotations"][SYNC_ANNOTATION] == "app"


@pytest.mark.parametrize("changed", [{"blockOwnerDeletion": True}, {"controller": False}], ids=str)
@BOTH
def test_an_owner_reference_that_somebody_changed_is_repaired(account: Account, ref: TargetRef, changed: Json) -> None:
    account.write(CONTENTS[ref])
    account.meddle(ref, {"metadata": {"ownerReferences": [account.reference(**changed)]}})

    account.write(CONTENTS[ref])

    assert account.stored(ref)["metadata"]["ownerReferences"] == [account.reference()]


@BOTH
def test_what_others_put_onto_a_target_stays(account: Account, ref: TargetRef) -> None:
    account.write(CONTENTS[ref])
    owner = TargetRef(CONFIG_MAP.kind, "owner")
    account.foreign(owner)
    uid = account.stored(owner)["metadata"]["uid"]
    theirs = {"apiVersion": "v1", "kind": "ConfigMap", "name": owner.name, "uid": uid}
    put: Json = {
        "labels": {"team": "red", "app.kubernetes.io/instance": "shop"},
        "annotations": {"argocd.argoproj.io/compare-options": "IgnoreExtraneous", "note": "hello"},
        "finalizers": ["example.com/held"],
        "ownerReferences": [account.reference(), theirs],
    }
    account.meddle(ref, {"metadata": put, "data": {"STRAY": "AAEC"}})

    account.write(CONTENTS[ref])

    kept = account.stored(ref)["metadata"]
    assert kept["labels"] == {**put["labels"], MANAGED_BY_LABEL: "paramsync"}
    assert put["annotations"].items() <= kept["annotations"].items()
    assert (kept["finalizers"], kept["ownerReferences"]) == (put["finalizers"], put["ownerReferences"])
    account.meddle(ref, {"metadata": {"finalizers": None}})


@BOTH
def test_a_retained_target_loses_its_owner_and_gets_it_back(account: Account, ref: TargetRef) -> None:
    account.write(CONTENTS[ref])
    live = account.read(ref)
    assert live is not None

    live = account.targets.set_owner(live, replace(account.owner, retains=True))
    assert "ownerReferences" not in account.stored(ref)["metadata"]
    account.targets.set_owner(live, account.owner)

    assert account.stored(ref)["metadata"]["ownerReferences"] == [account.reference()]


@BOTH
def test_a_sync_that_was_created_again_takes_over_what_was_orphaned(account: Account, ref: TargetRef) -> None:
    account.write(CONTENTS[ref])
    account.meddle(ref, {"metadata": {"ownerReferences": None}})
    account.cluster.request("DELETE", account.sync_path("app"))
    again = account.sync("app")

    account.write(CONTENTS[ref], again)

    assert account.stored(ref)["metadata"]["ownerReferences"] == [account.reference(again)]


@pytest.mark.parametrize(
    ("labels", "annotations"),
    [({}, {}), ({}, {LAST_APPLIED: "{}"}), ({MANAGED_BY_LABEL: "paramsync"}, {SYNC_ANNOTATION: "other"})],
    ids=["", "by kubectl", "retained by another sync"],
)
@BOTH
def test_an_object_that_was_given_away_is_adopted(
    account: Account, ref: TargetRef, labels: dict[str, str], annotations: dict[str, str]
) -> None:
    kept = dict.fromkeys(CONTENTS[ref].data, "b2xk")
    given = {
        "labels": {"team": "red", **labels},
        "annotations": {"paramsync.dev/adopt": "app", "note": "hello", **annotations},
    }
    account.foreign(ref, metadata=given, data={**kept, "DROPPED": "b2xk"})

    live = account.read(ref)
    assert live is not None
    account.targets.take_over(CONTENTS[ref], live, account.owner)
    account.write(CONTENTS[ref])

    found = account.stored(ref)
    assert found["data"].keys() == CONTENTS[ref].data.keys()
    assert found["metadata"]["labels"] == {"team": "red", MANAGED_BY_LABEL: "paramsync"}
    assert found["metadata"]["annotations"]["note"] == "hello"
    assert found["metadata"]["ownerReferences"] == [account.reference()]


@pytest.mark.parametrize("defaced", [None, *DEFACED])
@BOTH
def test_a_dropped_target_is_deleted(account: Account, ref: TargetRef, defaced: str | None) -> None:
    account.write(CONTENTS[ref])
    if defaced is not None:
        account.meddle(ref, {"metadata": DEFACED[defaced]})
    live = account.read(ref)
    assert live is not None
    assert is_ours(live, account.owner)

    account.targets.delete(live, account.owner)

    assert account.read(ref) is None


def test_as_many_keys_as_fit_into_the_annotations(account: Account) -> None:
    """The cost of an expression has a limit, which no ConfigMap may reach that the API server would take."""
    data = dict.fromkeys(fitting_keys(), "")
    content = config_map_content(data)
    assert len(data) > 20_000

    account.write(content)

    assert account.data(CONFIG_MAP) == data


def fitting_keys() -> Iterator[str]:
    letters = string.ascii_letters + string.digits
    room = MOST_ANNOTATION_BYTES - 1_000
    keys = ("".join(each) for length in (1, 2, 3) for each in product(letters, repeat=length))
    return islice(keys, room // len("abc=String "))


def test_an_object_of_somebody_who_is_not_bound(account: Account) -> None:
    account.foreign(TargetRef(CONFIG_MAP.kind, "free"), data={"KEY": "value"})

    assert account.data(TargetRef(CONFIG_MAP.kind, "free")) == {"KEY": "value"}
