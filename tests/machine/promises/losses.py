"""Never lose: what was written stays, until its parameter is gone for long enough or the spec wants it no longer."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

from tests.machine.cluster import data_of

from .expected import expected, key_of, relative_name, relatives_of, spots_of, targets_of, types_of, winner
from .record import TARGETS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.machine.line import Exchange
    from tests.machine.parameters import Written
    from tests.model.objects import Json, Place, Stored

    from .expected import Spot
    from .record import Read, Record

ABSENCE: Final = 45.0 - 1e-6
"""Seconds. Times are sums of others."""

AGREEMENT: Final = 3.0 - 1e-6
SETTLING: Final = 70.0
"""Seconds for which what is published may differ from what was listed."""


class Losses:
    """Looks at which keys each write took, and which values it put in their place."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def hear(self, exchange: Exchange) -> Iterator[str]:
        """What a request should not have done."""
        place, before = exchange.place, exchange.before
        if not (exchange.is_write and exchange.succeeded) or place is None or place.plural not in TARGETS:
            return
        read, was_others = self._record.acting(exchange)
        if read is None:
            return
        before = None if was_others else before
        old, new = data_of(before), data_of(exchange.after)
        if read.spec.get("mode") == "Plan" or (read.spec.get("suspend") and old != new):
            yield f"{place} was written, and {read.name} is only to plan, or is suspended"
        mine = {key for key in old if before is not None and (before.uid, key) in self._record.mine}
        for key in sorted(mine - new.keys()):
            yield from self._taken(read, place, before, key)
        for key in sorted(new.keys()):
            if new[key] != old.get(key) and "apply" in exchange.request.content_type:
                yield from self._put(read, place, before, key, new[key])
        if mine and not new and "merge-patch" not in exchange.request.content_type:
            yield from self._emptied(read, exchange, place, mine)

    def _taken(self, read: Read, place: Place, before: Stored | None, key: str) -> Iterator[str]:
        """What is wrong with the removal of a key of ours."""
        known = self._record.written(before.uid, key) if before is not None else None
        if known is None:
            return
        if why_gone(self._record, read, (place, key), known) is None:
            yield f"{key} of {place} was removed, and {known.stamp.name} is still there, or not gone for long enough"
        yield from self._in_between(read, (place, key), known)

    def _put(self, read: Read, place: Place, before: Stored | None, key: str, value: str) -> Iterator[str]:
        """What is wrong with a new value of a key."""
        written = self._record.parameters.written
        found = written.get(value)
        if found is None:
            yield f"{key} of {place} was given a value that no parameter has"
            return
        name, kind = found.stamp.name, str(found.stamp.type)
        if (place, key) not in spots_of(read.spec, read.name, name, kind):
            yield f"{key} of {place} was given the value of {name}, which the spec does not put there"
        if not any(each.stamps.get(name) == found.stamp for each in self._record.parameters.answered):
            yield f"{key} of {place} was given a value of {name} that was never listed"
        old = self._record.written(before.uid, key) if before is not None else None
        if old is None or old is found:
            return
        if old.stamp.name == name:
            numbers = list(written)
            if old.spot == found.spot and numbers.index(value) < numbers.index(old.value):
                yield f"{key} of {place} was given an older value of {name} than it had"
        elif why_gone(self._record, read, (place, key), old, by=name) is None:
            yield f"{key} of {place} was given {name} instead of {old.stamp.name}, which is still there"

    def _emptied(self, read: Read, exchange: Exchange, place: Place, keys: set[str]) -> Iterator[str]:
        """What is wrong with a target that has lost all of its keys."""
        is_approved = all(self._record.is_approved(read, spot=(place, key)) for key in keys)
        if exchange.after is not None:
            if not is_approved:
                yield f"{place} was emptied, and nobody has approved that"
            return
        if place in targets_of(read.spec, read.name):
            yield f"{place} was deleted, and the spec names it"
        others = map(self._find, targets_of(read.spec, read.name))
        if not any(data_of(each) for each in others) and not is_approved:
            yield f"{place} was deleted, and no other target of the sync has any key"

    def _in_between(self, read: Read, spot: Spot, known: Written) -> Iterator[str]:
        """What is wrong if a key moves: it is to be in its new place before it leaves the old one."""
        if not self._agreed(read.spec):
            return
        for relative in relatives_of(read.spec, known.stamp.name, spot[1]):
            found = winner(read.spec, latest(self._record, read.spec), relative)
            moved = spots_of(read.spec, read.name, *found) - {spot} if found is not None else set()
            for place, key in moved:
                is_missing = key == spot[1] and key not in data_of(self._find(place))
                if is_missing and not self._waits(read, place, spot[0], {place}):
                    yield f"{spot[1]} left {spot[0]} before it was in {place}"

    def _waits(self, read: Read, place: Place, other: Place, seen: set[Place]) -> bool:
        """Whether a target that is to get a key waits itself, in the end, for the one that loses it: a circle."""
        wanted = expected(read.spec, read.name, latest(self._record, read.spec))
        lost = {key for key in data_of(self._find(place)) if (place, key) not in wanted.keys}
        after = {each for each, key in wanted.keys if key in lost and key not in data_of(self._find(each))} | {
            each for each, key in wanted.keys if key in lost and each == other
        }
        return other in after or any(self._waits(read, each, other, seen | {each}) for each in after - seen)

    def _find(self, place: Place) -> Stored | None:
        return self._record.server.storage.objects.get(place)

    def _agreed(self, spec: Json) -> bool:
        """Whether all sources have shown the same for long enough to be believed."""
        for source in spec["sources"]:
            listings = self._record.listings(source)
            same = [each.began for each in listings if each.stamps == listings[-1].stamps]
            between = [each for each in listings if same and each.began >= same[0]]
            if not same or len(between) != len(same) or same[-1] - same[0] < AGREEMENT:
                return False
        return True


def why_gone(record: Record, read: Read, spot: Spot, known: Written, by: str | None = None) -> str | None:
    """Why a key may lose the value of a parameter, if it may.

    :param by: the parameter that takes its place, if one does.
    """
    name, kind = known.stamp.name, str(known.stamp.type)
    if spot not in spots_of(read.spec, read.name, name, kind):
        return "the spec puts it there no longer"
    sources = [each for each in read.spec["sources"] if key_of(relative_name(each, name) or "") == spot[1]]
    if all(record.missing_for(each, name, kind) >= ABSENCE for each in sources):
        return "it is gone"
    if all(_is_another(record, read, each, name, kind) for each in sources):
        return "it was of another type when the operator began anew"
    above = read.spec["sources"][read.spec["sources"].index(sources[0]) + 1 :]
    for source, relative in itertools.product(above, relatives_of(read.spec, name, spot[1])):
        found = f"{source['path']}/{relative}"
        if found != name and by in (None, found) and relative_name(source, found) and found in believed(record, source):
            return "it is hidden"
    return None


def believed(record: Record, source: Json) -> dict[str, str]:
    """The types of what a source has: what its latest listing shows, and what has not been missing for long enough."""
    listings = record.listings(source)
    young = [each for each in listings if each.began > listings[-1].began - SETTLING]
    made: dict[str, str] = {}
    for each in young:
        made |= types_of(each.stamps)
    return {name: kind for name, kind in made.items() if record.missing_for(source, name) < ABSENCE}


def _is_another(record: Record, read: Read, source: Json, name: str, kind: str) -> bool:
    """Whether a parameter has another type now, and every listing since the operator began anew with its source."""
    shown = [each.stamps.get(name) for each in record.listings(source)]
    began = [each.began for each in record.listings(source)]
    since = record.anew_since(read.uid, source)
    new = [stamp for stamp, at in zip(shown, began, strict=True) if at >= since]
    is_new = bool(new) and all(stamp is not None and stamp.type != kind for stamp in new)
    return is_new and record.missing_for(source, name, kind) >= AGREEMENT


def latest(record: Record, spec: Json) -> list[dict[str, str]]:
    """The types of what the latest listing of each source shows."""
    found = (record.listings(each)[-1:] for each in spec["sources"])
    return [types_of(each[0].stamps) if each else {} for each in found]
