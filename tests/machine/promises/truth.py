"""Never lie: whoever reads Synced finds what the parameters say, and old data is told to be old."""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from tests.machine.cluster import condition, data_of, spec_of, status_of

from .expected import Spot, interval_of, key_of, relative_name, targets_of
from .losses import ABSENCE, SETTLING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.machine.line import Exchange
    from tests.machine.parameters import Answered
    from tests.model.objects import Json, Place, Stored

    from .record import Record

A_LOOK: Final = 0.5
"""Seconds from the beginning of a listing until a sync goes by it."""

WAITING: Final = 3
"""Listings."""

LATE: Final = 75.0
"""Seconds after two intervals in which it must have been told that data is old."""

A_RECONCILE: Final = 5.0
"""Seconds from its first look to its status."""


class Truth:
    """Looks at what each status says, at the moment when it is written."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def hear(self, exchange: Exchange) -> Iterator[str]:
        """What a status should not have said."""
        request = exchange.request
        if not exchange.succeeded or not request.path.endswith("/status"):
            return
        values = {(each["op"], each["path"]): each["value"] for each in request.body}
        uid, status = values["test", "/metadata/uid"], values["add", "/status"]
        spec = self._record.specs.get((uid, status.get("observedGeneration", -1)))
        if condition(status, "Ready") != ("True", "Synced") or spec is None:
            return
        if exchange.at - self._record.failed_at < A_RECONCILE:
            return  # a passing failure: what was said before still stands
        for what in self._untrue(uid, spec, status, exchange.at):
            yield f"Synced was said of {self._record.names[uid]}, and {what}"

    def overdue(self, syncs: Iterable[Stored], at: float) -> Iterator[str]:
        """Who is said to be well although no listing was complete for two intervals.

        Not while the operator could not know it, or not say it: it began anew, or a request of it failed.
        """
        for sync in syncs:
            spec, status = spec_of(sync), status_of(sync)
            is_current = status.get("observedGeneration") == sync.generation and not spec.get("suspend")
            if condition(status, "Ready") != ("True", "Synced") or not is_current:
                continue
            patience = 2 * interval_of(spec) + LATE
            oldest = min(
                each[-1].began if each else float("-inf") for each in map(self._record.listings, spec["sources"])
            )
            since = max(oldest, self._record.fresh_since[sync.uid], self._record.failed_at)
            if at - since > patience:
                yield f"Synced is said of {sync.place.name}, and a source was last listed {at - oldest:.0f} s ago"

    def _untrue(self, uid: str, spec: Json, status: Json, at: float) -> Iterator[str]:
        name = self._record.names[uid]
        oldest = at - 2 * max(interval_of(spec), 60.0) - SETTLING
        if not all(each[-1:] and each[-1].began >= oldest for each in map(self._record.listings, spec["sources"])):
            yield "a source was not listed within two intervals"
            return
        listings = [self._believable(source, at, oldest) for source in spec["sources"]]
        told = {(each["kind"], each["name"]): each for each in status.get("targets", ())}
        acceptable = self._acceptable(spec, name, listings)
        young = any(self._is_young(uid, source, at) for source in spec["sources"])
        for place in targets_of(spec, name):
            seen_at, found = self._record.looks.get(place, (float("-inf"), None))
            if at - seen_at > A_RECONCILE:
                yield f"{place} was not looked at"
                continue
            if found is None:
                yield f"{place} does not exist"
                continue
            if self._record.owner_of(found) != uid:
                yield f"{place} is not its own"
            kind = "Secret" if place.plural == "secrets" else "ConfigMap"
            entry = told.get((kind, place.name), {})
            if (entry.get("uid"), entry.get("keyCount", 0)) != (found.uid, len(data_of(found))):
                yield f"status.targets tells of {place} what is not so"
            yield from self._differing(place, data_of(found), acceptable, young=young)

    def _differing(
        self, place: Place, data: dict[str, str], acceptable: dict[Spot, set[str | None]], *, young: bool
    ) -> Iterator[str]:
        keys = data.keys() | {key for each, key in acceptable if each == place}
        for key in sorted(keys):
            value = data.get(key)
            is_kept = young and value is not None  # with whatever value it has
            if value not in acceptable.get((place, key), {None}) and not is_kept:
                yield f"{key} of {place} is not what any recent listing gives"

    def _acceptable(self, spec: Json, name: str, listings: list[list[Answered]]) -> dict[Spot, set[str | None]]:
        """What keys may hold: each parameter may be as any of the listings shows it, or none of them."""
        made: dict[Spot, set[str | None]] = defaultdict(set)
        states = [_states(source, each) for source, each in zip(spec["sources"], listings, strict=True)]
        targets = targets_of(spec, name)
        for relative in sorted(set[str]().union(*states)):
            key = key_of(relative)
            if key is None:
                continue
            for combination in itertools.product(*(each.get(relative, [None]) for each in states)):
                found = next((each for each in reversed(combination) if each is not None), None)
                for place, kinds in targets.items():
                    takes = found is not None and found[1].type in kinds
                    written = self._record.parameters.by_stamp.get(found) if takes and found is not None else None
                    made[place, key].add(written.value if written is not None else None)
        return made

    def _believable(self, source: Json, at: float, oldest: float) -> list[Answered]:
        """The listings that may show what is published: young ones, and what stood before all that may be settling.

        While listings fail, what has been seen once waits for a second one that agrees.
        """
        listings = self._record.listings(source)
        before = [each for each in listings if each.began < at - SETTLING]
        return [*before[-WAITING:], *(each for each in listings if each.began >= oldest)]

    def _is_young(self, uid: str, source: Json, at: float) -> bool:
        """Whether nothing confirms yet what a source did not show when the operator began anew with it."""
        since = self._record.anew_since(uid, source)
        began = [each.began for each in self._record.listings(source) if since <= each.began < at - A_LOOK]
        return not began or began[-1] - began[0] < ABSENCE


def _states(source: Json, listings: list[Answered]) -> dict[str, list[Any]]:
    """What the listings of a source show of each relative name."""
    names = {name for each in listings for name in each.stamps if relative_name(source, name) is not None}
    made = {}
    for name in names:
        shown = {(each.spot, each.stamps[name]) if name in each.stamps else None for each in listings}
        made[str(relative_name(source, name))] = list(shown)
    return made
