"""What can be done to a sync in Argo CD, by its own Lua engine, and that the API server and the operator take it."""

import re
from collections.abc import Callable
from typing import Any, Final

import pytest

from paramsync.api.status import SyncStatus
from paramsync.core.reasons import Reason
from tests.aws.emulator import Emulator
from tests.cluster.waiting import wait_until
from tests.e2e.scene import SOON, Stores
from tests.gitops.argo import Argo, ArgoError, Json
from tests.running.objects import Syncs
from tests.unit.situations import SITUATIONS, recorded

IDLE = {"refresh": True, "approve": False, "suspend": True, "resume": False}
HELD = IDLE | {"approve": True}
ASLEEP = {"refresh": False, "approve": False, "suspend": False, "resume": True}
HELD_REASONS: Final = {Reason.REMOVAL_BLOCKED, Reason.DOWNGRADE_BLOCKED, Reason.SOURCE_MOVED}


def fresh() -> Json:
    """A sync without any annotation and status."""
    found = recorded(Reason.SYNCED)
    del found["status"]
    return {**found, "metadata": {"name": "app", "namespace": "payments"}}


def digest_of(found: Json) -> str:
    plan = SyncStatus.model_validate(found["status"]).plan
    assert plan is not None
    assert plan.digest is not None
    return plan.digest


def annotated(found: Json, **annotations: str) -> Json:
    named = {f"paramsync.dev/{name}": text for name, text in annotations.items()}
    return {**found, "metadata": {**found["metadata"], "annotations": named}}


def test_what_can_be_done_depends_on_what_is_held_and_on_suspend(argo: Argo) -> None:
    found = [recorded(reason) for reason in SITUATIONS]

    expected = [
        ASLEEP if reason is Reason.SUSPENDED else HELD if reason in HELD_REASONS else IDLE for reason in SITUATIONS
    ]
    assert argo.actions(*found) == expected
    assert argo.actions(fresh()) == [IDLE]


def test_what_is_held_can_be_approved_while_suspended_and_once(argo: Argo) -> None:
    held = recorded(Reason.REMOVAL_BLOCKED, suspend=True)
    digest = digest_of(held)

    assert argo.actions(held) == [ASLEEP | {"approve": True}]
    assert argo.actions(annotated(held, approve=digest)) == [ASLEEP]
    assert argo.actions(annotated(held, approve="another")) == [ASLEEP | {"approve": True}]


@pytest.mark.parametrize("reason", sorted(HELD_REASONS))
def test_approve_sets_the_digest_of_what_is_held(argo: Argo, reason: Reason) -> None:
    held = recorded(reason)

    patch = argo.act("approve", held)

    assert patch == {"metadata": {"annotations": {"paramsync.dev/approve": digest_of(held)}}}


def test_nothing_can_be_approved_where_nothing_is_held(argo: Argo) -> None:
    """Argo CD runs an action that is disabled, if somebody asks by its API."""
    for found in (recorded(Reason.SYNCED), recorded(Reason.PLANNED), fresh()):
        with pytest.raises(ArgoError, match=r"Nothing is held: status\.plan has no digest"):
            argo.act("approve", found)


def test_refresh_sets_the_time_and_leaves_other_annotations(argo: Argo) -> None:
    for found in (fresh(), annotated(fresh(), refresh="by hand", other="kept")):
        patch = argo.act("refresh", found)

        value = patch["metadata"]["annotations"].pop("paramsync.dev/refresh")
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", value)
        assert patch == {"metadata": {"annotations": {}}}


@pytest.mark.parametrize(
    ("action", "before", "patch"),
    [
        ("suspend", {}, {"spec": {"suspend": True}}),
        ("suspend", {"suspend": False}, {"spec": {"suspend": True}}),
        ("resume", {"suspend": True}, {"spec": {"suspend": None}}),
        ("resume", {}, {}),
    ],
)
def test_suspend_and_resume_change_one_field(argo: Argo, action: str, before: Json, patch: Json) -> None:
    assert argo.act(action, recorded(Reason.SYNCED, **before)) == patch


def test_empty_lists_and_maps_stay_what_they_are(argo: Argo) -> None:
    """Lua knows one empty table only."""
    spec: Json = {"contract": {}, "keys": {"rename": {}}, "sources": [{"path": "/prod/pay", "include": []}]}

    assert argo.act("suspend", recorded(Reason.SYNCED, **spec)) == {"spec": {"suspend": True}}


@pytest.mark.usefixtures("operator")
def test_the_api_server_and_the_operator_take_what_the_actions_make(
    argo: Argo, ssm: Emulator, syncs: Syncs, store: Stores
) -> None:
    path = f"/{syncs.namespace}/app"
    ssm.put(f"{path}/host", "db")
    ssm.put(f"{path}/password", "secret", "SecureString")
    ssm.put(f"{path}/token", "secret", "SecureString")
    syncs.create("app", path, storeRef={"name": syncs.namespace})
    syncs.wait_reason("app", "Synced", SOON)

    def act(action: str, done: Callable[[Any], bool]) -> None:
        patch = argo.act(action, syncs.get("app"))
        assert "status" not in patch
        syncs.patch("app", patch)
        wait_until(lambda: done(syncs.get("app")), f"{action} is done", SOON)

    act("suspend", lambda sync: reason_of(sync) == "Suspended")
    assert argo.actions(syncs.get("app")) == [ASLEEP]
    act("resume", lambda sync: reason_of(sync) == "Synced")
    assert "suspend" not in syncs.get("app")["spec"]

    ssm.put(f"{path}/host", "other")
    act("refresh", lambda sync: sync["status"].get("lastHandledRefresh", "").startswith("20"))
    assert syncs.data("ConfigMap", "app") == {"HOST": "other"}

    ssm.put(f"/{syncs.namespace}/later/password", "plain")
    syncs.patch("app", {"spec": {"sources": [{"path": path}, {"path": f"/{syncs.namespace}/later"}]}})
    syncs.wait_reason("app", "DowngradeBlocked", SOON)
    assert argo.actions(syncs.get("app")) == [HELD]
    act("approve", lambda sync: reason_of(sync) == "Synced")
    assert argo.actions(syncs.get("app")) == [IDLE]


def reason_of(sync: Any) -> str:
    return str(next(each["reason"] for each in sync["status"]["conditions"] if each["type"] == "Ready"))
