"""The plan: what a reconcile would do and why. Pure: models in, models out.

The order of the parts is the order of this page: what stands in the way (problems), what each key would
become (actions), what the guard keeps back (holds), and what is written in the end (contents).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from paramsync.api.sync import ParameterSyncSpec, ParameterType

from . import guard, keys, ownership, sizes
from .actions import Action, ActionKind, Draft, draft
from .objects import PLAIN_KEYS_ANNOTATION, PROVENANCE_ANNOTATION, SYNC_ANNOTATION, Content, Live, Owner
from .overlay import Overlay, Selected, lay_over
from .parameters import Snapshot
from .provenance import Entry, Origin
from .reasons import Problem, Reason
from .rendering import Rendered, render
from .routing import Route, TargetRef, route, routes
from .values import Sealed, SecureValue

OUR_ANNOTATIONS: Final = frozenset({SYNC_ANNOTATION, PROVENANCE_ANNOTATION, PLAIN_KEYS_ANNOTATION})


@dataclass(frozen=True, slots=True)
class Counts:
    """How many parameters a plan is about."""

    parameters: int = 0
    secure: int = 0
    skipped: int = 0
    overlaid: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a reconcile would do."""

    problems: tuple[Problem, ...] = ()
    """What stands in the way: if there is any, nothing is written anywhere."""

    actions: tuple[Action, ...] = ()
    holds: tuple[guard.Hold, ...] = ()
    contents: tuple[Content, ...] = ()
    """What every target should hold, in the order of writing: gains before losses, Secrets before ConfigMaps."""

    dropped: tuple[TargetRef, ...] = ()
    """Targets that were written once and that the spec no longer names."""

    notes: tuple[Problem, ...] = ()
    """What is worth saying and stops nothing."""

    needs_values: frozenset[TargetRef] = frozenset()
    """Targets whose values must be read before the plan can be completed, for some of their keys are kept."""

    counts: Counts = Counts()


def plan(
    owner: Owner,
    spec: ParameterSyncSpec,
    snapshots: Sequence[Snapshot],
    live: Mapping[TargetRef, Live | None],
    applied: frozenset[TargetRef],
) -> Plan:
    """Decide what would be done.

    :param snapshots: one for each source, in the sources' order.
    :param live: every target of the spec as the API server has it; None where there is none.
    :param applied: the targets that status recorded.
    """
    route_list = routes(spec, owner.name)
    overlay = lay_over(snapshots)
    taken, skipped = route(overlay.winners, route_list)
    desired, problems = _desired(overlay, taken)
    conflicts = (ownership.conflict(each, owner) for each in live.values() if each is not None)
    problems = (
        *(conflict for conflict in conflicts if conflict is not None),
        *_empty(spec, snapshots, overlay, has_applied=bool(applied)),
        *problems,
    )
    counts = _counts(overlay, route_list, skipped)
    if problems:
        return Plan(problems=problems, counts=counts)

    settled = _settled(snapshots)
    drafts = [draft(each.ref, live[each.ref], desired[each.ref], settled) for each in route_list]
    held = guard.holds(drafts)
    drafts = [_with_held_kept(each, held) for each in drafts]
    actions = tuple(action for each in drafts for action in each.actions)
    needs_values = frozenset(each.ref for each in drafts if _keeps(each) and _live_data(each) is None)
    if needs_values:
        return Plan(actions=actions, holds=held, needs_values=needs_values, counts=counts)

    origins = tuple(Origin(s.subtree.path, s.account, s.subtree.identity.region) for s in snapshots)
    finished = [_finish(each, origins, owner) for each in drafts]
    too_large = [
        sizes.problem(content, _foreign_annotation_bytes(each))
        for each, (content, _) in zip(drafts, finished, strict=True)
    ]
    problems = tuple(problem for problem in too_large if problem is not None)
    return Plan(
        problems=problems,
        actions=actions,
        holds=held,
        contents=() if problems else _in_writing_order([content for content, _ in finished], actions),
        dropped=tuple(sorted(applied - {each.ref for each in route_list})),
        notes=tuple(note for _, notes in finished for note in notes),
        counts=counts,
    )


def _empty(
    spec: ParameterSyncSpec, snapshots: Sequence[Snapshot], overlay: Overlay, *, has_applied: bool
) -> tuple[Problem, ...]:
    """An empty or mistyped path is never a success, and never a reason to remove anything."""
    empty = tuple(
        _no_parameters(source.path, has_applied=has_applied)
        for source, snapshot in zip(spec.sources, snapshots, strict=True)
        if not source.is_optional and not snapshot.parameters
    )
    if empty or overlay.winners or has_applied:
        return empty
    return tuple(_no_parameters(source.path, has_applied=False) for source in spec.sources)


def _no_parameters(path: str, *, has_applied: bool) -> Problem:
    kept = "; what the targets hold stays as it is" if has_applied else ""
    return Problem(
        Reason.NO_PARAMETERS,
        path,
        f"There are no parameters below {path}{kept}."
        " Check the path, the store's Region and account, and create the parameters",
    )


def _desired(
    overlay: Overlay, taken: Mapping[TargetRef, Sequence[Selected]]
) -> tuple[dict[TargetRef, dict[str, tuple[Entry, str, str | SecureValue]]], tuple[Problem, ...]]:
    desired: dict[TargetRef, dict[str, tuple[Entry, str, str | SecureValue]]] = {}
    problems = list(overlay.problems)
    for ref, selected in taken.items():
        assigned, refused = keys.assign(ref, selected)
        problems += refused
        desired[ref] = {}
        for key, each in assigned.items():
            value = each.parameter.value
            if isinstance(value, Sealed):
                problems.append(Problem(Reason.INVALID_VALUE, each.name, f"Parameter {each.name} {value.why}"))
            else:
                entry = Entry.of(each.source, each.relative, each.parameter.stamp)
                desired[ref][key] = (entry, each.name, value)
    # A name that several targets take and that cannot be a key is one problem.
    return desired, tuple(dict.fromkeys(problems))


def _counts(overlay: Overlay, route_list: Sequence[Route], skipped: Sequence[Selected]) -> Counts:
    types = [each.parameter.stamp.type for each in overlay.winners.values()]
    wanted = frozenset[ParameterType]().union(*(each.types for each in route_list))
    return Counts(
        parameters=len(types) - len(skipped),
        secure=sum(kind is ParameterType.SECURE_STRING and kind in wanted for kind in types),
        skipped=len(skipped),
        overlaid=overlay.overlaid,
    )


def _settled(snapshots: Sequence[Snapshot]) -> Callable[[str | None], bool]:
    def is_settled(name: str | None) -> bool:
        if name is None:
            return all(snapshot.absence_settled for snapshot in snapshots)
        return all(snapshot.is_settled(name) for snapshot in snapshots if snapshot.subtree.covers(name))

    return is_settled


def _with_held_kept(each: Draft, held: Sequence[guard.Hold]) -> Draft:
    kept_back = {action for hold in held for action in hold.actions}
    actions = tuple(
        replace(action, kind=ActionKind.KEEP, reason="its removal is held") if action in kept_back else action
        for action in each.actions
    )
    return replace(each, actions=actions)


def _keeps(each: Draft) -> list[str]:
    return [action.key for action in each.actions if action.kind is ActionKind.KEEP]


def _live_data(each: Draft) -> Mapping[str, str | SecureValue | bytes] | None:
    return each.live.data if each.live is not None else None


def _finish(each: Draft, origins: tuple[Origin, ...], owner: Owner) -> tuple[Content, list[Problem]]:
    """The content of a target: what it should hold, with the kept keys as the live target has them."""
    rendered: dict[str, tuple[Entry, str | SecureValue]] = {
        key: (entry, value) for key, (entry, _, value) in each.desired.items()
    }
    notes: list[Problem] = []
    live_data = _live_data(each) or {}
    for key in _keeps(each):
        value = live_data.get(key)
        if key in each.before.entries and isinstance(value, (str, SecureValue)):
            entry, origins = _moved(each.before.entries[key], each.before.origins, origins)
            rendered[key] = (entry, value)
        else:
            rendered.pop(key, None)
            if key in each.before.entries:
                notes.append(_kept_is_gone(each.ref, key))
    ordered: Rendered = dict(sorted(rendered.items()))
    return render(each.ref, ordered, origins, owner.name, _foreign_annotation_bytes(each)), notes


def _moved(entry: Entry, old: tuple[Origin, ...], new: tuple[Origin, ...]) -> tuple[Entry, tuple[Origin, ...]]:
    """A kept entry among the origins of the new header, which grows by the entry's own where it lacks it."""
    if entry.source is None or entry.source >= len(old):
        return replace(entry, source=None, relative=None), new
    origin = old[entry.source]
    if origin not in new:
        new = (*new, origin)
    return replace(entry, source=new.index(origin)), new


def _kept_is_gone(ref: TargetRef, key: str) -> Problem:
    return Problem(
        Reason.REMOVAL_BLOCKED,
        f"{ref}/{key}",
        f"The key {key} of {ref} was to be kept, but someone removed it; its value is in the cluster no longer",
    )


def _foreign_annotation_bytes(each: Draft) -> int:
    if each.live is None:
        return 0
    return sizes.annotation_bytes(
        {key: text for key, text in each.live.annotations.items() if key not in OUR_ANNOTATIONS}
    )


def _in_writing_order(contents: Sequence[Content], actions: Sequence[Action]) -> tuple[Content, ...]:
    losing = {action.target for action in actions if action.kind is ActionKind.REMOVE}
    by_kind = sorted(contents, key=lambda content: (content.ref in losing, content.ref.kind != "Secret"))
    return tuple(by_kind)
