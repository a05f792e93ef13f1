"""From drafts to contents: what every target should hold, with the kept keys as the live target has them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from paramsync.api.sync import ParameterType

from . import metadata, secret_types, sizes
from .actions import Action, ActionKind, Draft
from .objects import OUR_ANNOTATIONS, Content, SecretContent
from .provenance import MOST_DIGESTS, Entry, Origin
from .reasons import Problem, Reason
from .rendering import Memory, Rendered, render
from .routing import TargetRef
from .values import KeyValue


@dataclass(frozen=True, slots=True)
class Finished:
    """A target's content, and what there is to say of it."""

    content: Content
    notes: tuple[Problem, ...]
    problems: tuple[Problem, ...]
    """Why it cannot be written."""

    metadata: tuple[Action, ...] = ()
    """What happens to labels and annotations."""


def may_have_more_keys(draft: Draft) -> bool:
    """Whether the values have to be read because only they tell which keys there are."""
    return draft.live is not None and draft.live.data is None and not draft.before.is_complete


def lacks_values(draft: Draft) -> bool:
    """Whether the values have to be read because keys are kept."""
    return draft.live is not None and draft.live.data is None and bool(kept(draft))


def finish(draft: Draft, memory: Memory) -> Finished:
    """The content of a target."""
    rendered: dict[str, tuple[Entry, KeyValue]] = {key: (wish.entry, wish.value) for key, wish in draft.desired.items()}
    notes: list[Problem] = []
    values = _live_values(draft)
    origins = memory.origins
    kept_keys = kept(draft)
    for key in kept_keys:
        value = values.get(key)
        if stays(draft, key) and value is not None:
            entry, origins = _moved(draft.before.entries[key], draft.before.provenance.origins, origins)
            rendered[key] = (entry, value)
            continue
        rendered.pop(key, None)
        if key in draft.before.entries:
            notes.append(_kept_is_gone(draft.ref, key))
    given = metadata.given(draft.metadata, draft.live)
    notes += metadata.notes(draft.ref, given)
    foreign = _foreign_annotation_bytes(draft, given)
    # What the target says of its own keys, it need not remember beside them.
    secure = [part for part in _parts(rendered) if part.type is ParameterType.SECURE_STRING]
    own = {name for part in secure for name in part.relative_names}
    digests = memory.once_secure.digests
    if all(part.relative is not None for part in secure):
        digests = frozenset(sorted(digests)[:MOST_DIGESTS])  # they are of what went, and not of what is kept
    once = replace(memory.once_secure, names=memory.once_secure.names - own, digests=digests)
    remembered = replace(memory, origins=origins, once_secure=once)
    content = render(draft.ref, dict(sorted(rendered.items())), remembered, foreign, draft.type, given)
    if kept_keys:
        content = replace(content, kept=frozenset(kept_keys) & content.data.keys())
    notes += filter(None, [sizes.note(content, foreign)])
    problems = [*filter(None, [sizes.problem(content, foreign)])]
    if isinstance(content, SecretContent):
        problems += secret_types.problems(content, origins, memory.origins[-1].path)
    return Finished(content, tuple(notes), tuple(problems), metadata.actions(draft.ref, draft.live, given))


def _parts(rendered: Rendered) -> Iterator[Entry]:
    return (part for entry, _ in rendered.values() for part in entry.parameters)


def kept(draft: Draft) -> list[str]:
    """The keys that stay as the live target has them."""
    return [action.key for action in draft.actions if action.kind is ActionKind.KEEP]


def stays(draft: Draft, key: str) -> bool:
    """Whether a kept key is still there; it is taken to be, as long as the values have not been read."""
    if key not in draft.before.entries or draft.live is None:
        return False
    return draft.live.data is None or key in draft.live.data


def _live_values(draft: Draft) -> Mapping[str, KeyValue]:
    return (draft.live.data if draft.live is not None else None) or {}


def _moved(entry: Entry, old: tuple[Origin, ...], new: tuple[Origin, ...]) -> tuple[Entry, tuple[Origin, ...]]:
    """A kept entry among the origins of the new header, which grows by the entry's own where it lacks it."""
    if entry.parts is not None:
        parts: list[Entry] = []
        for part in entry.parts:
            moved, new = _moved(part, old, new)
            parts.append(moved)
        return replace(entry, parts=tuple(parts)), new
    if entry.source is None or entry.source >= len(old):
        return replace(entry, source=None, relative=None, shadowed=()), new
    origin = old[entry.source]
    if origin not in new:
        new = (*new, origin)
    below = (old[source] for source in entry.shadowed if source < len(old))
    shadowed = tuple(new.index(each) for each in below if each in new)
    return replace(entry, source=new.index(origin), shadowed=shadowed), new


def _kept_is_gone(ref: TargetRef, key: str) -> Problem:
    return Problem(
        Reason.REMOVAL_BLOCKED,
        f"{ref}/{key}",
        f"The key {key} of {ref} was to be kept, but someone removed it; its value is in the cluster no longer",
    )


def _foreign_annotation_bytes(draft: Draft, given: metadata.Given) -> int:
    if draft.live is None:
        return 0
    ours = OUR_ANNOTATIONS | given.annotations.keys()
    foreign = {
        key: text
        for key, text in draft.live.annotations.items()
        if key not in ours and metadata.annotation(key) not in draft.live.stated
    }
    return sizes.annotation_bytes(foreign)
