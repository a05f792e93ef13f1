"""Everything that may happen to a sync happens by chance; the four promises are checked after each step."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from paramsync.api.sync import ParameterType

from . import choices
from .choices import HOME, OTHER_REGION, PAY, SYNCS
from .cluster import EVERYBODY, STORE, status_of, sync_place
from .parameters import OTHER_ACCOUNT
from .promises.ending import Ending
from .world import Hints, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.model.objects import Json, Place

    from .line import Fault

RUNS = int(os.environ.get("MACHINE_RUNS", "200"))
STEPS = 30

PATIENCE = 3600
"""Seconds in which all is well once nothing fails any more. It takes longest to forget a fight over a target: it is
repaired after ten minutes, and left alone for three times the longest deadline then.
"""

QUIET = 700
"""Seconds in which nothing happens: longer than any sync goes without a look at its targets."""

AWAY = 300
"""Seconds for which Parameter Store is away: more than a sync is believed that was last listed before."""

APPROVALS = 5
"""One for each reason, and more for what shows only then."""


class Machine(RuleBasedStateMachine):
    """The steps. Each does one thing and lets some time pass."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.refreshes = 0

    def do(self, then: float, *actions: Callable[[], object]) -> None:
        self.world.run(then, *actions)

    @initialize(one=choices.specs, two=choices.specs, kinds=choices.few)
    def begin(self, one: Json, two: Json, kinds: int) -> None:
        for number, relative in enumerate(choices.RELATIVES):
            kind = ParameterType.SECURE_STRING if kinds >> (number % 3) & 1 else ParameterType.STRING
            self.do(0, partial(self.world.parameters.write, HOME, f"{PAY}/{relative}", kind))
        for name, spec in zip(SYNCS, (one, two), strict=True):
            self.do(5, partial(self.world.people.create, sync_place(name), {"spec": spec}))

    # Parameter Store

    @rule(name=choices.names, kind=choices.types, then=choices.pauses)
    def write(self, name: str, kind: str, then: float) -> None:
        """Add a parameter; give it a new version; or, if it is of another type, make it anew."""
        tree = self.world.parameters.tree(HOME)
        found = tree.parameters.get(name)
        if found is not None and found.stamp.type != kind:
            tree.delete(name)
        self.do(then, lambda: self.world.parameters.write(HOME, name, ParameterType(kind)))

    @rule(name=choices.names, then=choices.pauses)
    def change(self, name: str, then: float) -> None:
        found = self.world.parameters.tree(HOME).parameters.get(name)
        if found is not None:
            self.do(then, lambda: self.world.parameters.write(HOME, name, found.stamp.type))

    @rule(name=choices.names, then=choices.pauses)
    def delete(self, name: str, then: float) -> None:
        self.do(then, lambda: self.world.parameters.tree(HOME).parameters.pop(name, None))

    @rule(name=choices.names, then=choices.pauses)
    def destroy(self, name: str, then: float) -> None:
        """Delete everything below the path of a name."""
        tree, below = self.world.parameters.tree(HOME), name.rpartition("/")[0]
        self.do(then, lambda: tree.delete(*[each for each in tree.parameters if each.startswith(f"{below}/")]))

    @rule(name=choices.names, then=choices.pauses)
    def lock(self, name: str, then: float) -> None:
        """Let a parameter be undecryptable, or decryptable again."""
        self.do(then, lambda: self.world.parameters.tree(HOME).locked.symmetric_difference_update({name}))

    @rule(failure=choices.failures, lasts=choices.whiles, then=choices.pauses)
    def fail(self, failure: str, lasts: float, then: float) -> None:
        self._for_a_while("failure", failure, None, lasts, then)

    @rule(failure=choices.outages)
    def be_away(self, failure: str) -> None:
        """Let Parameter Store be away until that must be told of the syncs with the shortest interval."""
        self.fail(failure, AWAY, AWAY)

    @rule(lasts=choices.whiles, then=choices.pauses)
    def answer_nothing(self, lasts: float, then: float) -> None:
        self._for_a_while("blank", True, False, lasts, then)

    @rule(lasts=choices.whiles, then=choices.pauses)
    def take_a_role_elsewhere(self, lasts: float, then: float) -> None:
        self._for_a_while("account", OTHER_ACCOUNT, HOME[0], lasts, then)

    def _for_a_while(self, part: str, value: object, usual: object, lasts: float, then: float) -> None:
        parameters, world = self.world.parameters, self.world
        self.do(
            then,
            lambda: setattr(parameters, part, value),
            lambda: world.later(lasts, lambda: setattr(parameters, part, usual)),
        )

    @rule(name=choices.names, kind=choices.types, then=choices.pauses)
    def write_elsewhere(self, name: str, kind: str, then: float) -> None:
        spot = OTHER_ACCOUNT, HOME[1]
        self.do(then, lambda: self.world.parameters.write(spot, name, ParameterType(kind)))

    # Syncs and the store

    @rule(name=choices.syncs, spec=choices.specs, then=choices.pauses)
    def set_spec(self, name: str, spec: Json, then: float) -> None:
        """Create a sync, or replace its spec."""
        place, people = sync_place(name), self.world.people
        found = people.find(place)
        if found is None:
            self.do(then, lambda: people.create(place, {"spec": spec}))
        else:
            gone = dict.fromkeys(found.leaves[("spec",)].keys() - spec.keys())
            self.do(then, lambda: people.merge(place, {"spec": {**gone, **spec}}))

    @rule(name=choices.syncs, then=choices.pauses)
    def suspend_or_resume(self, name: str, then: float) -> None:
        found = self.world.people.find(sync_place(name))
        if found is not None:
            suspend = None if found.leaves[("spec",)].get("suspend") else True
            self.do(then, lambda: self.world.people.merge(sync_place(name), {"spec": {"suspend": suspend}}))

    @rule(name=choices.syncs, orphan=choices.few, again_in=choices.pauses, then=choices.pauses)
    def delete_sync(self, name: str, orphan: int, again_in: float, then: float) -> None:
        """Delete a sync, and perhaps create it again."""
        place, people = sync_place(name), self.world.people
        found = people.find(place)
        policy = "Orphan" if orphan % 2 else "Background"
        self.do(again_in, lambda: people.delete(place, policy))
        if found is not None and orphan < 6:
            self.do(then, lambda: people.create(place, {"spec": found.leaves[("spec",)]}))

    @rule(name=choices.syncs, then=choices.pauses)
    def refresh(self, name: str, then: float) -> None:
        self.do(then, lambda: self._refresh(name))

    def _refresh(self, name: str) -> None:
        self.refreshes += 1
        annotations = {"paramsync.dev/refresh": str(self.refreshes)}
        self.world.people.merge(sync_place(name), {"metadata": {"annotations": annotations}})

    @rule(name=choices.syncs, then=choices.pauses)
    def approve(self, name: str, then: float) -> None:
        """Approve what status says is held."""
        self.do(then, lambda: self._approve(name))

    def _approve(self, name: str) -> None:
        digest = self._held(name)
        if digest is not None:
            annotations = {"paramsync.dev/approve": digest}
            self.world.people.merge(sync_place(name), {"metadata": {"annotations": annotations}})

    def _held(self, name: str) -> str | None:
        """The digest of what is held."""
        found = self.world.people.find(sync_place(name))
        return (status_of(found).get("plan") or {}).get("digest") if found is not None else None

    @rule(what=choices.few, lasts=choices.whiles, then=choices.pauses)
    def change_store(self, what: int, lasts: float, then: float) -> None:
        """Let nobody read anything for a while; or let the store be another Region's."""
        change: Json = {"access": []} if what % 2 else {"region": OTHER_REGION}
        merge = self.world.people.merge
        self.do(then, lambda: merge(STORE, {"spec": change}), lambda: self.world.later(lasts, self._restore_store))

    # Others in the cluster

    @rule(place=choices.targets, key=choices.keys, text=choices.few, manager=choices.managers, then=choices.pauses)
    def edit(self, place: Place, key: str, text: int, manager: str, then: float) -> None:
        """Set a key of a target, or remove it."""
        value = f"theirs-{text}" if text < 5 else None
        self.do(then, lambda: self.world.people.put(place, key, value, manager))

    @rule(place=choices.targets, metadata=choices.marks, then=choices.pauses)
    def mark(self, place: Place, metadata: Json, then: float) -> None:
        """Damage a target's marks, or add others; or give an object away."""
        self.do(then, lambda: self.world.people.merge(place, {"metadata": metadata}))

    @rule(place=choices.targets, key=choices.keys, metadata=choices.made, then=choices.pauses)
    def make(self, place: Place, key: str, metadata: Json, then: float) -> None:
        """Make an object that may stand in the way."""
        self.do(then, lambda: self.world.people.create(place, {"data": {key: "bXk="}}, **metadata))

    @rule(place=choices.targets, then=choices.pauses)
    def remove(self, place: Place, then: float) -> None:
        self.do(then, lambda: self.world.people.delete(place))

    # The operator and its line to the API server

    @rule(fault=choices.faults, after=choices.few, then=choices.pauses)
    def break_a_request(self, fault: Fault, after: int, then: float) -> None:
        self.world.rests_for = float(after)
        self.do(then, lambda: self.world.line.plan(after, fault))

    @rule(place=choices.targets, key=choices.keys, after=choices.few, what=choices.few, then=choices.pauses)
    def come_in_between(self, place: Place, key: str, after: int, what: int, then: float) -> None:
        """Let somebody do something just before a request."""
        people = self.world.people
        deeds: tuple[Callable[[], None], ...] = (
            lambda: people.put(place, key, "theirs-between"),
            lambda: people.put(place, key, None),
            lambda: people.delete(place),
            lambda: people.create(place, {"data": {key: "bXk="}}),
        )
        self.do(then, lambda: self.world.line.plan(after, deeds[what % 4]))

    @rule(hints=choices.hints, then=choices.pauses)
    def hint(self, hints: Hints, then: float) -> None:
        self.do(then, lambda: setattr(self.world, "hints", hints))

    @rule(name=choices.syncs, then=choices.pauses)
    def wake(self, name: str, then: float) -> None:
        self.do(then, lambda: self.world.wake(name))

    @rule(minutes=choices.few)
    def wait(self, minutes: int) -> None:
        self.world.run(minutes * 60.0)

    @invariant()
    def the_promises_hold(self) -> None:
        self.world.check()

    def teardown(self) -> None:
        try:
            self._ends_well()
        finally:
            self.world.end()

    def _ends_well(self) -> None:
        """Let nothing fail any more: after a while all is as the parameters say, or status says why not."""
        world = self.world
        world.line.calm()
        world.hints = "on time"
        self.do(60, self._recover, self._restore_store)
        self._comes_to_rest()
        for _ in range(APPROVALS):
            if any(map(self._held, SYNCS)):
                self.do(0, *(partial(self._approve, name) for name in SYNCS))
                self._comes_to_rest()
        written = world.writes.copy()
        world.run(QUIET)
        more = world.writes - written
        assert more["secrets"] == more["configmaps"] == 0, "nothing is written that has not changed"
        assert more["parametersyncs"] <= len(SYNCS), "of a new sync, that it does not only wait any more"
        world.check()
        assert list(world.leaks.digests()) == []
        assert list(world.leaks.in_metrics(world.process.metrics)) == []

    def _comes_to_rest(self) -> None:
        ending, people = Ending(self.world.record, HOME), self.world.people
        wrong: list[str] = []
        for _ in range(PATIENCE // 100):
            self.world.run(100, *(partial(self._refresh, name) for name in SYNCS))
            found = filter(None, (people.find(sync_place(name)) for name in SYNCS))
            wrong = [each for sync in found for each in ending.wrong(sync)]
            if not wrong:
                break
        assert wrong == [], wrong
        self.world.check()

    def _recover(self) -> None:
        parameters = self.world.parameters
        parameters.failure, parameters.blank, parameters.account = None, False, HOME[0]
        parameters.tree(HOME).locked.clear()

    def _restore_store(self) -> None:
        self.world.people.merge(STORE, {"spec": {"region": HOME[1], "access": EVERYBODY}})


TestMachine = pytest.mark.timeout(3600)(Machine.TestCase)
TestMachine.settings = settings(
    max_examples=RUNS,
    stateful_step_count=STEPS,
    deadline=None,
    database=None,
    # `make test` sees the same courses of events each time; a run of its own sees others.
    derandomize="MACHINE_RUNS" not in os.environ,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
