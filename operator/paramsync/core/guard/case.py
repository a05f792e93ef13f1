"""What the rules of the guard look at: what each target would gain and lose, and which relative names are lost."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from paramsync.api.status import GuardWindow
from paramsync.core.actions import Action, Draft
from paramsync.core.provenance import Entry, Origin
from paramsync.core.routing import TargetRef

from .losses import Losses, names_of, same_source


def part_fact(action: Action, name: str, part: Entry) -> str:
    """What an approval is for that lets go of one parameter of a key that is made of several."""
    return json.dumps([action.target.kind, action.target.name, action.key, name, part.version, part.modified])


@dataclass(frozen=True, slots=True)
class Case:
    """A plan before the guard has seen it."""

    drafts: Sequence[Draft]
    """The targets of the spec, and those that it no longer names."""

    dropped: frozenset[TargetRef]
    """The targets that the spec no longer names."""

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

    def facts(self, actions: Iterable[Action]) -> tuple[str, ...]:
        """What an approval of these actions is for beside them: which parameters keys lose that are made of several."""
        drafts = {draft.ref: draft for draft in self.drafts}
        return tuple(
            part_fact(action, name, part)
            for action in actions
            for entry in (drafts[action.target].before.entries.get(action.key),)
            if entry is not None and entry.parts is not None
            for name, part in zip(names_of(action.key, entry), entry.parts, strict=True)
            if action in self.losses.get(name, ())
        )

    @property
    def spec_changed(self) -> bool:
        """Whether the sync's paths, labels or stores are not those that a target was written from."""
        return any(
            not any(same_source(origin, each) for each in self.origins)
            for draft in self.drafts
            for origin in draft.before.provenance.origins
            if draft.before.entries
        )
