"""A hold, and the digest by which a person approves what is held."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from paramsync.core.actions import Action
from paramsync.core.reasons import Reason

SHOWN: Final = 5
"""How many names a message lists."""


@dataclass(frozen=True, slots=True)
class Hold:
    """What a rule keeps back, and why."""

    reason: Reason
    subject: str
    """The source or target that it is about."""

    message: str
    actions: tuple[Action, ...]
    """What is not done; for a hold that stops everything, what it is about."""

    stops_everything: bool = False
    """Whether nothing at all is written meanwhile. Otherwise the keys of the actions are kept, and the rest goes on."""

    parts: tuple[Action, ...] = ()
    """Of keys that are made of several parameters, what happens to single ones of these, beside the key's action."""

    facts: tuple[str, ...] = ()
    """What else the approval is for, beside the actions."""


def offending(holds: Iterable[Hold]) -> frozenset[Action]:
    """All actions that are held."""
    return frozenset(action for hold in holds for action in hold.actions)


def offending_parts(holds: Iterable[Hold]) -> frozenset[Action]:
    """What is held of single parameters of keys that are made of several."""
    return frozenset(part for hold in holds for part in hold.parts)


def digest(uid: str, last: str | None, holds: Iterable[Hold]) -> str | None:
    """The digest that approves just these holds, once; None if there are none.

    It covers the sync and the held actions with the stamps that they apply to, so that other changes do not void it;
    and the approval before it, so that one which is left in Git approves nothing a second time.
    """
    held = list(holds)
    if not held:
        return None
    # Not by hold: which rule it is that holds an action may change, what is approved does not.
    actions = offending(held) | offending_parts(held)
    facts = sorted({*(_fact(action) for action in actions), *(fact for hold in held for fact in hold.facts)})
    return hashlib.sha256(json.dumps([uid, last, facts]).encode()).hexdigest()[:16]


def _fact(action: Action) -> str:
    target, stamp = action.target, (action.parameter, action.version, action.modified)
    return json.dumps([action.kind, target.kind, target.name, action.key, *stamp])
