"""The rules of the guard, in the order in which their holds are told. A new rule is a module and a line here."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from .case import Case
from .downgrade import no_downgrade
from .emptied import never_emptied
from .hold import Hold
from .moved import source_moved
from .removals import too_many_removals
from .standing import still_held

if TYPE_CHECKING:
    from paramsync.core.actions import Action

Rule = Callable[[Case], tuple[Hold, ...]]

RULES: Final[tuple[Rule, ...]] = (source_moved, no_downgrade, too_many_removals, never_emptied, still_held)


def holds(case: Case) -> tuple[Hold, ...]:
    """What the rules keep back. What an earlier rule keeps back already is not told again."""
    found: list[Hold] = []
    held: set[Action] = set()
    for rule in RULES:
        for hold in rule(case):
            if hold.stops_everything or not held.issuperset(hold.actions):
                found.append(hold)
                held.update(hold.actions)
    return tuple(found)
