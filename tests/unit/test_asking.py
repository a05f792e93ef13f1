"""What a person asks of a sync, and what has become of it."""

import pytest

from paramsync.api.status import Condition, PlannedAction, PlanStatus, SyncStatus
from paramsync.api.sync import Mode, ParameterSyncSpec
from paramsync.core import asking
from paramsync.core.asking import Answer, Held
from paramsync.core.trackers import keeper

from .builders import source

REMOVED = PlannedAction(action="remove", kind="Secret", name="app", key="A", reason="gone", held=True)
ADDED = PlannedAction(action="add", kind="Secret", name="app", key="B", reason="new")


def status(reason: str | None = "Synced", ready: str = "True", **fields: object) -> SyncStatus:
    conditions = [] if reason is None else [condition(reason, ready)]
    return SyncStatus.model_validate({"observedGeneration": 1, "conditions": conditions, **fields})


def condition(reason: str, ready: str) -> Condition:
    return Condition.model_validate(
        {"type": "Ready", "status": ready, "reason": reason, "message": "as it is", "lastTransitionTime": "2026-03-01"}
    )


def plan(*actions: PlannedAction, digest: str | None = "d1", omitted: int = 0) -> PlanStatus:
    return PlanStatus(digest=digest, actions=actions, omitted=omitted)


def spec(**fields: object) -> ParameterSyncSpec:
    return ParameterSyncSpec.model_validate({"sources": [source()], **fields})


WELL = "Synced: as it is"
HELD = status("RemovalBlocked", "False", plan=plan(REMOVED))


class TestWhatIsHeld:
    def test_nothing(self) -> None:
        assert Held.of(status()) is None
        assert Held.of(status("Planned", plan=plan(ADDED, digest=None))) is None

    def test_what_waits_with_it_is_told_apart(self) -> None:
        found = Held.of(status("Planned", plan=plan(REMOVED, ADDED, omitted=7)))
        assert found == Held("d1", "Planned: as it is", (REMOVED,), (ADDED,), 7)

    def test_more_than_status_shows(self) -> None:
        found = Held.of(status("RemovalBlocked", "False", plan=plan(REMOVED, omitted=7)))
        assert found == Held("d1", "RemovalBlocked: as it is", (REMOVED,), (), 7)


@pytest.mark.parametrize(
    ("asked", "of_approval", "of_refresh"),
    [
        (spec(), None, None),
        (spec(suspend=False, mode=Mode.SYNC), None, None),
        (spec(suspend=True), "spec.suspend is true", "spec.suspend is true"),
        (spec(mode=Mode.PLAN), "spec.mode is Plan", None),
        (None, "the spec is not valid", "the spec is not valid"),
    ],
)
def test_what_puts_it_off(asked: ParameterSyncSpec | None, of_approval: str | None, of_refresh: str | None) -> None:
    for told, expected in ((True, of_approval), (False, of_refresh)):
        found = asking.put_off(asked, approval=told)
        assert (found is None) == (expected is None)
        assert (found or "").startswith(expected or "")


class TestAnApproval:
    def test_is_not_handled_yet(self) -> None:
        assert asking.approved(HELD, "d1") is None

    def test_is_done(self) -> None:
        answer = asking.approved(status(lastHandledApproval="d1"), "d1")
        assert answer == Answer(True, f"what was approved is done; {WELL}")

    def test_is_done_and_all_is_not_well(self) -> None:
        answer = asking.approved(status("AccessDenied", "False", lastHandledApproval="d1"), "d1")
        assert answer == Answer(False, "what was approved is done; AccessDenied: as it is")

    def test_is_done_and_more_is_held(self) -> None:
        found = HELD.model_copy(update={"last_handled_approval": "d0"})
        answer = asking.approved(found, "d0")
        assert answer is not None
        assert not answer.is_good

    def test_is_void(self) -> None:
        answer = asking.approved(HELD, "d0")
        assert answer is not None
        assert not answer.is_good
        assert "its digest (d1)" in answer.text

    def test_is_no_longer_needed(self) -> None:
        assert asking.approved(status(), "d1") == Answer(True, f"nothing is held any more; {WELL}")


def test_a_refresh_is_handled_when_status_has_its_value() -> None:
    assert asking.refreshed(status(lastHandledRefresh="1"), "2") is None
    assert asking.refreshed(status(lastHandledRefresh="2"), "2") == Answer(True, WELL)
    assert asking.refreshed(status("AccessDenied", "False", lastHandledRefresh="2"), "2") == Answer(
        False, "AccessDenied: as it is"
    )


def test_a_pause_is_there_when_status_speaks_of_it() -> None:
    assert asking.suspended(status("Suspended"), 2) is None, "of an older spec"
    assert asking.suspended(status("Suspended", observedGeneration=2), 2) == Answer(True, "Suspended: as it is")
    assert asking.suspended(status("InvalidSpec", "False", observedGeneration=2), 2) == Answer(
        False, "InvalidSpec: as it is"
    )


def test_a_resumed_sync_says_something_else_of_its_present_spec() -> None:
    assert asking.resumed(status(), 2) is None
    assert asking.resumed(status("Suspended", observedGeneration=2), 2) is None
    assert asking.resumed(status(observedGeneration=2), 2) == Answer(True, WELL)
    assert asking.resumed(status("Throttled", "False", observedGeneration=2), 2) == Answer(False, "Throttled: as it is")


def test_a_sync_without_conditions() -> None:
    assert asking.ready(status(None)) == "the operator has said nothing yet"
    assert not asking.is_ready(status(None))


@pytest.mark.parametrize(
    ("labels", "annotations", "tool"),
    [
        ({}, {}, None),
        ({"app.kubernetes.io/managed-by": "Helm"}, {"meta.helm.sh/release-name": "x"}, None),
        ({"argocd.argoproj.io/instance": "pay"}, {}, "Argo CD"),
        ({}, {"argocd.argoproj.io/tracking-id": "pay:paramsync.dev/ParameterSync:payments/app"}, "Argo CD"),
        ({"kustomize.toolkit.fluxcd.io/name": "pay"}, {}, "Flux"),
        ({"helm.toolkit.fluxcd.io/name": "pay"}, {}, "Flux"),
    ],
)
def test_who_puts_a_sync_back_to_what_git_says(
    labels: dict[str, str], annotations: dict[str, str], tool: str | None
) -> None:
    assert keeper(labels, annotations) == tool
