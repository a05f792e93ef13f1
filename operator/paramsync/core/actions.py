"""What would happen to each key of a target, compared with what the target was last written from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from paramsync.api.metadata import TargetMetadata
from paramsync.api.sync import SecretType, TargetKind

from .before import Before, before
from .objects import Live
from .provenance import Entry
from .routing import NO_METADATA, TargetRef
from .values import KeyValue


class ActionKind(StrEnum):
    """What happens to a key. A key that stays as it is has no action."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"
    MOVE = "move"
    """It goes, for its parameter goes into a target of the other kind."""

    REPLACE = "replace"
    """A key of an object that is taken over is there already. Whether its value is the same is never said."""

    KEEP = "keep"


LOSSES: Final = frozenset({ActionKind.REMOVE, ActionKind.MOVE})
"""What takes a key from its target."""

NEW: Final = frozenset({ActionKind.ADD, ActionKind.REPLACE})
"""What makes a key of a target this sync's."""


@dataclass(frozen=True, slots=True)
class Action:
    """What happens to one key, to which parameter's value, and why."""

    kind: ActionKind
    target: TargetRef
    key: str
    parameter: str | None
    """The full name of the parameter that the key was or will be made from, if it is known."""

    version: int | None
    modified: int | None
    """When that version was made, in milliseconds since the epoch: versions begin at 1 again after a deletion."""

    reason: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What a key should be made from, and the value that it should get."""

    entry: Entry
    paths: tuple[str, ...]
    """For each parameter of the entry, the path of its source."""

    names: tuple[str, ...]
    """For each parameter of the entry, its full name."""

    value: KeyValue
    """Of the secure class wherever the target is a Secret."""

    @property
    def name(self) -> str | None:
        """The parameter's full name, if it is made of one."""
        return self.names[0] if self.entry.parts is None else None


@dataclass(frozen=True, slots=True)
class Draft:
    """One target before the guard has seen it."""

    ref: TargetRef
    live: Live | None
    before: Before
    desired: Mapping[str, Wish]
    actions: tuple[Action, ...]
    surplus: tuple[Action, ...] = ()
    """What goes from an object that is taken over. It never was ours: to the guard it is no removal."""

    is_adoption: bool = False
    """Whether it takes over an object of somebody else's."""

    type: SecretType = SecretType.OPAQUE
    """The type that a Secret should have."""

    metadata: TargetMetadata = NO_METADATA
    """The labels and annotations that the spec gives it."""

    @property
    def has_parameters(self) -> bool:
        """Whether any parameter goes into it: a file of none and a text without references are not for its sake."""
        return any(wish.names for wish in self.desired.values())

    @property
    def all_actions(self) -> tuple[Action, ...]:
        """All that would happen to the target's keys, whoever's they are."""
        return (*self.actions, *self.surplus)


def draft(
    ref: TargetRef,
    live: Live | None,
    desired: Mapping[str, Wish],
    is_settled: Callable[[str | None], bool],
) -> Draft:
    """Compare a target with what it should become.

    :param is_settled: whether the state of a parameter, by full name, has stood long enough to be acted on.
    """
    known = before(live)
    actions = [_gain(ref, live, known, key, wish, is_settled) for key, wish in desired.items()]
    actions += [
        _loss(ref, known, key, settled=all(map(is_settled, known.names_of(key))))
        for key in known.entries
        if key not in desired
    ]
    return Draft(ref, live, known, desired, tuple(action for action in actions if action is not None))


def dropped(ref: TargetRef, live: Live, is_settled: Callable[[str | None], bool]) -> Draft:
    """A target that the spec no longer names: all its keys go."""
    made = draft(ref, live, {}, is_settled)
    why = "spec.targets names the target no longer"
    return replace(made, actions=tuple(replace(a, reason=why) if a.kind in LOSSES else a for a in made.actions))


def with_moves(drafts: Sequence[Draft]) -> list[Draft]:
    """The same, where a key that goes with its parameter into a target of the other kind is a move."""
    # By what is desired, and not by what is added: the same move is told the same once half of it is done.
    taken = {
        (name, part.relative, draft.ref.kind): draft.ref
        for draft in drafts
        for wish in draft.desired.values()
        for name, part in zip(wish.names, wish.entry.parameters, strict=True)
    }
    other = {TargetKind.SECRET: TargetKind.CONFIG_MAP, TargetKind.CONFIG_MAP: TargetKind.SECRET}

    def moved(draft: Draft, action: Action) -> Action:
        if action.kind is not ActionKind.REMOVE or action.parameter is None:
            return action
        to = taken.get((action.parameter, draft.before.entries[action.key].relative, other[action.target.kind]))
        if to is None:
            return action
        return replace(action, kind=ActionKind.MOVE, reason=f"its parameter goes into {to} now")

    return [replace(draft, actions=tuple(moved(draft, each) for each in draft.actions)) for draft in drafts]


def _gain(
    ref: TargetRef,
    live: Live | None,
    known: Before,
    key: str,
    wish: Wish,
    is_settled: Callable[[str | None], bool],
) -> Action | None:
    reason = _why(live, known, key, wish)
    if reason is None:
        return None
    is_known = key in known.entries
    # Where another parameter shows through, it is the absence of the one before that must have settled.
    settled = all(map(is_settled, (*wish.names, *known.names_of(key))))
    if live is not None and not settled:
        kind, reason = ActionKind.KEEP, "its change has not settled yet"
    else:
        kind = ActionKind.CHANGE if is_known else ActionKind.ADD
    return Action(kind, ref, key, wish.name, wish.entry.version, wish.entry.modified, reason)


def _why(live: Live | None, known: Before, key: str, wish: Wish) -> str | None:
    """Why a key has to be written, if it has to be."""
    old = known.entries.get(key)
    if live is None or old is None:
        return "the parameter is new to this target"
    reason = None if key in known.guessed else _difference(known, old, wish)
    if reason is not None:
        return reason
    if live.data is not None and live.data.get(key) != wish.value:
        return "the key was changed in the cluster"
    return None


def _difference(known: Before, old: Entry, wish: Wish) -> str | None:
    """What a key is made of otherwise than it was, if anything."""
    new = wish.entry
    if old.made != new.made or (old.parts is None) != (new.parts is None):
        return "it is made in another way now"
    if len(old.parameters) != len(new.parameters):
        return "it is made of more or fewer parameters now"
    for earlier, path, now in zip(old.parameters, wish.paths, new.parameters, strict=True):
        origin = known.origin_of(earlier)
        was = None if origin is None or earlier.relative is None else (origin.path, earlier.relative)
        if was not in (None, (path, now.relative)):
            return "another parameter gives this key now"
        if old.parts is not None and earlier.relative is None:
            continue
        if earlier.made != now.made:
            return "it is made in another way now"
        if _facts(earlier, now) != _facts(now, now):
            return "the parameter changed"
    return None


def _facts(entry: Entry, otherwise: Entry) -> tuple[object, ...]:
    """What identifies a value; what trimming dropped is taken to be as in the other entry."""
    return (entry.type, entry.version or otherwise.version, entry.modified or otherwise.modified)


def _loss(ref: TargetRef, known: Before, key: str, *, settled: bool) -> Action:
    entry = known.entries[key]
    if settled:
        kind, reason = ActionKind.REMOVE, "no parameter gives this key any more"
    else:
        kind, reason = ActionKind.KEEP, "its removal has not settled yet"
    return Action(kind, ref, key, known.name_of(key), entry.version, entry.modified, reason)
