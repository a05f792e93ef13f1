"""From a spec, snapshots and live targets to the plan: what a reconcile would do and why. Pure: models in, models out.

The order of the parts is the order of this page: what stands in the way (problems), what each key would
become (actions), what the guard keeps back (holds), and what is written in the end (contents).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from paramsync.api.contract import Contract
from paramsync.api.sync import ParameterSyncSpec, ParameterType

from . import actions, adoption, contents, ownership, unchangeable
from .actions import Action, ActionKind, Draft, Wish, draft, with_moves
from .contract import awaits_names, unchecked, violations
from .deletion import is_recorded
from .desired import Desired, desired
from .effort import TooMuch
from .emptiness import awaits_absence, empty_sources
from .guard.case import Case
from .guard.chain import holds
from .guard.downgrade import is_in_doubt
from .guard.hold import digest, offending
from .guard.losses import Reading, losses, names_of
from .objects import Content, Live, Owner
from .once_secure import Known, once_secure, without_needless_doubt
from .order import in_writing_order
from .origins import origins_of
from .parameters import Snapshot
from .plan import Counts, Plan
from .reasons import Problem, Reason
from .record import Record
from .rendering import Memory
from .routing import Route, TargetRef
from .shaping.composing import awaits_references
from .suspicion import looks_secret


def plan(
    owner: Owner,
    spec: ParameterSyncSpec,
    snapshots: Sequence[Snapshot],
    live: Mapping[TargetRef, Live | None],
    record: Record,
) -> Plan:
    """Decide what would be done.

    :param snapshots: one for each source, in the sources' order.
    :param live: every target of the spec, and every one that was recorded, as the API server has it; None where there
        is none.
    :param record: what is remembered of what was applied before.
    """
    try:
        asked = desired(spec, owner.name, snapshots)
    except TooMuch as error:
        return Plan(problems=(error.problem,))
    overlay, wishes = asked.overlay, asked.wishes
    # What cannot be taken apart lacks names, which nobody knows to be missing.
    contract = spec.contract if spec.contract is not None and not overlay.problems else Contract()
    awaits = (
        awaits_absence(spec, snapshots, overlay)
        or awaits_references(asked.routes, snapshots, overlay.winners)
        or awaits_names(contract, snapshots, overlay.winners)
    )
    if record.targets and awaits:
        return Plan(unsettled=True, waits=True)
    conflicts = _conflicts(wishes, live, owner)
    problems = (
        *(() if spec.only_plans else conflicts.values()),
        *empty_sources(spec, snapshots, overlay, has_applied=bool(record.targets)),
        *asked.problems,
        *violations(contract, overlay.winners),
    )
    if problems:
        return Plan(problems=problems)

    is_settled = _settled(snapshots)
    drafts = [
        _draft(each, live[each.ref], wishes[each.ref], owner, is_settled, as_given=each.ref in conflicts)
        for each in asked.routes
    ]
    dropped = tuple(sorted(record.targets - wishes.keys()))
    drafts = with_moves([*drafts, *_dropped(dropped, live, owner, record, is_settled)])
    if unknown := frozenset(each.ref for each in drafts if contents.may_have_more_keys(each)):
        return Plan(needs_values=unknown)
    if problems := tuple(problem for each in drafts if (problem := adoption.would_empty(each)) is not None):
        return Plan(problems=problems)
    if not all(adoption.has_settled(each, is_settled) for each in drafts):
        return Plan(unsettled=True, waits=True)

    origins = origins_of(spec, snapshots, drafts)
    drafts = without_needless_doubt(drafts, owner.name, origins, record.revisions)
    skipped_names = frozenset(each.relative for each in asked.skipped)
    lost = losses(drafts, Reading(overlay.winners, skipped_names, overlay.expanded, snapshots, origins))
    held_before = record.approval.was_held
    known = Known.of(drafts)
    case = Case(drafts, frozenset(dropped), known, lost, origins, spec.max_removals, record.window, held_before)
    reviewed = _reviewed(case, owner, record)
    pending = tuple(problem for each in drafts for problem in _pending(each))
    notes = (*unchecked(contract, overlay.winners), *looks_secret(overlay.winners, contract.plain or ()))
    reviewed = replace(reviewed, notes=(*conflicts.values(), *notes), pending=pending)
    if reviewed.is_stopped:
        return reviewed
    drafts = [_with_held_kept(each, reviewed.held) for each in drafts]
    is_doubt_over = reviewed.approved is not None and is_in_doubt(case)
    memory = Memory(owner.name, origins, once_secure(known, drafts, reviewed.held, is_doubt_over=is_doubt_over))
    completed = _completed(reviewed, drafts, dropped, memory, asked)
    stuck = unchangeable.problems(drafts, completed.contents, owner)
    if stuck and not spec.only_plans:
        return replace(completed, problems=stuck, contents=())
    return replace(completed, notes=(*stuck, *completed.notes))


def _dropped(
    refs: Iterable[TargetRef],
    live: Mapping[TargetRef, Live | None],
    owner: Owner,
    record: Record,
    is_settled: Callable[[str | None], bool],
) -> Iterator[Draft]:
    """The targets that the spec no longer names, as far as they are there and are those that were written."""
    for ref in refs:
        found = live[ref]
        if found is not None and not found.deleting and is_recorded(found, owner, record.uids.get(ref)):
            yield actions.dropped(ref, found, is_settled)


def _conflicts(
    refs: Iterable[TargetRef], live: Mapping[TargetRef, Live | None], owner: Owner
) -> dict[TargetRef, Problem]:
    """Why targets must not be written now. It stops everything, but for a plan that is not to be carried out: that
    tells what taking them over would change, and these beside it."""
    found = ((ref, ownership.conflict(each, owner)) for ref in refs if (each := live[ref]) is not None)
    return {ref: conflict for ref, conflict in found if conflict is not None}


def _draft(
    target: Route,
    live: Live | None,
    desired: Mapping[str, Wish],
    owner: Owner,
    is_settled: Callable[[str | None], bool],
    *,
    as_given: bool,
) -> Draft:
    if live is not None and (as_given or ownership.is_adoption(live, owner)):
        made = adoption.adoption(target.ref, live, desired)
    else:
        made = draft(target.ref, live, desired, is_settled)
    return replace(made, type=target.secret_type, metadata=target.metadata)


def _pending(each: Draft) -> Iterator[Problem]:
    """The keys that are kept until something has settled, and of which nobody knows that they hold what they should:
    those that are to be there and are not, and those that others hold too, perhaps with a value of theirs."""
    foreign = each.live.foreign_keys if each.live is not None else frozenset[str]()
    for key in contents.kept(each):
        if key in foreign or (key in each.desired and not contents.stays(each, key)):
            yield Problem(
                Reason.PENDING,
                f"{each.ref}/{key}",
                f"The key {key} of {each.ref} waits until its parameter has settled: somebody else has written or"
                " removed it, or it is to be added",
            )


def _reviewed(case: Case, owner: Owner, record: Record) -> Plan:
    """The plan as far as the guard: all actions, and those that are held."""
    found = holds(case)
    approved = record.approval.asked if record.approval.covers(owner.uid, found) else None
    held = () if approved else found
    kept_back = offending(held)
    return Plan(
        actions=tuple(action for each in case.drafts for action in each.all_actions),
        holds=held,
        digest=digest(owner.uid, record.approval.last, held),
        approved=approved,
        removed={
            name: frozenset(action.target for action in lost)
            for name, lost in case.losses.items()
            if not lost & kept_back
        },
        unsettled=any(action.kind is ActionKind.KEEP for each in case.drafts for action in each.actions),
    )


def _completed(
    reviewed: Plan,
    drafts: Sequence[Draft],
    dropped: Sequence[TargetRef],
    memory: Memory,
    asked: Desired,
) -> Plan:
    """The plan with what every target should hold."""
    planned = replace(reviewed, actions=tuple(action for each in drafts for action in each.all_actions))
    written = [each for each in drafts if each.ref not in dropped]
    if needs_values := frozenset(each.ref for each in written if contents.lacks_values(each)):
        return replace(planned, needs_values=needs_values)
    finished = [contents.finish(each, memory) for each in written]
    found = [problem for each in finished for problem in each.problems]
    # While something has not settled, a key that is missing may be one whose parameter is only to be confirmed.
    if problems := tuple(each for each in found if not (planned.unsettled and each.reason is Reason.KEY_MISSING)):
        return replace(planned, problems=problems)
    if found:
        return Plan(unsettled=True, waits=True)
    made = [each.content for each in finished]
    kept = tuple(each.ref for each in drafts if each.ref in dropped and contents.kept(each))
    return replace(
        planned,
        contents=in_writing_order(made, planned.actions),
        adopted=frozenset(each.ref for each in written if each.is_adoption),
        dropped=tuple(ref for ref in dropped if ref not in kept),
        kept=kept,
        # Of many notes status shows the first.
        notes=(*(note for each in finished for note in each.notes), *planned.notes),
        metadata=tuple(action for each in finished for action in each.metadata),
        counts=_counts(made, asked),
    )


def _counts(contents: Iterable[Content], asked: Desired) -> Counts:
    held = {
        (part.source, name, part.type)
        for content in contents
        for key, entry in content.entries.items()
        for name, part in zip(names_of(key, entry), entry.parameters, strict=True)
    }
    return Counts(
        parameters=len(held),
        secure=sum(kind is ParameterType.SECURE_STRING for _, _, kind in held),
        skipped=len(asked.skipped),
        overlaid=asked.overlay.overlaid,
    )


def _settled(snapshots: Sequence[Snapshot]) -> Callable[[str | None], bool]:
    def is_settled(name: str | None) -> bool:
        if name is None:
            return all(snapshot.absence_settled for snapshot in snapshots)
        return all(snapshot.is_settled(name) for snapshot in snapshots if snapshot.subtree.covers(name))

    return is_settled


def _with_held_kept(each: Draft, held: frozenset[Action]) -> Draft:
    kept = tuple(
        replace(action, kind=ActionKind.KEEP, reason="held until it is approved") if action in held else action
        for action in each.actions
    )
    return replace(each, actions=kept)
