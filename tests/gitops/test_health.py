"""What Argo CD and Flux make of a sync in each state that the operator can write."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from paramsync.api.definitions import FRESH_STATUS
from paramsync.api.status import Condition, ConditionType, SyncStatus
from paramsync.api.store_status import StoreStatus
from paramsync.core.identity import Identity
from paramsync.core.outcome import Circumstances, Outcome, conditions
from paramsync.core.reasons import Nature, Reason
from paramsync.core.store_status import PENDING, UNUSED, Answer, Failure, StoreFacts, status_of
from paramsync.core.stores import Store
from tests.e2e.scene import kstatus
from tests.gitops.argo import Argo, Json
from tests.unit.situations import SITUATIONS, recorded

NOW: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
NEW: Final = Circumstances(
    generation=2, created=NOW, now=NOW, interval=timedelta(minutes=5), data_age=timedelta(hours=1)
)
OLD: Final = replace(NEW, created=NOW - timedelta(days=1))
NEVER: Final = SyncStatus()
SYNCED: Final = SyncStatus(
    observed_generation=2, revision="abc", conditions=conditions(NEVER, Outcome(Reason.SYNCED, "All is well"), OLD)
)
STATES: Final = {
    Nature.GOOD: ("Healthy", "Current"),
    Nature.WAITING: ("Progressing", "InProgress"),
    Nature.PERSON: ("Degraded", "Failed"),
    Nature.LAGGING: ("Degraded", "Failed"),
}


DELETED: Final[Json] = {
    "name": "app", "namespace": "payments", "generation": 1, "deletionTimestamp": "2026-03-01T12:00:00Z"
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A state, and what is to be made of it."""

    name: str
    sync: Json
    argo: str
    flux: str
    says: str


def written(previous: SyncStatus, outcome: Outcome, at: Circumstances, **spec: Any) -> Json:
    """A sync as the operator leaves it."""
    status = previous.model_copy(
        update={"observed_generation": at.generation, "conditions": conditions(previous, outcome, at)}
    )
    return sync(status.model_dump(mode="json", by_alias=True, exclude_none=True), **spec)


def sync(status: Json | None, generation: int = 2, **spec: Any) -> Json:
    """A sync with this status."""
    made: Json = {
        "apiVersion": "paramsync.dev/v1alpha1",
        "kind": "ParameterSync",
        "metadata": {"name": "app", "namespace": "payments", "generation": generation},
        "spec": {"sources": [{"path": "/prod/pay"}], **spec},
    }
    return made if status is None else {**made, "status": status}


def cases() -> Iterator[Case]:
    for reason in set(Reason) - {Reason.SUSPENDED}:
        health, flux = STATES[reason.nature]
        told = Outcome(reason, "What happened")
        yield Case(f"{reason} of old", written(SYNCED, told, OLD), health, flux, f"{reason}: What happened")
        if reason.nature is Nature.LAGGING:
            health, flux = STATES[Nature.WAITING]
        yield Case(f"{reason} while new", written(NEVER, told, NEW), health, flux, f"{reason}: What happened")
    suspended = Outcome(Reason.SUSPENDED, "Nothing is written")
    says = "Suspended: Nothing is written"
    held = SyncStatus(revision="abc", conditions=conditions(SYNCED, Outcome(Reason.REMOVAL_BLOCKED, "Held"), OLD))
    yield Case("suspended", written(SYNCED, suspended, OLD, suspend=True), "Suspended", "Current", says)
    yield Case("suspended while held", written(held, suspended, OLD, suspend=True), "Suspended", "InProgress", says)
    yield Case(
        "suspended from the start", written(NEVER, suspended, NEW, suspend=True), "Suspended", "InProgress", says
    )
    fresh = SYNCED.model_dump(mode="json", by_alias=True, exclude_none=True)
    waiting = "Waiting for the operator"
    yield Case("as applied", sync(FRESH_STATUS, generation=1), "Progressing", "InProgress", waiting)
    yield Case("changed since", sync(fresh, generation=3), "Progressing", "InProgress", waiting)
    yield Case("suspended a moment ago", sync(fresh, generation=3, suspend=True), "Progressing", "InProgress", waiting)
    yield Case("without any condition", sync({"observedGeneration": 2}), "Progressing", "Current", waiting)
    gone = sync(fresh)
    gone["metadata"]["deletionTimestamp"] = "2026-03-01T12:00:00Z"
    yield Case("on its way out", gone, "Progressing", "Terminating", "Pending deletion")


def ready_of(found: Json) -> Condition:
    made = SyncStatus.model_validate(found["status"]).condition(ConditionType.READY)
    assert made is not None
    return made


CASES: Final = sorted(cases(), key=lambda case: case.name)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_state_is_what_it_is_for_both(argo: Argo, case: Case) -> None:
    assert argo.health(case.sync) == [(case.argo, case.says)]
    assert argo.kstatus(case.sync) == [case.flux]
    assert kstatus(case.sync) == case.flux  # the copy of these rules that other tests use


def test_what_reconciles_left_is_what_it_is_for_both(argo: Argo) -> None:
    """Recorded from the reconciler itself: some of these have a nature that never reaches the conditions."""
    found = [recorded(reason) for reason in SITUATIONS]
    ready = [each.reason for each in map(ready_of, found)]
    expected = [STATES[Reason(each).nature] for each in ready]

    assert [health for health, _ in argo.health(*found)] == [
        "Suspended" if reason == Reason.SUSPENDED else health
        for reason, (health, _) in zip(ready, expected, strict=True)
    ]
    assert argo.kstatus(*found) == [flux for _, flux in expected]
    assert {*argo.kstatus(*found)} == {"Current", "InProgress", "Failed"}
    assert {*argo.kstatus(*({**each, "metadata": DELETED} for each in found))} == {"Terminating"}
    changed = [recorded(reason, interval="90s") for reason in (Reason.SYNCED, Reason.REMOVAL_BLOCKED)]
    assert argo.kstatus(*changed) == ["InProgress", "InProgress"], "the operator has not seen it yet"


def test_a_passing_failure_shows_only_when_the_data_is_late(argo: Argo) -> None:
    failed = Outcome(Reason.SOURCE_UNAVAILABLE, "AWS does not answer")
    early = replace(OLD, data_age=timedelta(minutes=9))
    assert argo.health(written(SYNCED, failed, early)) == [("Healthy", "Synced: All is well")]
    assert argo.health(written(SYNCED, failed, OLD)) == [("Progressing", "SourceUnavailable: AWS does not answer")]


STORE: Final = Store(Identity("eu-west-1"), ())
SERVING: Final = StoreFacts(2, STORE, ("payments",), answers=(Answer("/prod/pay"),))
DENIED: Final = Answer("/prod/pay", failure=Failure(Reason.ACCESS_DENIED, "AWS denies it"))
LOST: Final = Answer("/prod/pay", failure=Failure(Reason.SOURCE_UNAVAILABLE, "no answer", timedelta(hours=1)))
STORES: Final = {
    "in use": (SERVING, "Healthy", "Current", "Serving: AWS answers to what is read with this store"),
    "unused": (StoreFacts(2, STORE), "Healthy", "Current", f"Unused: {UNUSED.message}"),
    "denied": (replace(SERVING, answers=(DENIED,)), "Degraded", "Failed", "AccessDenied: AWS denies it"),
    "cut off": (replace(SERVING, answers=(LOST,)), "Progressing", "InProgress", "SourceUnavailable: no answer"),
    "not read yet": (replace(SERVING, answers=()), "Progressing", "InProgress", f"Pending: {PENDING.message}"),
}


def as_store(kind: str, status: Json | None, generation: int = 2) -> Json:
    """A store with this status."""
    metadata = {"name": "default", "generation": generation}
    made: Json = {"apiVersion": "paramsync.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": {}}
    return made if status is None else {**made, "status": status}


@pytest.mark.parametrize("kind", ["ClusterParameterStore", "ParameterStore"])
@pytest.mark.parametrize("name", STORES)
def test_a_store_is_what_it_is_for_both(argo: Argo, kind: str, name: str) -> None:
    facts, health, flux, says = STORES[name]
    told = status_of(StoreStatus(), facts, NOW).model_dump(mode="json", by_alias=True, exclude_none=True)
    store = as_store(kind, told)
    assert argo.health(store) == [(health, says)]
    assert argo.kstatus(store) == [flux]
    assert kstatus(store) == flux


@pytest.mark.parametrize("kind", ["ClusterParameterStore", "ParameterStore"])
def test_a_store_that_the_operator_has_not_told_of_is_waited_for(argo: Argo, kind: str) -> None:
    waiting = [("Progressing", "Waiting for the operator")]
    old = status_of(StoreStatus(), SERVING, NOW).model_dump(mode="json", by_alias=True, exclude_none=True)
    for store in (as_store(kind, FRESH_STATUS, generation=1), as_store(kind, old, generation=3)):
        assert argo.health(store) == waiting
        assert argo.kstatus(store) == ["InProgress"]
