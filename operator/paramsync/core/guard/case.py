"""What the rules of the guard look at: what each target would gain and lose, and which relative names are lost."""

from collections.abc import Sequence
from dataclasses import dataclass

from paramsync.api.status import GuardWindow
from paramsync.core.actions import Draft
from paramsync.core.provenance import Origin
from paramsync.core.routing import TargetRef

from .losses import Losses, name_of, same_source


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
        return frozenset(name_of(key, entry) for draft in self.drafts for key, entry in draft.before.entries.items())

    @property
    def spec_changed(self) -> bool:
        """Whether the sync's paths, labels or stores are not those that a target was written from."""
        return any(
            not any(same_source(origin, each) for each in self.origins)
            for draft in self.drafts
            for origin in draft.before.provenance.origins
            if draft.before.entries
        )
