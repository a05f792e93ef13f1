"""What the rules of the guard look at: what each target would gain and lose, and which relative names are lost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from paramsync.api.status import GuardWindow
from paramsync.core.actions import Action, ActionKind, Draft
from paramsync.core.overlay import Selected
from paramsync.core.parameters import Snapshot
from paramsync.core.provenance import Entry, Origin
from paramsync.core.routing import TargetRef


@dataclass(frozen=True, slots=True)
class Case:
    """A plan before the guard has seen it."""

    drafts: Sequence[Draft]
    """The targets of the spec, and those that it no longer names."""

    dropped: frozenset[TargetRef]
    """The targets that the spec no longer names."""

    winners: Mapping[str, Selected]
    """The parameters by relative name."""

    skipped: frozenset[str]
    """Relative names of parameters that no target takes."""

    snapshots: Sequence[Snapshot]
    origins: Sequence[Origin]
    """What is read now, in the order of the sources."""

    most: int | str
    """``maxRemovals``: a number, or a share such as ``20%``."""

    window: GuardWindow | None
    """What was removed within the last hour, if anything is remembered of it."""

    was_held: frozenset[tuple[TargetRef, str]] = frozenset()
    """The keys whose loss was held before."""

    @property
    def names(self) -> frozenset[str]:
        """The relative names that the targets were last written from; keys, where their names are not known."""
        return frozenset(_name(key, entry) for draft in self.drafts for key, entry in draft.before.entries.items())

    @property
    def spec_changed(self) -> bool:
        """Whether the sync's paths, labels or stores are not those that a target was written from."""
        now = [_read(origin) for origin in self.origins]
        return any(
            _read(origin) not in now and (origin.path, origin.label, None) not in now
            for draft in self.drafts
            for origin in draft.before.provenance.origins
            if draft.before.entries
        )

    @property
    def losses(self) -> Mapping[str, frozenset[Action]]:
        """The relative names that are removed, each with what would happen to the keys made from it.

        A removal is a relative name whose winning parameter vanished, also where a lower source shows through, or
        whose type changed so that no target takes it. Editing globs, targets or keys is none.
        """
        found: dict[str, set[Action]] = {}
        for draft in self.drafts:
            for action in draft.actions:
                if action.kind in (ActionKind.REMOVE, ActionKind.CHANGE) and self._is_loss(draft, action):
                    name = _name(action.key, draft.before.entries[action.key])
                    found.setdefault(name, set()).add(action)
        return {name: frozenset(actions) for name, actions in found.items()}

    def _is_loss(self, draft: Draft, action: Action) -> bool:
        entry, origin = draft.before.entries[action.key], draft.before.origin_of(action.key)
        if entry.relative is None or origin is None:
            return action.kind is ActionKind.REMOVE and not any(action.key in each.desired for each in self.drafts)
        winner = self.winners.get(entry.relative)
        source = next((index for index, now in enumerate(self.origins) if same_source(origin, now)), None)
        before = f"{origin.path.rstrip('/')}/{entry.relative}"
        vanished = source is None or not _has(self.snapshots[source], before)
        if winner is None:
            return vanished
        if entry.relative in self.skipped:
            return winner.parameter.stamp.type is not entry.type
        return source is not None and vanished and winner.source < source


def same_source(before: Origin, now: Origin) -> bool:
    """Whether two origins are the same source of the spec, wherever its store points to."""
    return (before.path, before.label) == (now.path, now.label) and before.store in (None, now.store)


def _read(origin: Origin) -> tuple[str, str | None, str | None]:
    return origin.path, origin.label, origin.store


def _name(key: str, entry: Entry) -> str:
    return key if entry.relative is None else entry.relative


def _has(snapshot: Snapshot, name: str) -> bool:
    # Below the root, `foo` and `/foo` are two spellings.
    return name in snapshot.parameters or name.removeprefix("/") in snapshot.parameters
