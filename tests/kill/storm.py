"""A storm: the operator is killed or paused over and over while everything changes."""

from __future__ import annotations

import random
import signal
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.e2e.gateway import Gateway, Hold, run_gateway
from tests.edge.policies import bound_policies
from tests.kill.changes import Changes
from tests.kill.lives import Parameters
from tests.kill.moments import ENDS, WRITES, AtWrite, Moment
from tests.kill.reader import Reader, run_reader
from tests.kill.world import World
from tests.load.stub import Settings, Stub, run_stub
from tests.running.nursery import Nursery, run_nursery
from tests.running.objects import Syncs
from tests.running.operator import STORE_ACCESS, Operator, run_operator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tests.cluster.cluster import Cluster

PATIENCE = 60.0
"""Seconds within which something is written, on a machine that others need too."""

PAUSED = 4.0
"""Seconds for which an operator is paused: twice its deadline, as time goes here."""

AFTERWARDS = 2.0
"""Seconds for which it goes on when it has been resumed."""


@dataclass
class Storm:
    """What a storm is made of, and how often something befell the operator, by the moment."""

    cluster: Cluster
    syncs: Syncs
    stub: Stub
    gateway: Gateway
    nursery: Nursery
    reader: Reader
    world: World
    directory: Path
    began: int
    """The audit log's position at the begin."""

    changes: Changes = field(init=False)
    befell: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.changes = Changes(self.world)

    @contextmanager
    def operator(self, name: str = "operator", *, ready: bool = False) -> Iterator[Operator]:
        """Run an operator for which time goes faster, and which reaches the API server through the gateway."""
        store = {"region": "eu-west-1", "endpoint": self.stub.url, "access": STORE_ACCESS}
        settings = {"stores": {"default": store}, "budget": {"requestsPerSecond": 2000}}
        with run_operator(
            self.gateway.kubeconfig,
            self.directory / name,
            settings=settings,
            log_level="info",
            ready=ready,
            start=self.nursery.start,
        ) as running:
            yield running

    def rage(self, befalls: Callable[[Moment], None], moments: Sequence[Moment]) -> None:
        """Let everything change, while something befalls one operator after the other."""
        with self.changes.going_on(self.cluster, self.syncs.namespace):
            for moment in moments:
                befalls(moment)

    def kill(self, moment: Moment) -> None:
        """Start an operator, and kill it at a moment of its life."""
        with self._at(moment) as hold:
            with self.operator() as operator:
                self._wait(moment, hold, operator)
                operator.signal(signal.SIGKILL)
                assert operator.wait() == -signal.SIGKILL
            if hold is not None:
                hold.drop()

    def pause(self, moment: Moment) -> None:
        """Start an operator, pause it at a moment of its life, let another one go on, and resume it."""
        with self._at(moment) as hold, self.operator() as operator:
            self._wait(moment, hold, operator)
            operator.signal(signal.SIGSTOP)
            with self.operator("other") as other:
                other.live(PAUSED)
                if hold is not None:
                    hold.release()
            operator.signal(signal.SIGCONT)
            operator.live(AFTERWARDS)

    @contextmanager
    def _at(self, moment: Moment) -> Iterator[Hold | None]:
        hold = None
        if isinstance(moment, AtWrite):
            method, path = WRITES[moment.what]
            path = f"/namespaces/{self.syncs.namespace}/{path}"
            hold = self.gateway.hold(method, path, skip=moment.skip, answer=moment.done)
            if moment.what in ENDS:
                self.changes.rename(ENDS[moment.what])
        yield hold
        self.befell[moment.name] += 1

    def _wait(self, moment: Moment, hold: Hold | None, operator: Operator) -> None:
        if hold is not None:
            assert hold.came(PATIENCE), f"nothing was written {moment.name}:\n{operator.logs()}"
        elif not isinstance(moment, AtWrite):
            operator.live(moment.seconds)


@contextmanager
def storm(cluster: Cluster, namespace: str, directory: Path, seed: int) -> Iterator[Storm]:
    """Make everything ready for a storm in a new namespace: nothing has begun yet."""
    with ExitStack() as stack:
        stub = stack.enter_context(run_stub(Settings(quota=None)))
        home = stack.enter_context(cluster.namespace("home"))
        bound = stack.enter_context(bound_policies(cluster, home))
        syncs = Syncs(cluster, namespace)
        world = World(Parameters(stub), namespace, random.Random(seed))
        found = Storm(
            cluster,
            syncs,
            stub,
            stack.enter_context(run_gateway(cluster, directory / "gateway.kubeconfig", bound)),
            stack.enter_context(run_nursery()),
            stack.enter_context(run_reader(cluster, namespace)),
            world,
            directory,
            cluster.audit_mark(),
        )
        world.begin(syncs)
        yield found
