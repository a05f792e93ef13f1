"""Several sources of one sync: a deploy that touches two of them arrives whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

LONGEST_WAIT: Final = timedelta(seconds=60)
"""How long a change waits for the other sources."""


@dataclass(frozen=True, slots=True)
class Times:
    """When one source was read, and when it last changed."""

    listed_at: datetime
    """When its latest complete listing began."""

    changed_at: datetime | None
    """When the listing began that published its newest change; None if there was none since the start."""

    pending: bool
    """Whether a listing has shown a change that is not published yet."""


def newest_change(sources: Sequence[Times]) -> datetime | None:
    """The moment after which every source must have been listed; None if all have been, and nothing is pending."""
    changes = [each.changed_at for each in sources if each.changed_at is not None]
    if len(sources) < 2 or not changes:
        return None
    newest = max(changes)
    return newest if any(each.listed_at < newest or each.pending for each in sources) else None
