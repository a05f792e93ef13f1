"""In which order targets are written, so that nobody finds a key gone from one place before it is in another."""

from collections.abc import Sequence

from paramsync.api.sync import TargetKind

from .actions import LOSSES, Action, ActionKind
from .objects import Content
from .routing import TargetRef


def in_writing_order(contents: Sequence[Content], actions: Sequence[Action]) -> tuple[Content, ...]:
    """Gains before losses, and of either Secrets before ConfigMaps.

    Of targets that lose keys, one waits for the others that gain the same keys. Where they wait for one another in a
    circle, no order is right, and the first one does not wait.
    """
    losing = {action.target for action in actions if action.kind in LOSSES}
    left = sorted(contents, key=lambda each: (each.ref in losing, each.ref.kind is not TargetKind.SECRET))
    gains = _keys_by_target(actions, frozenset({ActionKind.ADD, ActionKind.CHANGE}))
    losses = _keys_by_target(actions, LOSSES)
    ordered: list[Content] = []
    while left:
        free = (each for each in left if not any(_waits(each.ref, other.ref, losses, gains) for other in left))
        ordered.append(next(free, left[0]))
        left.remove(ordered[-1])
    return tuple(ordered)


def _waits(
    ref: TargetRef, other: TargetRef, losses: dict[TargetRef, set[str]], gains: dict[TargetRef, set[str]]
) -> bool:
    return ref != other and not losses.get(ref, set()).isdisjoint(gains.get(other, set()))


def _keys_by_target(actions: Sequence[Action], kinds: frozenset[ActionKind]) -> dict[TargetRef, set[str]]:
    found: dict[TargetRef, set[str]] = {}
    for action in actions:
        if action.kind in kinds:
            found.setdefault(action.target, set()).add(action.key)
    return found
