"""What taking over a live object of somebody else's would do; not whether it may be done, which ownership says.

The object is rewritten by one merge patch, and then applied. In between it bears our marks, the values of all keys that
stay are there, and nothing of it is ours yet: should the apply never come, the next run takes it over again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from .actions import Action, ActionKind, Draft, Wish
from .annotations import encode_plain_keys
from .before import Before
from .drift import moves
from .objects import (
    ADOPT_ANNOTATION,
    METADATA_ANNOTATION,
    PLAIN_KEYS_ANNOTATION,
    PROVENANCE_ANNOTATION,
    SYNC_ANNOTATION,
    ConfigMapContent,
    Content,
    Live,
)
from .provenance import Provenance
from .reasons import Problem, Reason
from .routing import TargetRef
from .values import Decoded

LAST_APPLIED_ANNOTATION: Final = "kubectl.kubernetes.io/last-applied-configuration"
"""kubectl's note of what it applied, by which it tells its keys from others'. It holds the values."""

GOING: Final = frozenset({ADOPT_ANNOTATION, LAST_APPLIED_ANNOTATION, PROVENANCE_ANNOTATION, METADATA_ANNOTATION})
"""The annotations that do not stay: an object is given once, and what kubectl or another sync noted is true no more."""


def adoption(ref: TargetRef, live: Live, desired: Mapping[str, Wish]) -> Draft:
    """Compare an object with what the sync would make of it. Its values are not looked at: a plan is no oracle."""
    there = live.foreign_keys if live.data is None else live.data.keys()
    gains = tuple(_gain(ref, key, wish, is_there=key in there) for key, wish in desired.items())
    surplus = tuple(_loss(ref, key) for key in sorted(there - desired.keys()))
    left = {name: text for name, text in live.annotations.items() if name not in GOING}
    # None of its keys counts as written by us.
    before = Before(Provenance((), {}), is_complete=live.data is not None)
    found = replace(live, annotations=left, stated=frozenset())  # its labels are nobody's once it is taken over
    return Draft(ref, found, before, desired, gains, surplus, is_adoption=True)


def _gain(ref: TargetRef, key: str, wish: Wish, *, is_there: bool) -> Action:
    if is_there:
        kind, reason = ActionKind.REPLACE, "the key is there already, and its value is written over"
    else:
        kind, reason = ActionKind.ADD, "the parameter is new to this target"
    return Action(kind, ref, key, wish.name, wish.entry.version, wish.entry.modified, reason)


def _loss(ref: TargetRef, key: str) -> Action:
    reason = "it came with the object, which was somebody else's, and no parameter gives this key"
    return Action(ActionKind.REMOVE, ref, key, None, None, None, reason)


def has_settled(draft: Draft, is_settled: Callable[[str | None], bool]) -> bool:
    """Whether an object may be taken over now, which is done as a whole: all that would come and go has settled."""
    if not draft.is_adoption:
        return True
    names = (name for wish in draft.desired.values() for name in wish.names)
    return all(map(is_settled, names)) and (not draft.surplus or is_settled(None))


def would_empty(draft: Draft) -> Problem | None:
    """Why an object is not taken over although it was given away: all that it holds would go, and nothing come."""
    if draft.has_parameters or not draft.surplus:
        return None
    return Problem(
        Reason.TARGET_CONFLICT,
        str(draft.ref),
        f"{draft.ref} is given to this sync, but no parameter goes into it: every key of it would go;"
        " nothing was written anywhere. Create the parameters; or delete the object, and it is made anew",
    )


@dataclass(frozen=True, slots=True)
class Handover:
    """What a merge patch rewrites before the first apply, so that an object is ours alone from there on."""

    removed: frozenset[str]
    """The keys that go."""

    moved: Mapping[str, str | Decoded]
    """Keys of a ConfigMap that stay and change from ``binaryData`` to ``data`` or back, with what they hold then."""

    annotations: Mapping[str, str | None]
    """What they become; None for those that go."""


def handover(content: Content, live: Live) -> Handover:
    """What has to be rewritten in an object that is taken over."""
    there = live.data or {}
    annotations: dict[str, str | None] = dict.fromkeys(sorted(GOING & live.annotations.keys()))
    annotations[SYNC_ANNOTATION] = content.annotations[SYNC_ANNOTATION]
    if not isinstance(content, ConfigMapContent):
        return Handover(frozenset(there.keys() - content.data.keys()), {}, annotations)
    staying = there.keys() & content.data.keys()
    moved = {key: content.data[key] for key in sorted(moves(content, live))}
    # An admission policy wants a type for every key, also before they are written by us.
    annotations[PLAIN_KEYS_ANNOTATION] = encode_plain_keys({key: content.entries[key].type for key in staying})
    return Handover(frozenset(there.keys() - staying), moved, annotations)
