"""What would happen to each key of a target, compared with what the target was last written from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from paramsync.api.sync import ParameterType, TargetKind

from .objects import PLAIN_KEYS_ANNOTATION, PROVENANCE_ANNOTATION, Live
from .provenance import Entry, Provenance, decode, decode_plain_keys
from .routing import TargetRef
from .values import SecureValue


class ActionKind(StrEnum):
    """What happens to a key. A key that stays as it is has no action."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Action:
    """What happens to one key, to which parameter's value, and why."""

    kind: ActionKind
    target: TargetRef
    key: str
    parameter: str | None
    """The full name of the parameter that the key was or will be made from, if it is known."""

    version: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Before:
    """What a live target was last written from."""

    provenance: Provenance
    """By key; keys that the annotation does not know are there with their type alone."""

    @classmethod
    def of(cls, live: Live | None) -> "Before":
        """Read it from the live target. What its provenance does not know counts as secure in a Secret."""
        if live is None:
            return cls(Provenance((), {}))
        known = decode(live.annotations.get(PROVENANCE_ANNOTATION)) or Provenance((), {})
        plain = decode_plain_keys(live.annotations.get(PLAIN_KEYS_ANNOTATION))
        unknown = set(live.data or ()) - live.foreign_keys - known.entries.keys()
        if live.ref.kind is TargetKind.SECRET:
            extra = {key: Entry(ParameterType.SECURE_STRING) for key in unknown}
        else:
            # It is in a ConfigMap under our name, so it was plain when we wrote it.
            extra = {key: Entry(plain.get(key, ParameterType.STRING)) for key in unknown}
        return cls(Provenance(known.origins, {**known.entries, **extra}))


Desired = Mapping[str, tuple[Entry, str, str | SecureValue]]
"""By key: the entry, the parameter's full name and the value that the target should get."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One target before the guard has seen it."""

    ref: TargetRef
    live: Live | None
    before: Provenance
    desired: Desired
    actions: tuple[Action, ...]


def draft(ref: TargetRef, live: Live | None, desired: Desired, is_settled: Callable[[str | None], bool]) -> Draft:
    """Compare a target with what it should become.

    :param is_settled: whether the state of a parameter, by full name, has stood long enough to be acted on.
    """
    before = Before.of(live).provenance
    actions = [_gain(ref, live, before, key, each, is_settled) for key, each in desired.items()]
    actions += [
        _loss(ref, before, key, settled=is_settled(before.name_of(key))) for key in before.entries if key not in desired
    ]
    return Draft(ref, live, before, desired, tuple(action for action in actions if action is not None))


def _gain(
    ref: TargetRef,
    live: Live | None,
    before: Provenance,
    key: str,
    each: tuple[Entry, str, str | SecureValue],
    is_settled: Callable[[str | None], bool],
) -> Action | None:
    entry, name, value = each
    reason = _why(live, before, key, entry, name, value)
    if reason is None:
        return None
    known = key in before.entries
    if live is not None and not is_settled(name):
        return Action(ActionKind.KEEP, ref, key, name, entry.version, "its change has not settled yet")
    return Action(ActionKind.CHANGE if known else ActionKind.ADD, ref, key, name, entry.version, reason)


def _why(
    live: Live | None, before: Provenance, key: str, entry: Entry, name: str, value: str | SecureValue
) -> str | None:
    """Why a key has to be written, if it has to be."""
    old = before.entries.get(key)
    if live is None or old is None:
        return "the parameter is new to this target"
    if before.name_of(key) not in (None, name):
        return "another parameter gives this key now"
    if (old.type, old.version or entry.version, old.modified or entry.modified) != (
        entry.type,
        entry.version,
        entry.modified,
    ):
        return "the parameter changed"
    if live.data is not None and live.data.get(key) != value:
        return "the key was changed in the cluster"
    return None


def _loss(ref: TargetRef, before: Provenance, key: str, *, settled: bool) -> Action:
    entry = before.entries[key]
    if settled:
        kind, reason = ActionKind.REMOVE, "no parameter gives this key any more"
    else:
        kind, reason = ActionKind.KEEP, "its removal has not settled yet"
    return Action(kind, ref, key, before.name_of(key), entry.version, reason)
