"""Which relative names a plan would remove."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from paramsync.core.actions import Action, ActionKind, Draft
from paramsync.core.overlay import Selected
from paramsync.core.parameters import Snapshot
from paramsync.core.provenance import Entry, Origin

Losses = Mapping[str, frozenset[Action]]
"""By relative name, or by key where the name is not known: what would happen to the keys made from it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the sources of a sync give now."""

    winners: Mapping[str, Selected]
    """The parameters by relative name."""

    skipped: frozenset[str]
    """Relative names of parameters that no target takes."""

    snapshots: Sequence[Snapshot]
    origins: Sequence[Origin]
    """Of the snapshots, in the same order."""


def losses(drafts: Sequence[Draft], now: Reading) -> Losses:
    """The relative names that would be removed.

    A removal is a relative name whose winning parameter vanished, also where a lower source shows through, or whose
    type changed so that no target takes it. Editing globs, targets or keys is none.
    """
    desired = {key for draft in drafts for key in draft.desired}
    found: dict[str, set[Action]] = {}
    for draft in drafts:
        for action in draft.actions:
            if action.kind not in (ActionKind.REMOVE, ActionKind.CHANGE):
                continue
            entry, origin = draft.before.entries[action.key], draft.before.origin_of(action.key)
            if entry.relative is None or origin is None:
                is_loss = action.kind is ActionKind.REMOVE and action.key not in desired
            else:
                is_loss = _is_lost(entry, entry.relative, origin, now)
            if is_loss:
                found.setdefault(name_of(action.key, entry), set()).add(action)
    return {name: frozenset(actions) for name, actions in found.items()}


def _is_lost(entry: Entry, relative: str, origin: Origin, now: Reading) -> bool:
    winner = now.winners.get(relative)
    source = next((index for index, each in enumerate(now.origins) if same_source(origin, each)), None)
    before = f"{origin.path.rstrip('/')}/{relative}"
    vanished = source is None or not _has(now.snapshots[source], before)
    if winner is None:
        return vanished
    if relative in now.skipped:
        return winner.parameter.stamp.type is not entry.type
    return source is not None and vanished and winner.source < source


def same_source(before: Origin, now: Origin) -> bool:
    """Whether two origins are the same source of the spec, wherever its store points to."""
    return (before.path, before.label) == (now.path, now.label) and before.store in (None, now.store)


def name_of(key: str, entry: Entry) -> str:
    """What a key counts as: its relative name, or the key where that is not known."""
    return key if entry.relative is None else entry.relative


def _has(snapshot: Snapshot, name: str) -> bool:
    # Below the root, `foo` and `/foo` are two spellings.
    return name in snapshot.parameters or name.removeprefix("/") in snapshot.parameters
