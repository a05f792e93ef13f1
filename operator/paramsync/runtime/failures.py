"""What failures of the edges mean for a sync."""

from collections.abc import Sequence
from datetime import datetime

from paramsync.core import schedule
from paramsync.core.outcome import Outcome
from paramsync.core.reasons import Nature, Problem, Reason
from paramsync.kube.errors import ApiError, NamespaceEnds, Stale, Unavailable

from .feeds.needs import Need, Reading
from .keys import SyncKey


def source_outcome(needs: Sequence[Need], readings: Sequence[Reading]) -> Outcome | None:
    """The outcome that the first failed source asks for; one that needs a person comes first."""
    problems = [
        Problem(reading.error.reason, need.subtree.path, str(reading.error))
        for need, reading in zip(needs, readings, strict=True)
        if reading.error is not None
    ]
    problems.sort(key=lambda problem: problem.reason.nature is Nature.WAITING)
    return Outcome.of(tuple(problems)) if problems else None


def oldest(moments: Sequence[datetime | None]) -> datetime | None:
    """The oldest of them; None if any is not known."""
    known = [moment for moment in moments if moment is not None]
    return min(known) if len(known) == len(moments) else None


def cluster_outcome(key: SyncKey, error: ApiError) -> Outcome:
    """The outcome that a failed request to the API server asks for."""
    match error:
        case Unavailable():
            return Outcome(Reason.CLUSTER_UNAVAILABLE, str(error), retry_in=error.retry_after)
        case NamespaceEnds():
            # The sync is about to go with it. If it lingers, a look now and then is enough.
            return Outcome(Reason.PENDING, str(error), retry_in=schedule.SHORTEST_DEADLINE)
        case Stale():
            text = f"{error}, again and again: another controller or a webhook changes what is written; stop it"
            return Outcome.of((Problem(Reason.CONTENDED, str(key), text),))
        case _:
            return Outcome.of(
                (Problem(Reason.CLUSTER_REFUSED, str(key), f"{error}; allow it, or mend what refuses it"),)
            )
