"""The memory of what was a SecureString, so that one which is a plain value now, or comes back as one, is held."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from paramsync.api.sync import ParameterType, TargetKind

from . import contents
from .actions import Action, Draft
from .before import Before
from .digests import digest_of
from .provenance import Entry, Origin
from .rendering import Memory, OnceSecure
from .routing import TargetRef


@dataclass(frozen=True, slots=True)
class Known:
    """What the targets say of what they were last written from, and of what went."""

    secure: frozenset[str]
    """Relative names that were SecureString, now or once: those of fields, and those of the parameters they are of."""

    digests: frozenset[str]
    """Digests of more such names."""

    is_unsure: bool
    """Whether there may be still more, of which nothing is known."""

    full: Mapping[str, frozenset[ParameterType]]
    """The types of parameters, by full name."""

    plain: frozenset[tuple[str | None, str]]
    """What ConfigMaps show: full names of parameters, and relative names of these or of their fields."""

    @property
    def is_nothing(self) -> bool:
        """Whether no name is known to have been secure, and none may have been."""
        return not (self.secure or self.digests or self.is_unsure)

    @classmethod
    def of(cls, drafts: Sequence[Draft]) -> "Known":
        """Read it from the targets. What is only guessed has no name."""
        secure = set[str]().union(*(draft.before.provenance.once_secure for draft in drafts))
        plain: set[tuple[str | None, str]] = set()
        full: dict[str, frozenset[ParameterType]] = {}
        for draft in drafts:
            for key, entry in draft.before.entries.items():
                for name, part in zip(draft.before.names_of(key), entry.parameters, strict=True):
                    if part.type is ParameterType.SECURE_STRING:
                        secure.update(part.relative_names)
                    elif part.relative is not None and draft.ref.kind is TargetKind.CONFIG_MAP:
                        plain.add((name, part.relative))
                    if name is not None:
                        full[name] = full.get(name, frozenset()) | {part.type}
        known = [draft.before.provenance for draft in drafts]
        return cls(
            frozenset(secure),
            frozenset[str]().union(*(each.digests for each in known)),
            _is_unsure([draft.before for draft in drafts]),
            full,
            frozenset(plain),
        )

    def secure_name(self, name: str | None, part: Entry) -> str | None:
        """The relative name of a plain parameter, or of its field, that was a SecureString, if one was.

        :param name: the parameter's full name.
        """
        names = self.names(name, part)
        ordered = [each for each in (part.relative, part.stored) if each is not None and each in names]
        return next((each for each in ordered if each in self.secure or self._has_digest(each)), None)

    def may_be_secure(self, name: str, part: Entry) -> bool:
        """Whether a plain parameter or field may have been a SecureString, for all that is known."""
        return self.is_unsure and (name, part.relative) not in self.plain

    def _has_digest(self, name: str) -> bool:
        return bool(self.digests) and digest_of(name) in self.digests

    def names(self, name: str | None, part: Entry) -> frozenset[str]:
        """The relative names that a part of a key stands for."""
        # A plain object may lie below a secure one of its name: the fields which that one lacks have always shown.
        types = self.full.get(name or "", frozenset())
        if part.type is not ParameterType.SECURE_STRING and types and ParameterType.SECURE_STRING not in types:
            return part.relative_names - {part.stored}
        return part.relative_names


def _is_unsure(targets: Sequence[Before]) -> bool:
    """Whether nobody knows which names were secure. Of what went, one target's annotation is enough."""
    is_forgotten = any(each.is_lost for each in targets) and not any(each.provenance.origins for each in targets)
    return is_forgotten or any(each.provenance.is_unsure for each in targets)


def once_secure(
    known: Known, drafts: Sequence[Draft], held: frozenset[Action], *, is_doubt_over: bool = False
) -> OnceSecure:
    """What targets are to remember.

    Also of those whose keys are held: somebody may delete the Secret that knows them, and other targets remember.

    :param known: what the targets say.
    :param is_doubt_over: whether a person has approved what may have been secure, for all that is known.
    """
    shown = frozenset[str]().union(*(part.relative_names for each in drafts for part in _still_shown(each)))
    if known.is_nothing and not shown:
        return OnceSecure()
    held_keys = {(action.target, action.key) for action in held}
    there = [pair for each in drafts for pair in _there(each, held_keys)]
    names = frozenset[str]().union(*(known.names(name, part) for name, part in there))
    digests = known.digests.difference(map(digest_of, names)) if known.digests else known.digests
    # Of a SecureString the Secret tells; but where a key goes on showing what it was before, that may not be enough.
    secure = (known.names(name, part) for name, part in there if part.type is ParameterType.SECURE_STRING)
    also = shown & frozenset[str]().union(*secure)
    return OnceSecure(known.secure - names | also, digests, known.is_unsure and not is_doubt_over)


def without_needless_doubt(
    drafts: Sequence[Draft], sync: str, origins: tuple[Origin, ...], revisions: Mapping[TargetRef, str]
) -> list[Draft]:
    """The same, where what a target should hold is just what it was last written from.

    Then its annotation, which somebody has removed or damaged, or which had no room, would tell nothing new.

    :param revisions: what each of the targets was to hold then.
    """
    if not _is_unsure([draft.before for draft in drafts]):
        return list(drafts)
    certain = [replace(draft, before=draft.before.without_doubt) for draft in drafts]
    memory = Memory(sync, origins, once_secure(Known.of(certain), certain, frozenset()))

    def is_as_it_was(sure: Draft) -> bool:
        is_kept = any(contents.stays(sure, key) for key in contents.kept(sure))
        return not is_kept and contents.finish(sure, memory).content.revision == revisions.get(sure.ref)

    return [sure if is_as_it_was(sure) else each for each, sure in zip(drafts, certain, strict=True)]


def _still_shown(each: Draft) -> Iterator[Entry]:
    """What the kept keys of a ConfigMap are made of."""
    if each.ref.kind is TargetKind.CONFIG_MAP:
        for key in contents.kept(each):
            if contents.stays(each, key):
                yield from each.before.entries[key].parameters


def _there(each: Draft, held_keys: Collection[tuple[TargetRef, str]]) -> Iterator[tuple[str | None, Entry]]:
    """What a target is made of once the plan is carried out: the parameters' full names and entries.

    Without what a ConfigMap only goes on showing: that is another parameter than the SecureString of its name.
    """
    kept = frozenset(contents.kept(each))
    written = {action.key for action in each.actions} - kept
    entries: dict[str, tuple[tuple[str | None, ...], Entry]] = {}
    entries |= {key: (wish.names, wish.entry) for key, wish in each.desired.items() if key not in kept}
    entries |= {
        key: (each.before.names_of(key), each.before.entries[key])
        for key in kept
        if (each.ref, key) not in held_keys and contents.stays(each, key)
    }
    for key, (names, entry) in entries.items():
        for name, part in zip(names, entry.parameters, strict=True):
            if key in written or part.type is ParameterType.SECURE_STRING:
                yield name, part
