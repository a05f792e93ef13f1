"""What there is after a storm: whether everything is equal, and what was wrong on the way."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paramsync.api.status import SyncStatus
from paramsync.core import report, settling
from tests.cluster.waiting import wait_until
from tests.e2e.scene import READY, conditions
from tests.kill.lives import Waits
from tests.kill.rules import Judge
from tests.kill.storm import PATIENCE
from tests.running.nursery import FASTER
from tests.running.objects import PLURALS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.kill.rules import Event, Ref, Sync
    from tests.kill.storm import Storm

DONE = "paramsync_reconciles_total"
KINDS = {plural: kind for kind, plural in PLURALS.items()}
OURS = "?labelSelector=app.kubernetes.io/managed-by=paramsync"


@dataclass(frozen=True)
class Calm:
    """What came of a storm."""

    befell: Counter[str]
    edits: int
    events: Counter[str]
    """Of targets, by kind."""

    wrong: list[str]

    def show(self) -> None:
        """Print it."""
        of_kinds = ", ".join(f"{count} of a {kind}" for kind, count in self.events.items())
        print(f"{self.befell.total()} times, {self.edits} edits of specs, {of_kinds}")
        print("  " + ", ".join(f"{count} {name}" for name, count in sorted(self.befell.items())))
        print("\n".join(["wrong:", *self.wrong] if self.wrong else ["nothing was wrong"]), flush=True)


def calm(storm: Storm) -> Calm:
    """Let an operator bring everything to its end, and then another one find nothing to do."""
    syncs = storm.world.syncs
    with storm.operator("last", ready=True), suppress(TimeoutError):  # what is wrong then is told
        wait_until(lambda: not any(_differences(storm, sync) for sync in syncs), "all is equal", PATIENCE)
    storm.gateway.forget()
    with storm.operator("idle", ready=True) as idle:
        wait_until(lambda: idle.metric(DONE, reason="Synced") >= 2 * len(syncs), "two looks at each sync", PATIENCE)
    events = storm.reader.events()
    waits = Waits(settling.ABSENCE / FASTER, PATIENCE)
    judge = Judge(syncs, storm.world.parameters.lives, waits)
    wrong = [
        *judge.broken(events),
        *(f"{each.method} {each.path}, though all was equal" for each in storm.gateway.writes(storm.syncs.namespace)),
        *(each for sync in syncs for each in _differences(storm, sync)),
        *_left_over(storm),
        *_needless(storm, events),
    ]
    return Calm(storm.befell, storm.changes.edits, Counter(event.ref[0] for event in events), wrong)


def _differences(storm: Storm, sync: Sync) -> list[str]:
    """How a sync's targets and its status differ from what they should be."""
    expected = storm.world.expected(sync)
    found = {ref: storm.syncs.data(*ref) for ref in expected}
    wrong = [f"{ref[0]} {ref[1]} is not equal" for ref, data in found.items() if data != expected[ref]]
    return wrong or list(_untrue(storm, sync))


def _untrue(storm: Storm, sync: Sync) -> Iterator[str]:
    """What a sync's status says that is not so, when its targets are equal."""
    found = storm.syncs.get(sync.name)
    status = SyncStatus.model_validate(found.get("status", {}))
    if status.observed_generation != found["metadata"]["generation"] or conditions(found) != READY:
        yield f"{sync.name} is not Synced"
    keys = {ref: len(data) for ref, data in storm.world.expected(sync).items()}
    if {(each.kind, each.name): each.key_count for each in status.targets} != keys:
        yield f"{sync.name} tells of other targets or keys"
    for each in status.targets:
        target = storm.syncs.target(each.kind, each.name)
        if target is None or target["metadata"]["uid"] != each.uid:
            yield f"{sync.name} tells of another {each.kind} {each.name}"
    if status.revision != report.revision(status.targets):
        yield f"{sync.name} has a revision that is not its targets'"


def _left_over(storm: Storm) -> Iterator[str]:
    """The targets that no spec names."""
    named = {ref for sync in storm.world.syncs for ref in storm.world.expected(sync)}
    for plural, kind in KINDS.items():
        found = storm.cluster.request("GET", f"/api/v1/namespaces/{storm.syncs.namespace}/{plural}{OURS}")
        for each in found["items"]:
            if (kind, each["metadata"]["name"]) not in named:
                yield f"{kind} {each['metadata']['name']} was left over"


def _needless(storm: Storm, events: Sequence[Event]) -> Iterator[str]:
    """The targets that were written more often than they changed, by the audit log."""
    changed = Counter(event.ref for event in events if event.data is not None)
    written: Counter[Ref] = Counter(
        (KINDS[entry.resource], entry.target.name)
        for entry in storm.cluster.audit(storm.began)
        if entry.target.namespace == storm.syncs.namespace
        and entry.resource in KINDS
        and entry.verb == "patch"
        and entry.response.code < 300
    )
    for ref, times in sorted(written.items()):
        if times > changed[ref]:
            yield f"{ref[0]} {ref[1]} was written {times} times, and changed {changed[ref]} times"
