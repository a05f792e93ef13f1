"""What a plan that nobody carries out amounts to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from paramsync.api.sync import ParameterType

from .actions import LOSSES, Action, ActionKind
from .before import before
from .explaining import KeyOrigin
from .objects import Live
from .plan import Plan
from .planned import told_actions
from .provenance import Entry
from .routing import TargetRef


class Verdict(IntEnum):
    """What would come of it; the number is the exit code of ``paramsync plan``."""

    UNCHANGED = 0
    FAILS = 1
    CHANGES = 2
    HELD = 3


_BY_WEIGHT = (Verdict.UNCHANGED, Verdict.CHANGES, Verdict.HELD, Verdict.FAILS)


def verdict(plan: Plan) -> Verdict:
    """What would come of a plan."""
    if plan.problems or plan.pending:
        return Verdict.FAILS
    if plan.holds:
        return Verdict.HELD
    return Verdict.CHANGES if plan.changes or plan.dropped or plan.metadata else Verdict.UNCHANGED


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """What several come to: a failure counts before a hold, a hold before a change."""
    return max(verdicts, key=_BY_WEIGHT.index, default=Verdict.UNCHANGED)


@dataclass(frozen=True, slots=True)
class Line:
    """What would happen to one key."""

    action: Action
    type: ParameterType | None
    """Of what the key is, or was, made of: secure if any of it is. None if that is not known."""

    is_held: bool
    parameters: tuple[str, ...]
    """The full names of the parameters that the key is, or was, made of, as far as they are known."""


def lines(plan: Plan, origins: Iterable[KeyOrigin], live: Mapping[TargetRef, Live | None]) -> tuple[Line, ...]:
    """What would happen, key by key: what is held first, then by target and key.

    :param origins: what the keys should be made of.
    :param live: what the plan was made against.
    """
    made = {(each.target, each.key): each for each in origins}
    known = {ref: before(found) for ref, found in live.items()}
    held = plan.held
    ordered = sorted(told_actions(plan), key=lambda each: (each not in held, each.target, each.key, each.kind))

    def line(action: Action) -> Line:
        origin = made.get((action.target, action.key))
        if action.kind in LOSSES or action.kind is ActionKind.KEEP or origin is None:
            was = known.get(action.target)
            entry = None if was is None else was.entries.get(action.key)
            names = () if was is None else tuple(name for name in was.names_of(action.key) if name is not None)
            return Line(action, _type_of(entry), action in held, names)
        kind = ParameterType.SECURE_STRING if origin.is_secure else _plain_type(origin)
        return Line(action, kind, action in held, tuple(dict.fromkeys(each.parameter for each in origin.parameters)))

    return tuple(map(line, ordered))


def _type_of(entry: Entry | None) -> ParameterType | None:
    return None if entry is None else entry.type


def _plain_type(origin: KeyOrigin) -> ParameterType:
    return origin.parameters[0].type if len(origin.parameters) == 1 else ParameterType.STRING
