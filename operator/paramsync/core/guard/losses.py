"""Which relative names a plan would remove."""

from collections.abc import Iterator, Mapping, Sequence
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

    expanded: frozenset[str]
    """The full names of the parameters that are taken apart."""

    snapshots: Sequence[Snapshot]
    origins: Sequence[Origin]
    """Of the snapshots, in the same order."""


def losses(drafts: Sequence[Draft], now: Reading) -> Losses:
    """The relative names that would be removed.

    A removal is a relative name whose winning parameter vanished, also where a lower source shows through, or whose
    type changed so that no target takes it. Editing globs, targets or keys is none. A key that is made of several
    parameters may lose some of them.
    """
    desired = {key: wish.entry for draft in drafts for key, wish in draft.desired.items()}
    found: dict[str, set[Action]] = {}
    for draft in drafts:
        for action in draft.actions:
            if action.kind not in (ActionKind.REMOVE, ActionKind.CHANGE):
                continue
            wish = draft.desired.get(action.key)
            for name in _lost(draft, action, wish.entry if wish is not None else desired.get(action.key), now):
                found.setdefault(name, set()).add(action)
    return {name: frozenset(actions) for name, actions in found.items()}


def _lost(draft: Draft, action: Action, desired: Entry | None, now: Reading) -> Iterator[str]:
    """The names that a key loses. Of parameters whose names are not known, as many as there are fewer."""
    entry = draft.before.entries[action.key]
    unknown = []
    for name, part in zip(names_of(action.key, entry), entry.parameters, strict=True):
        origin = draft.before.origin_of(part)
        if part.relative is None or origin is None:
            unknown.append(name)
        elif _is_lost(part, part.relative, origin, now):
            yield name
    if action.kind is ActionKind.REMOVE and desired is None:
        yield from unknown
    elif entry.parts is not None and desired is not None:
        yield from unknown[len(desired.parameters) :]


def _is_lost(entry: Entry, relative: str, origin: Origin, now: Reading) -> bool:
    winner = now.winners.get(relative)
    source = next((index for index, each in enumerate(now.origins) if same_source(origin, each)), None)
    before = f"{origin.path.rstrip('/')}/{entry.stored or relative}"
    vanished = source is None or not _has(now.snapshots[source], before)
    if entry.stored is not None and source is not None and not vanished:
        vanished = before in now.expanded and (winner is None or winner.source < source)
    if winner is None:
        return vanished
    if relative in now.skipped:
        return winner.type is not entry.type
    return source is not None and vanished and winner.source < source


def same_source(before: Origin, now: Origin) -> bool:
    """Whether two origins are the same source of the spec, wherever its store points to."""
    return (before.path, before.label) == (now.path, now.label) and before.store in (None, now.store)


def names_of(key: str, entry: Entry) -> tuple[str, ...]:
    """What a key counts as: the relative names of what it is made of; where they are not known, the key."""
    if entry.parts is None:
        return (key if entry.relative is None else entry.relative,)
    return tuple(
        f"{key} ({number})" if part.relative is None else part.relative for number, part in enumerate(entry.parts, 1)
    )


def _has(snapshot: Snapshot, name: str) -> bool:
    # Below the root, `foo` and `/foo` are two spellings.
    return name in snapshot.parameters or name.removeprefix("/") in snapshot.parameters
