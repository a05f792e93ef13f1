"""What must not happen before a person approves it: many removals, secure names in plain, another account's values."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tests.machine.cluster import data_of

from .expected import PLAIN, SECURE, key_of, relative_name, relatives_of, targets_of, winner
from .losses import ABSENCE, believed
from .record import PROVENANCE, TARGETS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.machine.line import Exchange
    from tests.machine.parameters import Written
    from tests.model.objects import Json, Place, Stored

    from .record import Read, Record

HOUR: Final = 3600.0


@dataclass
class Hour:
    """What was removed from a sync's targets."""

    peak: int = 0
    """The most names that they have held."""

    before: frozenset[str] = frozenset()
    """The names that they held when the reconcile began that is under way."""

    removed: dict[float, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Names, by the time when the reconcile began."""

    def since(self, at: float) -> int:
        """How many were removed since."""
        return sum(len(names) for began, names in self.removed.items() if began >= at)


class Guarded:
    """Looks at what each write takes, and at the values that it brings."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._hours: dict[str, Hour] = defaultdict(Hour)
        self._secure: dict[str, set[str]] = defaultdict(set)
        """Relative names that were SecureStrings, by the target that remembers it."""

    def hear(self, exchange: Exchange) -> Iterator[str]:
        """What a request should not have done."""
        place, before, after = exchange.place, exchange.before, exchange.after
        if not (exchange.is_write and exchange.succeeded) or place is None or place.plural not in TARGETS:
            return
        read, was_others = self._record.acting(exchange)
        if read is None:
            return
        before = None if was_others else before
        old, new = data_of(before), data_of(after)
        yield from self._too_many(
            read, place, before, {key for key in old if self._is_other(before, key, new.get(key))}
        )
        if "apply" in exchange.request.content_type and after is not None:
            changed = {key: self._record.parameters.written.get(new[key]) for key in new if new[key] != old.get(key)}
            brought = {key: value for key, value in changed.items() if value is not None}
            yield from self._in_plain(read, place, after, brought)
            if before is not None:
                yield from self._from_elsewhere(read, place, before, brought)

    def _is_other(self, before: Stored | None, key: str, value: str | None) -> bool:
        """Whether a key is gone, or is made from another parameter than before."""
        old = self._record.written(before.uid, key) if before is not None else None
        new = self._record.parameters.written.get(value) if value is not None else None
        return value is None or (old is not None and new is not None and old.stamp.name != new.stamp.name)

    def _too_many(self, read: Read, place: Place, before: Stored | None, keys: set[str]) -> Iterator[str]:
        hour = self._hours[read.uid]
        names = self._names(read, before)
        if read.at not in hour.removed:
            hour.before = names
            hour.peak = max(hour.peak, len(names))
            hour.removed[read.at] = set()
        for key in sorted(keys):
            known = self._record.written(before.uid, key) if before is not None else None
            if before is None or known is None:
                continue
            relative = self._removed(read, before, key, known)
            if relative is None or self._is_elsewhere(read, before, known):
                continue
            if not self._record.is_approved(read, spot=(place, key)):
                hour.removed[read.at].add(relative)
        if self._record.is_approved(read):  # and an approval begins a new hour
            hour.peak, hour.removed = len(names), defaultdict(set, {read.at: hour.removed[read.at]})
        now, most = hour.removed[read.at], _allowed(read.spec, hour.peak)
        # Status tells when the hour began that is counted in, in whole seconds.
        began = read.at if read.hour is None or read.at - read.hour >= HOUR else read.hour - 1.0
        if now and hour.since(began) > most:
            told = f"{hour.since(began)} were removed, {most} of {hour.peak} may be"
            yield f"{sorted(now)} were removed from {read.name}: {told}, and nobody has approved it"
        elif now and now >= hour.before:
            yield f"all of {sorted(now)} were removed from {read.name}, and nobody has approved it"

    def _removed(self, read: Read, before: Stored, key: str, known: Written) -> str | None:
        """The relative name whose removal the loss of a key is, if it is one: neither an edit nor an overlay."""
        spec = self._record.specs[read.uid, self._generation(read, before, key)]
        name, kind = known.stamp.name, str(known.stamp.type)
        sources = [each for each in spec["sources"] if key_of(relative_name(each, name) or "") == key]
        if not sources:
            return None
        relative = str(relative_name(sources[-1], name))
        place = next((i for i, each in enumerate(read.spec["sources"]) if each["path"] == sources[-1]["path"]), None)
        listings = [believed(self._record, each) for each in read.spec["sources"]]
        vanished = place is None or self._record.missing_for(read.spec["sources"][place], name) >= ABSENCE
        found = winner(read.spec, listings, relative)
        if found is None:
            is_removed = vanished
        elif not any(found[1] in kinds for kinds in targets_of(read.spec, read.name).values()):
            is_removed = found[1] != kind
        else:
            is_below = any(f"{each['path']}/{relative}" == found[0] for each in read.spec["sources"][: place or 0])
            is_removed = place is not None and vanished and is_below
        return relative if is_removed else None

    def _is_elsewhere(self, read: Read, before: Stored, known: Written) -> bool:
        """Whether another target of the sync still holds a parameter's value."""
        others = (each for each in self._record.targets_of(read.uid) if each.uid != before.uid)
        found = (self._record.written(each.uid, key) for each in others for key in data_of(each))
        return any(each is not None and each.stamp.name == known.stamp.name for each in found)

    def _generation(self, read: Read, before: Stored, key: str) -> int:
        known = self._record.mine[before.uid, key].generation
        return known if (read.uid, known) in self._record.specs else read.generation

    def _names(self, read: Read, before: Stored | None) -> frozenset[str]:
        """The relative names that the sync's targets hold; of what somebody has edited since, the keys.

        :param before: the target that has just been written, as it was.
        """
        made = set()
        others = (each for each in self._record.targets_of(read.uid) if before is None or each.uid != before.uid)
        for target in (*others, *([] if before is None else [before])):
            stated = str(target.leaves.get(("metadata", "annotations", PROVENANCE)))
            for key in data_of(target):
                known = self._record.written(target.uid, key)
                if known is None and f'"{key}":' in stated:
                    made.add(key)
                if known is not None:
                    spec = self._record.specs[read.uid, self._generation(read, target, key)]
                    made.add(next(iter(sorted(relatives_of(spec, known.stamp.name, key))), key))
        return frozenset(made)

    def _in_plain(self, read: Read, place: Place, after: Stored, brought: dict[str, Written]) -> Iterator[str]:
        # A sync that was made anew knows the targets that it names; others it knows by its status alone.
        known = targets_of(read.spec, read.name).keys() | self._record.recorded[read.uid].keys()
        targets = [each for each in self._record.targets_of(read.uid) if each.place in known]
        for key, written in brought.items():
            for relative in relatives_of(read.spec, written.stamp.name, key):
                if written.stamp.type in SECURE:
                    self._secure[after.uid].add(relative)
                    continue
                remember = [each for each in targets if relative in self._secure[each.uid]]
                is_known = any(each.uid not in self._record.damaged for each in remember)
                if is_known and not self._record.is_approved(read, "DowngradeBlocked"):
                    yield f"{relative} was a SecureString, and is in {place} in plain; nobody has approved it"
                for each in targets:
                    self._secure[each.uid].discard(relative)
        assert SECURE.isdisjoint(PLAIN)

    def _from_elsewhere(self, read: Read, place: Place, before: Stored, brought: dict[str, Written]) -> Iterator[str]:
        """What is wrong with values of another account or Region than the target was written from."""
        if self._record.is_approved(read, "SourceMoved"):
            return
        known = [self._record.written(before.uid, key) for key in data_of(before)]
        spots = {(path, each.spot) for each in known if each is not None for path in _paths(read.spec, each)}
        for written in brought.values():
            for path in _paths(read.spec, written):
                if any(other == path and spot != written.spot for other, spot in spots):
                    yield f"{place} was given values of {written.spot}, and has others of {path}"


def _paths(spec: Json, written: Written) -> set[str]:
    """The sources of a spec that take a parameter."""
    return {each["path"] for each in spec["sources"] if relative_name(each, written.stamp.name) is not None}


def _allowed(spec: Json, peak: int) -> int:
    most = (spec.get("guard") or {}).get("maxRemovals", "20%")
    return max(peak * int(most[:-1]) // 100 if isinstance(most, str) else most, 1)
