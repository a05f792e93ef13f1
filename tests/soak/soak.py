"""The soak itself: so many polls in bad weather, then calm, and what there is then."""

from __future__ import annotations

import gc
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.aws.background import in_background
from tests.cluster.waiting import wait_until
from tests.load.pages import ragged
from tests.load.stub import Settings, run_stub
from tests.soak.feeding import AWS_THREADS, Feeding, faster
from tests.soak.store import Store
from tests.soak.weather import FAULTS, Weather

if TYPE_CHECKING:
    from collections import Counter

FEEDS = 20
SEED = 20_250_801
CHANGE_EVERY = 25
"""Polls of all feeds together."""
PATIENCE = 120.0
"""Seconds within which everything is right after the weather; what could not be decrypted waits longest."""
MIB = 2**20
MOST_GROWTH = 3.0
"""MiB."""
MOST_SOCKETS = 2 * AWS_THREADS
"""By which their number may differ: the clients' and the stub's ends of one connection for each thread."""


@dataclass(frozen=True)
class Usage:
    """What this process holds, with the stub in it: it is to be a process of the soak's own."""

    rss: float
    """MiB."""
    sockets: int
    threads: int
    objects: int

    @classmethod
    def now(cls) -> Usage:
        """What it holds now."""
        gc.collect()
        sockets = sum("socket:" in _leads_to(link) for link in Path("/proc/self/fd").iterdir())
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return cls(pages * 4096 / MIB, sockets, threading.active_count(), len(gc.get_objects()))


@dataclass(frozen=True)
class Soaked:
    """What came of it."""

    polls: int
    requests: int
    hits: Counter[str]
    seconds: float
    warm: Usage
    """After a part of the polls."""
    end: Usage
    wrong: list[str]
    """Paths whose sync has not what the store has."""

    def faults(self) -> list[str]:
        """What is not as it is to be."""
        grown = self.end.rss - self.warm.rss
        sockets, threads = self.end.sockets - self.warm.sockets, self.end.threads - self.warm.threads
        checks = {
            f"{', '.join(self.wrong)}: the sync has not what the store has": not self.wrong,
            f"faults that never came: {', '.join(FAULTS.keys() - self.hits.keys())}": self.hits.keys() == FAULTS.keys(),
            f"memory grew by {grown:.1f} MiB": grown <= MOST_GROWTH,
            f"there are {sockets} sockets more": sockets <= MOST_SOCKETS,
            # The pool takes a thread when it needs one.
            f"there are {threads} threads more": threads <= AWS_THREADS,
        }
        return [told for told, is_right in checks.items() if not is_right]

    def show(self) -> None:
        """Print it."""
        print(f"{self.polls} polls, {self.requests} requests in {self.seconds:.0f} s")
        print("  " + ", ".join(f"{count} {name}" for name, count in self.hits.most_common()))
        print(f"  warm: {self.warm}\n  end:  {self.end}\n  wrong: {self.faults() or 'nothing'}", flush=True)


def soak(polls: int, *, warm_up: int) -> Soaked:
    """Poll so often, with faults and changes; then wait until every sync has what the store has, or give up.

    :param warm_up: polls after which memory must not grow.
    """
    began = time.monotonic()
    paths = [f"/soak/app-{index}" for index in range(FEEDS)]
    weather = Weather(SEED)
    with faster(), run_stub(Settings(quota=None, page_size=ragged(0.1, SEED), token_after_full=True)) as stub:
        stub.add(weather)
        store = Store(stub, paths, SEED)
        with in_background(Feeding(stub.url, paths).running()) as feeding:
            warm = None
            for at in range(CHANGE_EVERY, polls + 1, CHANGE_EVERY):
                wait_until(lambda at=at: weather.polls >= at, f"{at} polls", PATIENCE)  # type: ignore[misc]
                store.change()
                if warm is None and at >= warm_up:
                    warm = Usage.now()
            assert warm is not None, "the warm-up is to end before the soak"
            weather.is_calm = True
            store.rest()

            def wrong() -> list[str]:
                return [path for path in paths if feeding.published(path) != store.expected(path)]

            with suppress(TimeoutError):  # what is wrong is told
                wait_until(lambda: not wrong(), "every sync has what the store has", PATIENCE)
            end = Usage.now()
            seconds = time.monotonic() - began
            return Soaked(weather.polls, weather.requests, weather.hits, seconds, warm, end, wrong())


def _leads_to(link: Path) -> str:
    try:
        return str(link.readlink())
    except FileNotFoundError:  # it has been closed meanwhile
        return ""
