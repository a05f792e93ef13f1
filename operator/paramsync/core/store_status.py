"""What the status of a store says, from what is known of it. Nothing is asked for it: it tells what reading showed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from paramsync.api.status import LONGEST_MESSAGE, Condition, ConditionType
from paramsync.api.store_status import MOST_NAMESPACES, BudgetStatus, StoreError, StoreStatus

from .clock import timestamp
from .conditions import Truth, condition
from .lateness import TELL, TELL_STILL
from .outcome import shortened
from .reasons import Nature, Problem, Reason
from .stores import Store

PATIENCE: Final = timedelta(minutes=1)
"""How long a failure that time may mend goes on before a store's status tells of it."""

OF_STORES: Final = frozenset(
    {
        Reason.ACCESS_DENIED,
        Reason.CLUSTER_REFUSED,
        Reason.CLUSTER_UNAVAILABLE,
        Reason.DECRYPTION_FAILED,
        Reason.SOURCE_UNAVAILABLE,
        Reason.STORE_INVALID,
        Reason.THROTTLED,
    }
)
"""The failures to read that a store's identity, or AWS, is the cause of (the cluster's: a token of a service account).
Others are a sync's or the operator's own."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a path cannot be read, and for how long that has been so."""

    reason: Reason
    message: str
    lasts: timedelta = timedelta(0)

    @property
    def is_passing(self) -> bool:
        """Whether it may be over before anybody has to know."""
        return self.reason.nature is Nature.WAITING and self.lasts < PATIENCE


@dataclass(frozen=True, slots=True)
class Answer:
    """How the last look at a path ended."""

    path: str
    account: str | None = None
    """The account that the parameters' ARNs name, if there were any."""

    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """What a store's status depends on, beside the clock and the status before."""

    generation: int
    meaning: Store | Problem | None
    """What the spec means; None while nobody needed to know, or it is being looked into."""

    namespaces: Sequence[str] = ()
    """The namespace of each sync that reads with it."""

    knows_all: bool = True
    """Whether all syncs that name it were looked at since the operator's start, so that none is missing above."""

    answers: Sequence[Answer] = ()
    """Of the paths that these syncs read, those that were looked at with what the spec means now."""

    arn: str | None = None
    """Of the reader, if AWS has told it."""

    account: str | None = None
    """Of the reader, if it is known."""

    throttled: timedelta | None = None
    """For how long AWS has throttled again and again; None if it does not."""

    stretch: float = 1.0
    """By which factor intervals are longer than asked for."""


@dataclass(frozen=True, slots=True)
class _Verdict:
    ready: Truth
    reason: Reason
    message: str

    @property
    def beside(self) -> ConditionType | None:
        """The condition that stands beside Ready."""
        if self.ready == "True":
            return None
        return ConditionType.RECONCILING if self.reason.nature is Nature.WAITING else ConditionType.STALLED


PENDING: Final = _Verdict("Unknown", Reason.PENDING, "AWS has not answered yet what is read with this store")
UNUSED: Final = _Verdict(
    "True",
    Reason.UNUSED,
    "The spec is accepted. No sync reads with this store, so AWS was not asked: whether it would answer is not known",
)


def status_of(previous: StoreStatus, facts: StoreFacts, now: datetime) -> StoreStatus:
    """The status that follows one. The same facts give the same status again, whatever the time."""
    before = (
        previous if previous.observed_generation == facts.generation else StoreStatus(conditions=previous.conditions)
    )
    answers = [each for each in facts.answers if each.failure is None or each.failure.reason in OF_STORES]
    failures = _told(facts, answers)
    verdict = _verdict(before, facts, answers, failures)
    if verdict is None:
        return previous
    meaning = facts.meaning
    is_read = bool(facts.namespaces) and verdict is not PENDING
    accounts = sorted({each.account for each in answers if each.account is not None})
    status = StoreStatus(
        observed_generation=facts.generation,
        conditions=_conditions(before, verdict, facts.generation, now),
        identity=facts.arn if is_read else None,
        account=(accounts[0] if accounts else facts.account) if is_read else None,
        region=meaning.identity.region if isinstance(meaning, Store) else None,
        budget=_budget(before, facts, now) if is_read else None,
        last_error=_last_error(before, failures[0] if failures else None, now),
    )
    return status.model_copy(update=_readers(before, facts))


def _told(facts: StoreFacts, answers: Sequence[Answer]) -> list[Failure]:
    """What stands in the way, the worst first, and always in the same order."""
    if isinstance(facts.meaning, Problem):
        return [Failure(facts.meaning.reason, facts.meaning.message)]
    found = [(each.path, each.failure) for each in answers if each.failure is not None and not each.failure.is_passing]
    found.sort(key=lambda each: (each[1].reason.nature is Nature.WAITING, each[0], each[1].message))
    return [failure for _, failure in found]


def _verdict(
    before: StoreStatus, facts: StoreFacts, answers: Sequence[Answer], failures: Sequence[Failure]
) -> _Verdict | None:
    """What Ready says; None: what it says already, for there is nothing new to go by."""
    ready = before.condition(ConditionType.READY)
    was_told = before.observed_generation == facts.generation and ready is not None
    said = ready.reason if was_told and ready is not None else None
    if isinstance(facts.meaning, Problem):
        return _refused(failures[0])
    if not facts.namespaces:
        return UNUSED if facts.knows_all else None
    good = sum(each.failure is None for each in answers)
    if facts.meaning is None or not (good or failures):
        return PENDING if said in (None, Reason.PENDING, Reason.UNUSED) else None
    passing = any(each.failure is not None and each.failure.is_passing for each in answers)
    if good or (passing and said == Reason.SERVING):
        return _serving(len(failures), len(answers))
    return _refused(failures[0])


def _refused(failure: Failure) -> _Verdict:
    return _Verdict("False", failure.reason, shortened(failure.message, LONGEST_MESSAGE))


def _serving(failed: int, paths: int) -> _Verdict:
    if not failed:
        return _Verdict("True", Reason.SERVING, "AWS answers to what is read with this store")
    text = (
        f"AWS answers, but {failed} of {paths} paths cannot be read: see status.lastError and the syncs that read them"
    )
    return _Verdict("True", Reason.SERVING, text)


def _conditions(before: StoreStatus, verdict: _Verdict, generation: int, now: datetime) -> tuple[Condition, ...]:
    wanted: list[tuple[ConditionType, Truth]] = [(ConditionType.READY, verdict.ready)]
    if verdict.beside is not None:
        wanted.append((verdict.beside, "True"))
    return tuple(
        condition(before.condition(kind), kind, status, verdict.reason, verdict.message, generation=generation, now=now)
        for kind, status in wanted
    )


def _readers(before: StoreStatus, facts: StoreFacts) -> dict[str, object]:
    """Who reads with it. While not all syncs were looked at, what was said before goes on to be said."""
    if not facts.knows_all and before.syncs is not None:
        return {name: getattr(before, name) for name in ("syncs", "namespace_count", "namespaces")}
    names = sorted(set(facts.namespaces))
    return {
        "syncs": len(facts.namespaces),
        "namespace_count": len(names),
        "namespaces": tuple(names[:MOST_NAMESPACES]),
    }


def _budget(before: StoreStatus, facts: StoreFacts, now: datetime) -> BudgetStatus | None:
    known = before.budget or BudgetStatus()
    throttled = stretched = None
    if facts.throttled is not None:
        throttled = known.throttled_since or timestamp(now - facts.throttled)
    if facts.stretch >= (TELL_STILL if known.stretched_since else TELL):
        stretched = known.stretched_since or timestamp(now)
    if throttled is None and stretched is None:
        return None
    return BudgetStatus(throttled_since=throttled, stretched_since=stretched)


def _last_error(before: StoreStatus, failure: Failure | None, now: datetime) -> StoreError | None:
    known = before.last_error
    if failure is None:
        is_over = known is None or known.until is not None
        return known if is_over or known is None else known.model_copy(update={"until": timestamp(now)})
    stands = known is not None and known.until is None and known.reason == failure.reason
    return StoreError(
        reason=failure.reason,
        message=shortened(failure.message, LONGEST_MESSAGE),
        since=known.since if known is not None and stands else timestamp(now - failure.lasts),
    )
