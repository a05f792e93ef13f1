"""The plan: what a reconcile would do and why. Pure: models in, models out.

The order of the parts is the order of this page: what stands in the way (problems), what each key would
become (actions), what the guard keeps back (holds), and what is written in the end (contents).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from paramsync.api.sync import ParameterSyncSpec, ParameterType, Source, TargetKind

from . import contents, guard, keys, ownership
from .actions import Action, ActionKind, Draft, Wish, draft
from .moved import moved
from .objects import Content, Live, Owner
from .overlay import Overlay, Selected, lay_over
from .parameters import Snapshot, Subtree
from .provenance import Entry, Origin
from .reasons import Problem, Reason
from .routing import TargetRef, route, routes
from .values import Sealed, SecureValue
from .want import Selection


@dataclass(frozen=True, slots=True)
class Counts:
    """How many parameters a plan is about."""

    parameters: int = 0
    """In the targets, kept ones included."""

    secure: int = 0
    """SecureStrings among them."""

    skipped: int = 0
    """That no target takes."""

    overlaid: int = 0
    """That a later source hides."""


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

    unsettled: bool = False
    """Whether keys are kept because what would become of them has not been confirmed yet."""

    waits: bool = False
    """Whether nothing can be said before it has been confirmed that a source is empty."""

    counts: Counts = Counts()

    @property
    def changes(self) -> bool:
        """Whether it would change what any key holds."""
        return any(action.kind is not ActionKind.KEEP for action in self.actions)


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
    overlay = lay_over(snapshots, [Selection.of(source, secure=True) for source in spec.sources])
    taken, skipped = route(overlay.winners, route_list)
    desired, problems = _desired(overlay, snapshots, taken)
    taken_from = zip(spec.sources, snapshots, overlay.taken, strict=True)
    if applied and any(
        not count and not each.absence_settled and not source.is_optional for source, each, count in taken_from
    ):
        return Plan(unsettled=True, waits=True)
    conflicts = (ownership.conflict(each, owner) for each in live.values() if each is not None)
    problems = (
        *(conflict for conflict in conflicts if conflict is not None),
        *_empty(spec, snapshots, overlay, has_applied=bool(applied)),
        *problems,
    )
    if problems:
        return Plan(problems=problems)

    settled = _settled(snapshots)
    drafts = [draft(each.ref, live[each.ref], desired[each.ref], settled) for each in route_list]
    origins = _origins(spec, snapshots, drafts)
    if problems := moved(drafts, origins):
        return Plan(problems=problems)
    unsettled = any(action.kind is ActionKind.KEEP for each in drafts for action in each.actions)
    held = guard.holds(drafts)
    drafts = [_with_held_kept(each, held) for each in drafts]
    actions = tuple(action for each in drafts for action in each.actions)
    needs_values = frozenset(each.ref for each in drafts if contents.lacks_values(each))
    if needs_values:
        return Plan(actions=actions, holds=held, needs_values=needs_values)

    finished = [contents.finish(each, origins, owner) for each in drafts]
    problems = tuple(each.too_large for each in finished if each.too_large is not None)
    if problems:
        return Plan(problems=problems, actions=actions, holds=held)
    made = [each.content for each in finished]
    dropped = tuple(sorted(applied - {each.ref for each in route_list}))
    if dropped and not any(content.data for content in made):
        return Plan(problems=(_nothing_would_remain(dropped),), actions=actions, holds=held)
    return Plan(
        actions=actions,
        holds=held,
        contents=contents.in_writing_order(made, actions),
        dropped=dropped,
        notes=tuple(note for each in finished for note in each.notes),
        unsettled=unsettled,
        counts=_counts(made, overlay, skipped),
    )


def _empty(
    spec: ParameterSyncSpec, snapshots: Sequence[Snapshot], overlay: Overlay, *, has_applied: bool
) -> tuple[Problem, ...]:
    """An empty or mistyped path is never a success, and never a reason to remove anything."""
    taken = zip(spec.sources, snapshots, overlay.taken, strict=True)
    empty = [(source, snapshot) for source, snapshot, count in taken if not count]
    required = tuple(
        _no_parameters(source, snapshot, has_applied=has_applied)
        for source, snapshot in empty
        if not source.is_optional
    )
    if required or overlay.winners or has_applied:
        return required
    return tuple(_no_parameters(source, snapshot, has_applied=False) for source, snapshot in empty)


def _no_parameters(source: Source, snapshot: Snapshot, *, has_applied: bool) -> Problem:
    kept = "; what the targets hold stays as it is" if has_applied else ""
    if snapshot.parameters:
        what = f"include and exclude leave none of the parameters below {source.path}{kept}. Check their patterns"
        return Problem(Reason.NO_PARAMETERS, source.path, f"The source's {what}")
    labelled = f" with a version that is labelled {source.version_label}" if source.version_label else ""
    return Problem(
        Reason.NO_PARAMETERS,
        source.path,
        f"There are no parameters below {source.path}{labelled}{kept}."
        " Check the path, the store's Region and account, and create the parameters",
    )


def _nothing_would_remain(dropped: Sequence[TargetRef]) -> Problem:
    names = ", ".join(map(str, dropped))
    return Problem(
        Reason.REMOVAL_BLOCKED,
        names,
        f"{names} would be deleted, for spec.targets names it no longer, and what takes its place would be empty;"
        " it is kept with its last values. Restore the parameters; or delete it to accept that they are gone",
    )


def _origins(spec: ParameterSyncSpec, snapshots: Sequence[Snapshot], drafts: Sequence[Draft]) -> tuple[Origin, ...]:
    """The sources for the header. An empty listing names no account: it is that of its identity, or as before."""
    accounts = {s.subtree.identity: s.account for s in snapshots if s.account is not None}
    before = {(o.path, o.region): o.account for each in drafts for o in each.before.provenance.origins}

    def origin(source: Source, subtree: Subtree) -> Origin:
        path, identity, store = subtree.path, subtree.identity, spec.store_of(source)
        account = accounts.get(identity) or identity.account or before.get((path, identity.region))
        return Origin(path, account, identity.region, subtree.label, f"{store.kind} {store.name}")

    return tuple(origin(source, each.subtree) for source, each in zip(spec.sources, snapshots, strict=True))


def _desired(
    overlay: Overlay, snapshots: Sequence[Snapshot], taken: Mapping[TargetRef, Sequence[Selected]]
) -> tuple[dict[TargetRef, dict[str, Wish]], tuple[Problem, ...]]:
    desired: dict[TargetRef, dict[str, Wish]] = {}
    problems = list(overlay.problems)
    for ref, selected in taken.items():
        assigned, refused = keys.assign(ref, selected)
        problems += refused
        desired[ref] = {}
        for key, each in assigned.items():
            value = each.parameter.value
            if isinstance(value, Sealed):
                problems.append(Problem(value.reason, each.name, value.message))
            else:
                desired[ref][key] = Wish(
                    Entry.of(each.source, each.relative, each.parameter.stamp),
                    snapshots[each.source].subtree.path,
                    each.name,
                    SecureValue.of(value) if ref.kind is TargetKind.SECRET and isinstance(value, str) else value,
                )
    # A name that several targets take and that cannot be a key is one problem.
    return desired, tuple(dict.fromkeys(problems))


def _counts(contents: Iterable[Content], overlay: Overlay, skipped: Sequence[Selected]) -> Counts:
    held = {
        (entry.source, entry.relative or key, entry.type)
        for content in contents
        for key, entry in content.entries.items()
    }
    return Counts(
        parameters=len(held),
        secure=sum(kind is ParameterType.SECURE_STRING for _, _, kind in held),
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
