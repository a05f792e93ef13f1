"""The memory of SecureStrings that went, so that one which comes back as a plain value is held."""

from collections.abc import Sequence

from paramsync.api.sync import ParameterType

from . import contents
from .actions import Action, Draft


def once_secure(drafts: Sequence[Draft], held: frozenset[Action]) -> frozenset[str]:
    """The relative names of SecureStrings that went, and have not come back.

    Also of those whose keys are held: somebody may delete the Secret that knows them, and other targets remember.
    """
    held_keys = {(action.target, action.key) for action in held}
    before = {
        entry.relative
        for each in drafts
        for whole in each.before.entries.values()
        for entry in whole.parameters
        if entry.type is ParameterType.SECURE_STRING
    }
    remembered = before.union(*(each.before.provenance.once_secure for each in drafts))
    there: set[str | None] = set()
    for each in drafts:
        kept = frozenset(contents.kept(each))
        stay = (key for key in kept if (each.ref, key) not in held_keys and contents.stays(each, key))
        staying = [wish.entry for key, wish in each.desired.items() if key not in kept]
        staying += [each.before.entries[key] for key in stay]
        there |= {part.relative for entry in staying for part in entry.parameters}
    return frozenset(name for name in remembered - there if name is not None)
