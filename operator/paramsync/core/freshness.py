"""Why what stands in the cluster is not newer: all that keeps a change in Parameter Store from being written."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from paramsync.api.status import ConditionType, PlannedAction, Problem, SyncStatus
from paramsync.api.sync import DEFAULT_INTERVAL, ParameterSyncSpec

from .clock import when
from .reasons import Nature, Reason
from .remedies import REMEDIES, anchor
from .repairs import named
from .report import handled
from .settling import ABSENCE, AGREEMENT
from .tracing import KeyTrace

_QUIET = frozenset({Reason.SYNCED, Reason.PLANNED, Reason.SUSPENDED})
"""Of which something else is said, or nothing."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of a sync, beside its status."""

    spec: ParameterSyncSpec | None
    invalid: str
    """Why the spec is not valid, if it is not."""

    generation: int
    refresh: str | None
    """The value of the annotation ``paramsync.dev/refresh``."""

    is_deleting: bool


def hindrances(asked: Asked, status: SyncStatus) -> tuple[str, ...]:
    """What keeps a sync from writing what Parameter Store has; the most important comes first."""
    return tuple(_hindrances(asked, status))


def _hindrances(asked: Asked, status: SyncStatus) -> Iterator[str]:
    spec = asked.spec
    if asked.is_deleting:
        yield "it is being deleted: nothing is written any more"
    if spec is None:
        yield f"its spec is not valid: {asked.invalid}"
    elif spec.is_suspended:
        yield "it is suspended (spec.suspend): nothing is read or written before it is resumed"
    elif spec.only_plans:
        yield "its mode is Plan: nothing is written"
    if status.observed_generation < 0:
        yield "the operator has not looked at it yet; if that stays so, see whether it runs (paramsync doctor)"
        return
    if status.observed_generation < asked.generation:
        yield (
            "the operator has not acted on the latest change of its spec: status speaks of generation"
            f" {status.observed_generation}, the spec is at {asked.generation}"
        )
    if asked.refresh is not None and handled(asked.refresh) != status.last_handled_refresh:
        yield "a refresh was asked for and has not been done yet"
    found = status.condition(ConditionType.READY)
    if found is not None and found.reason not in _QUIET:
        since = "" if found.status == "True" else f" since {found.last_transition_time}"
        yield f"{found.reason}{since}: {found.message}"
        if found.reason in set(Reason):  # an operator of a newer version may say more
            reason = Reason(found.reason)
            yield f"what to do about {reason}: {REMEDIES[reason]} See {anchor(reason)}"
    for problem in status.problems:
        if problem.reason == Reason.INTERVAL_STRETCHED:
            yield problem.message


def last_good(status: SyncStatus) -> datetime | None:
    """When the targets of a sync that is not Ready last held what was listed, as far as its status tells it.

    That is when it ceased to be Ready: of what AWS does not answer, that is up to two intervals later. None of a sync
    that is Ready, for its next reconcile knows it better, and of one that never had targets.
    """
    ready = status.condition(ConditionType.READY)
    if ready is None or ready.status != "False" or status.last_applied_time is None:
        return None
    return when(ready.last_transition_time)


def rhythm(spec: ParameterSyncSpec) -> tuple[str, ...]:
    """When a change would be seen, if nothing hinders it."""
    interval = spec.interval or DEFAULT_INTERVAL
    pauses = f"a change is written when it has stood for {AGREEMENT:.0f} s, a removal after {ABSENCE:.0f} s"
    labels = (
        f"below {source.path} the versions with the label {source.version_label} are read: a newer one counts when it"
        " carries the label"
        for source in spec.sources
        if source.version_label is not None
    )
    return f"Parameter Store is read every {interval}; {pauses}", *labels


def of_key(key: KeyTrace, status: SyncStatus, *, only_plans: bool = False) -> tuple[str, ...]:
    """What keeps one key from being newer.

    :param only_plans: whether the sync is one that only plans.
    """
    return tuple(_of_key(key, status, only_plans=only_plans))


def _of_key(key: KeyTrace, status: SyncStatus, *, only_plans: bool) -> Iterator[str]:
    action = key.planned
    if action is not None:
        yield f"{action.action} {_state(action, is_waiting=status.is_held and not only_plans)}: {action.reason}"
    if key.editors:
        yield (
            f"{named(key.editors)} wrote this key, too: it may hold something else than its parameter's value until"
            " the operator has put it back"
        )
    yield from (_told(each) for each in _problems(key, status) if not _is_remark(each))


def remarks(key: KeyTrace, status: SyncStatus) -> tuple[str, ...]:
    """What status says of a key's parameters that keeps nothing from being newer."""
    return tuple(_told(each) for each in _problems(key, status) if _is_remark(each))


def _problems(key: KeyTrace, status: SyncStatus) -> Iterator[Problem]:
    names = {part.parameter for part in key.parts}
    return (each for each in status.problems if each.subject in names)


def _is_remark(problem: Problem) -> bool:
    """Whether nothing is to be done for the sync to go on. An operator of a newer version may say what is not known."""
    return problem.reason in set(Reason) and Reason(problem.reason).nature is Nature.GOOD


def _told(problem: Problem) -> str:
    return f"{problem.reason}: {problem.message}"


def _state(action: PlannedAction, *, is_waiting: bool) -> str:
    if action.held:
        return "is held until it is approved"
    return "waits with what is held, for nothing is written before that is approved" if is_waiting else "is planned"
