"""What somebody changed on a target since it was written, and a write puts back."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .before import before
from .deletion import follows_policy
from .drift import Seen, is_untouched
from .metadata import misplaced, owned, texts
from .objects import (
    FIELD_MANAGER,
    MANAGED_BY,
    MANAGED_BY_LABEL,
    METADATA_ANNOTATION,
    OUR_ANNOTATIONS,
    Content,
    Live,
    Owner,
)
from .provenance import Entry
from .routing import TargetRef

MOST_NAMES: Final = 3
LONGEST_NAME: Final = 64
_UNUSUAL: Final = re.compile(r"[^A-Za-z0-9._/:@+-]")


class Drift(StrEnum):
    """What was wrong with a target; of several, the first in this order."""

    DELETED = "deleted"
    KEYS = "keys"
    METADATA = "metadata"


@dataclass(frozen=True, slots=True)
class Repair:
    """What a write puts back. It names no key and no value."""

    ref: TargetRef
    drift: Drift
    put_back: int = 0
    """Keys that somebody had changed or removed."""

    removed: int = 0
    """Keys that somebody had added."""

    marks: bool = False
    """Whether labels or annotations that we give, or our owner reference had been changed."""

    by: tuple[str, ...] = ()
    """The field managers that made the changes, as far as the API server knows them: fit for status and Events."""

    is_all: bool = True
    """Whether the target was to hold what it held before, so that the write did nothing else."""

    @property
    def told(self) -> str:
        """What happened, in words."""
        if self.drift is Drift.DELETED:
            return f"{self.ref} was deleted and is made anew"
        done = [
            f"{_keys(self.put_back)} put back" if self.put_back else "",
            f"{_keys(self.removed)} of others removed" if self.removed else "",
            "labels, annotations or owner put back" if self.marks else "",
        ]
        return f"{self.ref} was changed by {named(self.by) or 'someone'}: {', '.join(filter(None, done))}"


def repair_of(
    content: Content, live: Live | None, seen: Seen | None, recorded: str | None, owner: Owner
) -> Repair | None:
    """What writing a target that is not intact puts back; None if nobody changed it, or nothing shows that.

    Where what the target should hold has changed too, or this process has not seen the target yet, only that counts
    which the stamps of its keys or its field managers show.

    :param recorded: the target's revision in the sync's status.
    """
    revision = (seen.revision if seen is not None else None) or recorded
    is_same = revision == content.revision
    if live is None:
        return Repair(content.ref, Drift.DELETED, is_all=is_same) if revision is not None else None
    is_first = revision is None and live.controller is None  # it was left by an earlier sync of the name
    was_right = seen is not None and seen.revision is not None  # and not only found as it is, with keys kept
    if live.data is None or is_first or (was_right and is_untouched(live, seen)):
        return None
    stands = set(content.data) if is_same else _standing(content, live)
    changed = {key for key in stands if live.data.get(key) != content.data[key]}
    added = live.data.keys() - content.data.keys()
    if not is_same:
        added &= live.foreign_keys - before(live).entries.keys()
    marks = _marks(content, live, owner, was_right=is_same and seen is not None)
    if not (changed or added or marks):
        return None
    return Repair(
        content.ref,
        Drift.KEYS if changed or added else Drift.METADATA,
        len(changed),
        len(added),
        bool(marks),
        managers(live, changed | added | marks),
        is_same,
    )


def named(managers: tuple[str, ...]) -> str:
    """Field managers in words; empty if there is none."""
    rest = len(managers) - MOST_NAMES
    return ", ".join(managers[:MOST_NAMES]) + (f" and {rest} more" if rest > 0 else "")


def _keys(count: int) -> str:
    return f"{count} key{'s' if count > 1 else ''}"


def _standing(content: Content, live: Live) -> set[str]:
    """Keys that are to hold what they were last written from."""
    known = before(live)
    last = {key: entry for key, entry in known.entries.items() if key not in known.guessed}
    return {key for key, entry in content.entries.items() if key in last and _facts(last[key]) == _facts(entry)}


def _facts(entry: Entry) -> tuple[object, ...]:
    """What a key is made of, whatever the numbers of the sources are."""
    parts = tuple((part.type, part.relative, part.made, part.version, part.modified) for part in entry.parameters)
    return (entry.type, entry.made, parts)


def _marks(content: Content, live: Live, owner: Owner, *, was_right: bool) -> set[str]:
    """What somebody changed of label, annotations and owner.

    An annotation of ours may also say what the operator, or an earlier version of it, wrote for good reason.

    :param was_right: whether all of it was there when this process last looked.
    """
    ours = {name: text for name, text in content.annotations.items() if name in OUR_ANNOTATIONS}
    wrong = {name for name, text in ours.items() if live.annotations.get(name) != text}
    marks = wrong & live.editors.keys()
    marks |= misplaced(live, texts(content.labels, content.annotations))
    if live.labels.get(MANAGED_BY_LABEL) != MANAGED_BY:
        marks.add(MANAGED_BY_LABEL)
    if was_right:
        # The list is missing also before the spec gives anything for the first time.
        marks |= wrong - live.annotations.keys() - ({METADATA_ANNOTATION} if not owned(live) else set())
        if not follows_policy(live, owner):
            marks.add("ownerReferences")
    return marks


def managers(live: Live, fields: Iterable[str]) -> tuple[str, ...]:
    """Who holds these fields now. The names are text that users chose; ours is no news, whoever used it."""
    found = {manager for field in fields for manager in live.editors.get(field, ())} - {FIELD_MANAGER}
    return tuple(sorted({_UNUSUAL.sub("?", manager[:LONGEST_NAME]) for manager in found}))
