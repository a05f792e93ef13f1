"""The guard's memory of the last hour. It is kept in status, so that a restart forgets nothing."""

from datetime import datetime, timedelta
from typing import Final

from paramsync.api.status import GuardWindow
from paramsync.core.clock import timestamp, when

WINDOW: Final = timedelta(hours=1)


def remembered(previous: GuardWindow | None, now: datetime, *, is_held: bool) -> GuardWindow | None:
    """What still counts of the window. While something is held it does not run out: a hold ends by being mended or
    approved, and never because an hour has passed."""
    if previous is None or (not is_held and now - when(previous.since) >= WINDOW):
        return None
    return previous


def window(
    previous: GuardWindow | None, now: datetime, parameters: int, removed: int, *, is_held: bool = False
) -> GuardWindow:
    """The memory after an apply: the peak of the last hour and what was removed within it.

    :param previous: None after an approval, which begins a new window.
    :param parameters: the number of parameters that the targets hold now.
    :param removed: the number of parameters that this apply removed.
    :param is_held: whether anything was held before this apply.
    """
    if previous is not None and removed == 0 and parameters <= previous.peak:
        # No news: a window that only ran out would be a status write on an unchanged pass.
        return previous
    alive = remembered(previous, now, is_held=is_held)
    if alive is None:
        return GuardWindow(since=timestamp(now), peak=parameters + removed, removed=removed)
    return GuardWindow(since=alive.since, peak=max(alive.peak, parameters + removed), removed=alive.removed + removed)
