"""Replicas that are replaced one after another, as a Deployment does it, while parameters change all the time."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count, groupby, pairwise
from pathlib import Path

import pytest

from tests.cluster.audit import AuditEntry
from tests.cluster.cluster import Cluster
from tests.cluster.waiting import wait_until
from tests.load.stub import Settings, Stub, run_stub
from tests.running.accounts import MakeAccount, accepted, accounts, writes
from tests.running.objects import Syncs
from tests.running.operator import LEADER, Operator, run_operator

NAMES = tuple(f"app-{index}" for index in range(6))
EVERY = 3.0
"""Seconds from one change to the next, which is another sync's."""

INTERVAL = 10.0

USUAL, TAKE_OVER = INTERVAL + 3.0, 2.0
"""Seconds from a change to its arrival: the interval, and 3 to see it twice. And from one leader to the next."""

SPREAD = INTERVAL
"""Seconds that a new leader may wait before it reads again what was well: the one before may have been about to."""

BUSY = 2.0
"""Seconds that a machine that has other things to do may add."""


@dataclass
class Rollout:
    """An operator whose replicas come and go."""

    home: str
    syncs: Syncs
    stub: Stub
    directory: Path
    make: MakeAccount
    stack: ExitStack
    running: list[Operator] = field(default_factory=list)
    put_at: dict[str, dict[int, float]] = field(default_factory=lambda: {name: {} for name in NAMES})
    """When each value was given to the parameter of each sync."""
    most_leaders: int = 0

    def start(self) -> Operator:
        """Start another replica, and return when it is ready."""
        name = f"replica-{len(list(self.directory.glob('replica-*')))}"
        lease, account = f"{self.home}/paramsync", self.make(name)
        running = self.stack.enter_context(
            run_operator(account.kubeconfig, self.directory / name, endpoint=self.stub.url, lease=lease)
        )
        self.running.append(running)
        return running

    def stop(self, replica: Operator) -> None:
        """Stop a replica, and return when it has ended."""
        assert replica.stop() == 0
        self.running.remove(replica)

    def leader(self) -> Operator:
        """The one that leads, as soon as one does."""
        return wait_until(lambda: [each for each in list(self.running) if each.metric(LEADER) == 1], "one leads")[0]

    def put(self, name: str, value: int) -> None:
        """Give the parameter of a sync a value."""
        self.put_at[name][value] = time.time()
        self.stub.put(f"/{name}/value", str(value))

    def look(self) -> None:
        """Count who leads: those that say so before and after all others were asked."""
        asked = list(self.running)
        before = [each for each in asked if each.metric(LEADER) == 1]
        after = [each for each in asked if each.metric(LEADER) == 1]
        self.most_leaders = max(self.most_leaders, sum(each in after for each in before))

    def value(self, name: str) -> int:
        """What the ConfigMap of a sync holds."""
        return int((self.syncs.data("ConfigMap", name) or {"VALUE": "-1"})["VALUE"])


@contextmanager
def meanwhile(step: Callable[[], None], pause: float) -> Iterator[None]:
    """Do something again and again in a thread until the end of the context. Raises what it raised."""
    end, raised = threading.Event(), []

    def run() -> None:
        try:
            while not end.wait(pause):
                step()
        except Exception as error:  # noqa: BLE001  (raised below)
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()
    if raised:
        raise raised[0]


@pytest.mark.usefixtures("bound_kubeconfig")
def test_each_change_arrives_while_all_replicas_are_replaced(
    cluster: Cluster, home: str, syncs: Syncs, tmp_path: Path
) -> None:
    with run_stub(Settings(quota=None)) as stub, accounts(cluster, home) as make, ExitStack() as stack:
        rollout = Rollout(home, syncs, stub, tmp_path, make, stack)
        old = [rollout.start(), rollout.start()]
        for name in NAMES:
            rollout.put(name, 0)
            syncs.create(name, f"/{name}", targets=[{"kind": "ConfigMap", "name": name}])
        for name in NAMES:
            syncs.wait_reason(name, "Synced")
        versions = {name: (syncs.target("ConfigMap", name) or {})["metadata"]["resourceVersion"] for name in NAMES}
        since = cluster.audit_mark()
        turns = count(len(NAMES))

        def change() -> None:
            number, turn = len(NAMES), next(turns)
            rollout.put(NAMES[turn % number], turn // number)

        with meanwhile(change, EVERY), meanwhile(rollout.look, 0.05):
            first = NAMES[0]
            wait_until(lambda: rollout.value(first) > 0, "the first leader has written")
            for _ in range(len(old)):
                rollout.start()
                leader = rollout.leader()
                # The worst that a Deployment can choose: its leader each time.
                replaced = leader if leader in old else next(each for each in old if each in rollout.running)
                changes = len(rollout.put_at[NAMES[0]])
                rollout.stop(replaced)
                rollout.leader()
                wait_until(lambda: len(rollout.put_at[NAMES[0]]) > changes + 1, "each sync has changed", 60)  # noqa: B023
        for name in NAMES:
            wanted = max(rollout.put_at[name])
            wait_until(lambda: rollout.value(name) == wanted, f"{name} holds {wanted}", 60)  # noqa: B023

        entries = accepted(writes(cluster.audit(since)))
        assert rollout.most_leaders == 1
        assert_one_after_another(entries)
        ages = [age for name in NAMES for age in arrivals(rollout, name, versions[name], entries)]
        print(f"{len(ages)} changes, the last one to arrive took {max(ages):.1f} s")
        assert max(ages) <= USUAL + TAKE_OVER + SPREAD + BUSY


def assert_one_after_another(entries: list[AuditEntry]) -> None:
    """Who has written once another one did writes no more."""
    entries = sorted(entries, key=lambda entry: entry.received)
    leaders = [username for username, _ in groupby(entries, key=lambda entry: entry.username)]
    assert len(leaders) >= 2, "another one took over"
    assert len(set(leaders)) == len(leaders)


def arrivals(rollout: Rollout, name: str, version: str, entries: list[AuditEntry]) -> Iterator[float]:
    """How many seconds each change of a sync's parameter took into its ConfigMap; each write has changed something."""
    written_at = [
        entry.received.timestamp()
        for entry in entries
        if (entry.resource, entry.target.name, entry.target.namespace) == ("configmaps", name, rollout.syncs.namespace)
    ]
    values = [int(data["VALUE"]) for data in rollout.syncs.history("ConfigMap", name, version)]
    assert len(written_at) == len(values), "no write that changes nothing"
    assert all(earlier < later for earlier, later in pairwise([0, *values]))
    for value, put_at in list(rollout.put_at[name].items())[1:]:
        yield min(at for at, held in zip(written_at, values, strict=True) if held >= value) - put_at
