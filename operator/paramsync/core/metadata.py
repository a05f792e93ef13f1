"""Labels and annotations that a spec gives a target: which of those that are there are the sync's, and what changes.

A name is ``labels/team`` or ``annotations/example.com/note``: no data key has a slash. An annotation of the target
lists what the sync has given. By it that is known again, be it changed by somebody; an admission policy lets it go; and
it is told apart from what others have put there, which stays, also where the spec gives the same key. Whether theirs
has the same value is never said: who writes a sync need not be allowed to read the target.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from paramsync.api.metadata import TargetMetadata

from .actions import Action, ActionKind
from .objects import MANAGED_BY_LABEL, METADATA_ANNOTATION, OUR_ANNOTATIONS, Live
from .reasons import Problem, Reason
from .routing import TargetRef

_LABEL: Final = "labels/"
_ANNOTATION: Final = "annotations/"

_MARKS: Final = frozenset({_LABEL + MANAGED_BY_LABEL, *(_ANNOTATION + name for name in OUR_ANNOTATIONS)})
"""What the operator gives whatever the spec says."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a target is to be given by its spec."""

    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    """With the list of it all."""

    foreign: tuple[str, ...] = ()
    """The names that the spec gives and that are somebody else's."""


def label(key: str) -> str:
    """The name of a label."""
    return _LABEL + key


def annotation(key: str) -> str:
    """The name of an annotation."""
    return _ANNOTATION + key


def texts(labels: Mapping[str, str], annotations: Mapping[str, str]) -> dict[str, str]:
    """Labels and annotations by name."""
    return {label(key): text for key, text in labels.items()} | {annotation(key): t for key, t in annotations.items()}


def listed(annotations: Mapping[str, str]) -> frozenset[str]:
    """The names that the annotations of a target list as given by the sync."""
    return frozenset(annotations.get(METADATA_ANNOTATION, "").split())


def owned(live: Live) -> frozenset[str]:
    """The names that our applies own, beside the operator's own."""
    return live.stated - _MARKS


def given(asked: TargetMetadata, live: Live | None) -> Given:
    """What of the labels and annotations that a spec asks for a target is given.

    :param live: the target; None if there is none.
    """
    wanted = texts(asked.labels or {}, asked.annotations or {})
    there = {} if live is None else texts(live.labels, live.annotations)
    ours = frozenset[str]() if live is None else listed(live.annotations) | owned(live)
    foreign = tuple(sorted(name for name in wanted if name in there and name not in ours))
    made = {name: text for name, text in wanted.items() if name not in foreign}
    if live is not None:
        # Somebody damaged the list. What would go now, the policy would take for somebody else's: it is listed first,
        # and goes when the target is looked at again.
        unlisted = owned(live) - listed(live.annotations) - wanted.keys()
        made |= {name: there[name] for name in unlisted if name in there}
    annotations = {name.removeprefix(_ANNOTATION): text for name, text in made.items() if name.startswith(_ANNOTATION)}
    if made or (live is not None and _stays(live)):
        annotations[METADATA_ANNOTATION] = " ".join(sorted(made))
    labels = {name.removeprefix(_LABEL): text for name, text in made.items() if name.startswith(_LABEL)}
    return Given(labels, annotations, foreign)


def _stays(live: Live) -> bool:
    """Whether the list would stay if an apply left it out, for it is not ours alone; then it becomes empty."""
    is_ours = annotation(METADATA_ANNOTATION) in live.stated and METADATA_ANNOTATION not in live.editors
    return bool(listed(live.annotations)) and not is_ours


def actions(ref: TargetRef, live: Live | None, given: Given) -> tuple[Action, ...]:
    """What happens to labels and annotations, each by its name as the key."""
    return tuple(_actions(ref, live, given))


def _actions(ref: TargetRef, live: Live | None, given: Given) -> Iterator[Action]:
    there = {} if live is None else texts(live.labels, live.annotations)
    made = texts(given.labels, given.annotations)
    for name, text in sorted(made.items()):
        if name in _MARKS or there.get(name) == text:
            continue
        if name in there:
            yield _action(ActionKind.CHANGE, ref, name, "it is not as spec.targets[].metadata gives it")
        else:
            yield _action(ActionKind.ADD, ref, name, "spec.targets[].metadata gives it")
    if live is not None:
        for name in sorted((owned(live) & there.keys()) - made.keys()):
            yield _action(ActionKind.REMOVE, ref, name, "spec.targets[].metadata gives it no longer")


def _action(kind: ActionKind, ref: TargetRef, name: str, reason: str) -> Action:
    return Action(kind, ref, name, None, None, None, reason)


def notes(ref: TargetRef, given: Given) -> Iterator[Problem]:
    """What is told of names that are somebody else's."""
    for name in given.foreign:
        what, _, key = name.partition("/")
        yield Problem(
            Reason.METADATA_KEPT,
            f"{ref}/{name}",
            f"The {what.removesuffix('s')} {key} of {ref} was put there by somebody else and stays as it is. Remove it"
            " from the object, and it becomes what spec.targets[].metadata gives; or remove it from there",
        )


def misplaced(live: Live, given: Mapping[str, str]) -> frozenset[str]:
    """The names of what somebody changed or took away of what a target had been given.

    :param given: what it is to be given, by name. What differs because the spec asks for something new is not meant.
    """
    there = texts(live.labels, live.annotations)
    changed = {name for name, text in given.items() if name in there and there[name] != text and name in live.editors}
    gone = {name for name in given.keys() & listed(live.annotations) if name not in there}
    return frozenset(changed | gone)
