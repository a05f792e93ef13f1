"""What must be true at the end, when nothing fails any more: all is as the parameters say, or status says why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.machine.cluster import condition, data_of, spec_of, status_of

from .expected import Expected, expected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.machine.parameters import Spot
    from tests.model.objects import Json, Place, Stored

    from .record import Record

HELD: Final = frozenset({"RemovalBlocked", "DowngradeBlocked", "SourceMoved"})
"""Reasons that wait for an approval."""


class Ending:
    """Compares each sync with the parameters as they are."""

    def __init__(self, record: Record, spot: Spot) -> None:
        self._record = record
        self._spot = spot

    def wrong(self, sync: Stored) -> Iterator[str]:
        """What is not as it should be."""
        spec, status, name = spec_of(sync), status_of(sync), sync.place.name
        told, reason = condition(status, "Ready") or ("", "")
        if status.get("observedGeneration") != sync.generation:
            yield f"status does not speak of {name} as it is"
            return
        if spec.get("suspend"):
            if reason != "Suspended":
                yield f"{name} is suspended, and status does not say so"
            return
        wanted = expected(spec, name, [self._listing(each) for each in spec["sources"]])
        reasons = set(self._reasons(sync, wanted))
        good = "Planned" if spec.get("mode") == "Plan" else "Synced"
        if (told, reason) == ("True", "Planned") == ("True", good) and not wanted.empty:
            return  # whatever stands in the way, it is part of the plan
        if reason in HELD:
            yield from self._held(sync, status, wanted)
        elif (told == "True") == bool(reasons) or reason not in (reasons or {good}):
            yield f"{name} is {told} {reason}, and should be {sorted(reasons) or good}"
        elif reason == "Synced":
            yield from self._unequal(sync, wanted)

    def _reasons(self, sync: Stored, wanted: Expected) -> Iterator[str]:
        """Why the sync cannot be well, by what can be seen from outside; no approval would help."""
        if wanted.empty or not (wanted.keys or self._record.recorded[sync.uid]):
            yield "NoParameters"
        if wanted.unusable:
            yield from ("KeyCollision", "InvalidKey")
        for place in wanted.targets:
            found = self._find(place)
            if found is None:
                continue
            would_be_emptied = not self._values(wanted, place) and not self._has_ours(found)
            if self._record.owner_of(found) != sync.uid or not _is_writable(found) or would_be_emptied:
                yield "TargetConflict"
            if found.deleting is not None:
                yield "Pending"

    def _has_ours(self, found: Stored) -> bool:
        return not data_of(found) or any((found.uid, key) in self._record.mine for key in data_of(found))

    def _held(self, sync: Stored, status: Json, wanted: Expected) -> Iterator[str]:
        """What is wrong with what is held, or with what is not."""
        digest = (status.get("plan") or {}).get("digest")
        if digest is None:
            yield f"{sync.place.name} waits for an approval, and there is no digest"
            return
        told = self._record.told[sync.uid][digest]
        targets = [found for place in wanted.targets if (found := self._find(place)) is not None]
        if not self._record.targets_of(sync.uid):
            yield f"{sync.place.name} waits for an approval, and has no target that could lose anything"
        if told.reasons != {"RemovalBlocked"} or "nothing is written" in str(status["problems"]):
            return
        for found in targets:
            values, data = self._values(wanted, found.place), data_of(found)
            held = {key for place, key in told.spots if place == found.place}
            if {key: data.get(key) for key in values.keys() - held} != {
                key: values[key] for key in values.keys() - held
            }:
                yield f"{found.place} waits for an approval with more than what is held"
            if not data.keys() <= values.keys() | held:
                yield f"{found.place} keeps more than what is held"

    def _unequal(self, sync: Stored, wanted: Expected) -> Iterator[str]:
        for place in wanted.targets:
            found = self._find(place)
            if found is None or self._record.owner_of(found) != sync.uid:
                yield f"{place} is not there, or not {sync.place.name}'s"
            elif data_of(found) != self._values(wanted, place):
                yield f"{place} holds {data_of(found)} instead of {self._values(wanted, place)}"
        for place, uid in self._record.recorded[sync.uid].items():
            found = self._find(place) if place not in wanted.targets else None
            is_same = found is not None and found.uid == uid and found.deleting is None
            if found is not None and is_same and self._record.owner_of(found) == sync.uid:
                yield f"{place} is not in the spec of {sync.place.name} any more, and is still there"

    def _values(self, wanted: Expected, place: Place) -> dict[str, str]:
        tree = self._record.parameters.tree(self._spot).parameters
        by_stamp = self._record.parameters.by_stamp
        return {
            key: by_stamp[self._spot, tree[name].stamp].value
            for (each, key), name in wanted.keys.items()
            if each == place
        }

    def _listing(self, source: Json) -> dict[str, str]:
        prefix, everything = f"{source['path']}/", source.get("recursive") is not False
        tree = self._record.parameters.tree(self._spot).parameters
        return {
            name: str(each.stamp.type)
            for name, each in tree.items()
            if name.startswith(prefix) and (everything or "/" not in name[len(prefix) :])
        }

    def _find(self, place: Place) -> Stored | None:
        return self._record.server.storage.objects.get(place)


def _is_writable(found: Stored) -> bool:
    return found.leaves.get(("immutable",)) is not True and found.leaves.get(("type",)) in (None, "Opaque")
