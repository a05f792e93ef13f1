"""A plan as it is handed on: to the apply, to status, Events and metrics."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .actions import Action, ActionKind
from .guard.hold import Hold, offending, offending_parts
from .objects import Content
from .reasons import Problem
from .routing import TargetRef


@dataclass(frozen=True, slots=True)
class Counts:
    """How many parameters a plan is about."""

    parameters: int = 0
    """In the targets, kept ones included."""

    secure: int = 0
    """SecureStrings among them."""

    skipped: int = 0
    """That no target takes."""

    overlaid: int = 0
    """That a later source hides."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a reconcile would do."""

    problems: tuple[Problem, ...] = ()
    """What stands in the way: if there is any, nothing is written anywhere."""

    actions: tuple[Action, ...] = ()
    holds: tuple[Hold, ...] = ()
    digest: str | None = None
    """Approves what is held. None if nothing is."""

    approved: str | None = None
    """The digest that let pass what would be held."""

    contents: tuple[Content, ...] = ()
    """What every target should hold, in the order of writing: gains before losses, Secrets before ConfigMaps."""

    metadata: tuple[Action, ...] = ()
    """What happens to labels and annotations that the spec gives: ``labels/team`` is the key. They change no data."""

    adopted: frozenset[TargetRef] = frozenset()
    """Targets that are taken over from somebody else."""

    dropped: tuple[TargetRef, ...] = ()
    """Targets that were written once and that the spec no longer names."""

    kept: tuple[TargetRef, ...] = ()
    """Such targets that stay nevertheless, for keys of theirs are kept."""

    removed: Mapping[str, frozenset[TargetRef]] = field(default_factory=dict)
    """The relative names that are removed, and the targets that lose them."""

    notes: tuple[Problem, ...] = ()
    """What is worth saying and stops nothing."""

    needs_values: frozenset[TargetRef] = frozenset()
    """Targets whose values must be read before the plan can be completed, for some of their keys are kept."""

    unsettled: bool = False
    """Whether keys are kept because what would become of them has not been confirmed yet."""

    pending: tuple[Problem, ...] = ()
    """Keys that hold what they should only when something has settled: until then not all is well."""

    waits: bool = False
    """Whether nothing is done before something has been confirmed: that a source is empty, that a required key is
    missing, or what an object holds that is taken over."""

    counts: Counts = Counts()

    @property
    def changes(self) -> bool:
        """Whether it would change what any key holds."""
        return any(action.kind is not ActionKind.KEEP for action in self.actions)

    @property
    def is_stopped(self) -> bool:
        """Whether nothing is written, because of what stands in the way or is held."""
        return bool(self.problems) or any(hold.stops_everything for hold in self.holds)

    @property
    def held(self) -> frozenset[Action]:
        """The actions that are held, as they would be if they were not."""
        return offending(self.holds)

    @property
    def held_parts(self) -> frozenset[Action]:
        """What is held of single parameters of keys that are made of several."""
        return offending_parts(self.holds)
