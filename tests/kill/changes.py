"""What goes on meanwhile: parameters change all the time, and from time to time a spec."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.running.objects import Syncs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.cluster import Cluster
    from tests.kill.rules import Sync
    from tests.kill.world import World

PAUSE = 0.12
"""Seconds between two changes, on average."""

SPEC_EDITS = 0.15
"""The share of changes that are to a spec, if the one before it has been carried out."""


class Changes:
    """Changes a world by chance, in a thread of its own."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._stop = threading.Event()
        self._renamed: str | None = None
        self.edits = 0

    def rename(self, kind: str) -> None:
        """Rename a target of a kind as soon as that can be done."""
        self._renamed = kind

    @contextmanager
    def going_on(self, cluster: Cluster, namespace: str) -> Iterator[None]:
        """Change something all the time until the end of the context. Raises what went wrong with that."""
        failures: list[Exception] = []
        self._stop.clear()

        def run() -> None:
            with cluster.api() as client:
                syncs = Syncs(replace(cluster, admin=client), namespace)
                try:
                    while not self._stop.wait(self._world.chance.expovariate(1 / PAUSE)):
                        self._change(syncs)
                except Exception as failure:  # noqa: BLE001  (it is raised in the thread that can act on it)
                    failures.append(failure)

        thread = threading.Thread(target=run, name="changes", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()
            if failures:
                raise failures[0]

    def _change(self, syncs: Syncs) -> None:
        wanted, chance = self._renamed, self._world.chance
        if wanted is None and chance.random() >= SPEC_EDITS:
            self._world.change()
            return
        sync = chance.choice([each for each in self._world.syncs if wanted is None or wanted in each.kinds])
        if _is_carried_out(syncs, sync):
            syncs.patch(sync.name, self._world.edit(sync, wanted))
            self.edits += 1
            if wanted is not None:
                self._renamed = None
        else:
            self._world.change()


def _is_carried_out(syncs: Syncs, sync: Sync) -> bool:
    """Whether status says that the spec's targets are there, and no others.

    A target of which neither the spec nor status knows, because the operator was killed before it could write status
    and the spec was changed again before its next run, would stay until the sync goes.
    """
    found = syncs.get(sync.name)
    status = found.get("status", {})
    recorded = {(each["kind"], each["name"]) for each in status.get("targets", [])}
    return status.get("observedGeneration") == found["metadata"]["generation"] and recorded == sync.targets[-1][1]
