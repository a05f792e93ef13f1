"""What the rules of the guard look at: what each target would gain and lose, and which relative names are lost."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from paramsync.api.status import GuardWindow
from paramsync.core.actions import Action, ActionKind, Draft
from paramsync.core.once_secure import Known
from paramsync.core.provenance import Entry, Origin
from paramsync.core.routing import TargetRef

from .losses import Losses, names_of, same_source


def going(action: Action, parameter: str | None, part: Entry) -> Action:
    """One parameter that goes from a key which is made of several."""
    reason = "it would be in this key no more"
    return Action(ActionKind.REMOVE, action.target, action.key, parameter, part.version, part.modified, reason)


@dataclass(frozen=True, slots=True)
class Case:
    """A plan before the guard has seen it."""

    drafts: Sequence[Draft]
    """The targets of the spec, and those that it no longer names."""

    dropped: frozenset[TargetRef]
    """The targets that the spec no longer names."""

    known: Known
    """What the targets say of what was a SecureString."""

    losses: Losses
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
        return frozenset(
            name
            for draft in self.drafts
            for key, entry in draft.before.entries.items()
            for name in names_of(key, entry)
        )

    def parts(self, actions: Iterable[Action]) -> tuple[Action, ...]:
        """Which parameters keys lose by these actions that are made of several, as far as their names are known."""
        return tuple(going(action, full, part) for action, _, full, part in self._lost_parts(actions) if full)

    def facts(self, actions: Iterable[Action]) -> tuple[str, ...]:
        """How many more they lose, of which no name is known."""
        lost = ((action, name) for action, name, full, _ in self._lost_parts(actions) if not full)
        return tuple(json.dumps([action.target.kind, action.target.name, action.key, name]) for action, name in lost)

    def _lost_parts(self, actions: Iterable[Action]) -> Iterator[tuple[Action, str, str | None, Entry]]:
        known = {draft.ref: draft.before for draft in self.drafts}
        for action in actions:
            entry = known[action.target].entries.get(action.key)
            if entry is not None and entry.parts is not None:
                names = names_of(action.key, entry), known[action.target].names_of(action.key)
                for name, full, part in zip(*names, entry.parts, strict=True):
                    if action in self.losses.get(name, ()):
                        yield action, name, full, part

    @property
    def spec_changed(self) -> bool:
        """Whether the sync's paths, labels or stores are not those that a target was written from."""
        return any(
            not any(same_source(origin, each) for each in self.origins)
            for draft in self.drafts
            for origin in draft.before.provenance.origins
            if draft.before.entries
        )
