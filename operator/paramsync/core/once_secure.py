"""The memory of what was a SecureString, so that one which is a plain value now, or comes back as one, is held."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from paramsync.api.sync import ParameterType

from . import contents
from .actions import Action, Draft
from .provenance import Entry
from .routing import TargetRef


@dataclass(frozen=True, slots=True)
class Known:
    """What the targets say of what they were last written from, and of what went."""

    secure: frozenset[str]
    """Relative names that were SecureString, now or once: those of fields, and those of the parameters they are of."""

    full: Mapping[str, frozenset[ParameterType]]
    """The types of parameters, by full name."""

    @classmethod
    def of(cls, drafts: Sequence[Draft]) -> "Known":
        """Read it from the targets. What is only guessed has no name."""
        secure = set[str]().union(*(draft.before.provenance.once_secure for draft in drafts))
        full: dict[str, frozenset[ParameterType]] = {}
        for draft in drafts:
            for key, entry in draft.before.entries.items():
                for name, part in zip(draft.before.names_of(key), entry.parameters, strict=True):
                    if part.type is ParameterType.SECURE_STRING:
                        secure.update(part.relative_names)
                    if name is not None:
                        full[name] = full.get(name, frozenset()) | {part.type}
        return cls(frozenset(secure), full)

    def secure_name(self, name: str | None, part: Entry) -> str | None:
        """The relative name of a plain parameter, or of its field, that was a SecureString, if one was.

        :param name: the parameter's full name.
        """
        was = (each for each in (part.relative, part.stored) if each in self.secure & self.names(name, part))
        return next(was, None)

    def names(self, name: str | None, part: Entry) -> frozenset[str]:
        """The relative names that a part of a key stands for."""
        # A plain object may lie below a secure one of its name: the fields which that one lacks have always shown.
        types = self.full.get(name or "", frozenset())
        if part.type is not ParameterType.SECURE_STRING and types and ParameterType.SECURE_STRING not in types:
            return part.relative_names - {part.stored}
        return part.relative_names


def once_secure(drafts: Sequence[Draft], held: frozenset[Action]) -> frozenset[str]:
    """The relative names of SecureStrings that went, and have not come back.

    Also of those whose keys are held: somebody may delete the Secret that knows them, and other targets remember.
    """
    known = Known.of(drafts)
    held_keys = {(action.target, action.key) for action in held}
    there = (pair for each in drafts for pair in _there(each, held_keys))
    return known.secure.difference(*(known.names(name, part) for name, part in there))


def _there(each: Draft, held_keys: Collection[tuple[TargetRef, str]]) -> Iterator[tuple[str | None, Entry]]:
    """What a target is made of once the plan is carried out: the parameters' full names and entries."""
    kept = frozenset(contents.kept(each))
    for key, wish in each.desired.items():
        if key not in kept:
            yield from zip(wish.names, wish.entry.parameters, strict=True)
    for key in kept:
        if (each.ref, key) not in held_keys and contents.stays(each, key):
            yield from zip(each.before.names_of(key), each.before.entries[key].parameters, strict=True)
