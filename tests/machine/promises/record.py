"""What is known of the past: specs, listings, approvals, and what the operator read and wrote."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from tests.machine.cluster import NAMESPACE, STORE, annotation, data_of, spec_of, status_of, target_place
from tests.model.ownership import Manager
from tests.unit.builders import NOW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.machine.line import Exchange
    from tests.machine.parameters import Answered, Parameters, Written
    from tests.model.objects import Json, Place, Stored
    from tests.model.server import Server

    from .expected import Spot

TARGETS = frozenset({"secrets", "configmaps"})
PROVENANCE = "paramsync.dev/provenance"
A_MOMENT = 1e-6
OURS = Manager("paramsync", "Apply")


@dataclass(frozen=True)
class Read:
    """A sync as the operator last read it."""

    at: float
    name: str
    uid: str
    generation: int
    spec: Json
    approve: str | None
    """The digest that is approved."""

    approved: str | None
    """The digest that was acted on last."""

    hour: float | None
    """When the hour began in which removals are counted, as status says."""


@dataclass(frozen=True)
class Mine:
    """A key as the operator last wrote it."""

    value: str
    generation: int
    """Of the sync."""


@dataclass(frozen=True)
class Told:
    """What status said that a digest approves."""

    reasons: frozenset[str] = frozenset()
    spots: frozenset[Spot] = frozenset()


@dataclass
class Record:
    """What has happened so far. Syncs and targets are named by their uids."""

    server: Server
    parameters: Parameters
    specs: dict[tuple[str, int], Json] = field(default_factory=dict)
    """By sync and generation."""

    names: dict[str, str] = field(default_factory=dict)
    reads: dict[str, Read] = field(default_factory=dict)
    told: dict[str, dict[str, Told]] = field(default_factory=lambda: defaultdict(dict))
    """By sync and digest."""

    recorded: dict[str, dict[Place, str]] = field(default_factory=lambda: defaultdict(dict))
    """Targets that a sync's status has ever named, with the uids that it named last."""

    looks: dict[Place, tuple[float, Stored | None]] = field(default_factory=dict)
    """Targets as the operator last saw them."""

    mine: dict[tuple[str, str], Mine] = field(default_factory=dict)
    """By target and key."""

    damaged: set[str] = field(default_factory=set)
    """Targets whose provenance somebody else has changed."""

    fresh_since: dict[str, float] = field(default_factory=dict)
    """When the operator last began anew with a sync: its own start, or another spec or store."""

    failed_at: float = float("-inf")
    """When a request of the operator last failed."""

    def changed(self, before: Stored | None, after: Stored | None, at: float, *, by_operator: bool) -> None:
        """Take in a write to the API server."""
        if after is None:
            return
        is_damage = after.place.plural in TARGETS and before is not None and not by_operator
        if is_damage and before is not None and annotation(before, PROVENANCE) != annotation(after, PROVENANCE):
            self.damaged.add(after.uid)
        if not by_operator and after.uid in self.damaged:
            self._disown(after)
        if after.place == STORE:
            self.begins_anew(at)
        if after.place.plural != "parametersyncs":
            return
        self.names[after.uid] = after.place.name
        self._told(after.uid, status_of(after))
        if after.generation is not None and (after.uid, after.generation) not in self.specs:
            self.specs[after.uid, after.generation] = spec_of(after)
            self.fresh_since[after.uid] = at

    def begins_anew(self, at: float) -> None:
        """Take in that the operator begins anew with all syncs."""
        self.fresh_since = dict.fromkeys(self.fresh_since, at)

    def hear(self, exchange: Exchange) -> None:
        """Take in a request of the operator."""
        answer, place, found = exchange.answer, exchange.place, exchange.after
        if answer is None or not exchange.heard or (answer.status >= HTTPStatus.BAD_REQUEST and answer.status != 404):
            self.failed_at = exchange.at
        if place is None or answer is None:
            return
        if place.plural == "parametersyncs" and not exchange.is_write and exchange.succeeded and found is not None:
            self.reads[found.uid] = _read(found, exchange.at)
        if place.plural in TARGETS:
            if exchange.succeeded or answer.status == HTTPStatus.NOT_FOUND:
                self.looks[place] = exchange.at, found
            if exchange.succeeded and exchange.is_write and found is not None:
                self._wrote(exchange, found)

    def acting(self, exchange: Exchange) -> tuple[Read | None, bool]:
        """For which sync a target was written, as the operator last read it; and whether it was another's before."""
        found = exchange.before or exchange.after
        owner = self.owner_of(found) if found is not None else None
        metadata = (exchange.request.body or {}).get("metadata") or {}
        writers = [each["uid"] for each in metadata.get("ownerReferences") or ()]
        writers += filter(None, [self._named((metadata.get("annotations") or {}).get("paramsync.dev/sync"))])
        uid = next(iter(writers), owner)
        return (self.reads.get(uid) if uid is not None else None), uid != owner

    def owner_of(self, found: Stored) -> str | None:
        """The sync that an object belongs to: by its controller, or by label and annotation without one."""
        for each in found.owners:
            if each.get("controller"):
                uid = str(each["uid"])
                return uid if each["kind"] == "ParameterSync" and uid in self.names else None
        label = found.leaves.get(("metadata", "labels", "app.kubernetes.io/managed-by"))
        if label != "paramsync" or found.place.namespace != NAMESPACE:
            return None
        return self._named(annotation(found, "paramsync.dev/sync"))

    def _named(self, name: str | None) -> str | None:
        """The latest sync of a name."""
        return next((uid for uid, each in reversed(self.names.items()) if each == name), None)

    def targets_of(self, uid: str) -> list[Stored]:
        """The live targets that belong to a sync."""
        live = (each for place, each in self.server.storage.objects.items() if place.plural in TARGETS)
        return [each for each in live if self.owner_of(each) == uid]

    def written(self, target: str, key: str) -> Written | None:
        """The value that the operator last wrote to a key of a target, if it wrote one."""
        known = self.mine.get((target, key))
        return self.parameters.written.get(known.value) if known is not None else None

    def listings(self, source: Json) -> Sequence[Answered]:
        """Every complete listing of a source's path so far, oldest first."""
        wanted = source["path"], source.get("recursive") is not False
        return [each for each in self.parameters.answered if (each.path, each.recursive) == wanted]

    def missing_for(self, source: Json, name: str, kind: str | None = None) -> float:
        """Seconds for which every listing, up to the latest, has shown no parameter of that name and type, if given."""
        since = latest = None
        for each in reversed(self.listings(source)):
            stamp = each.stamps.get(name)
            if stamp is not None and kind in (None, stamp.type):
                break
            latest, since = each.began if latest is None else latest, each.began
        return 0.0 if since is None or latest is None else latest - since

    def anew_since(self, uid: str, source: Json) -> float:
        """When the operator began anew with a source of a sync: by its own start, another spec, store or account."""
        listings = self.listings(source)
        elsewhere = (each.began for each in reversed(listings) if each.spot != listings[-1].spot)
        return max(self.fresh_since[uid], next(elsewhere, float("-inf")) + A_MOMENT)

    def is_approved(self, read: Read, reason: str | None = None, spot: Spot | None = None) -> bool:
        """Whether a person has approved what would be held, for a reason or for any, and nobody has acted on it yet."""
        if read.approve is None or read.approve == read.approved:
            return False
        told = self.told[read.uid].get(read.approve)
        is_reason = told is not None and (reason is None or reason in told.reasons)
        return told is not None and is_reason and (spot is None or spot in told.spots)

    def _disown(self, target: Stored) -> None:
        """Nothing tells any more that a key is ours, once neither provenance nor its field manager does."""
        ours = {path[1] for path in target.managers.get(OURS, frozenset()) if path[0] == "data" and len(path) > 1}
        for key in data_of(target).keys() - ours:
            self.mine.pop((target.uid, key), None)

    def _told(self, uid: str, status: Json) -> None:
        told = {target_place(each["kind"], each["name"]): each["uid"] for each in status.get("targets", ())}
        self.recorded[uid].update(told)
        digest = (status.get("plan") or {}).get("digest")
        if digest is not None:
            spots = {
                (target_place(each["kind"], each["name"]), each["key"])
                for each in status["plan"].get("actions", ())
                if each.get("held")
            }
            # While AWS is away, say, problems tell of that, and the digest stays.
            known = self.told[uid].get(digest, Told())
            reasons = known.reasons.union(each["reason"] for each in status.get("problems", ()))
            self.told[uid][digest] = Told(reasons, known.spots | spots)

    def _wrote(self, exchange: Exchange, after: Stored) -> None:
        data, (read, was_others) = data_of(after), self.acting(exchange)
        old = data_of(exchange.before).keys()
        for key in old if was_others else old - data.keys():
            self.mine.pop((after.uid, key), None)
        if "apply" in exchange.request.content_type:
            for key, value in data.items():
                known = self.mine.get((after.uid, key))
                if known is None or known.value != value:
                    self.mine[after.uid, key] = Mine(value, read.generation if read is not None else 0)


def _read(found: Stored, at: float) -> Read:
    assert found.generation is not None
    status = status_of(found)
    since = (status.get("guard") or {}).get("since")
    return Read(
        at,
        found.place.name,
        found.uid,
        found.generation,
        spec_of(found),
        annotation(found, "paramsync.dev/approve"),
        status.get("lastHandledApproval"),
        None if since is None else (datetime.fromisoformat(since) - NOW).total_seconds(),
    )
