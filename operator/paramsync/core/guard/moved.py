"""A store that has come to mean another account or Region than the targets were written from."""

from paramsync.core.provenance import Origin
from paramsync.core.reasons import Reason

from .case import Case
from .hold import Hold
from .losses import same_source


def source_moved(case: Case) -> tuple[Hold, ...]:
    """Stop everything where the same sync, store and path give another place now.

    A role or Region that someone changed in the store looks from here like a deletion of everything, or like new
    values for everything. A sync that names another store is no move: that is what its owner says it wants.
    """
    found = {
        (before, now)
        for draft in case.drafts
        if draft.before.entries
        for before in draft.before.provenance.origins
        for now in case.origins
        if same_source(before, now) and _is_elsewhere(before, now)
    }
    return tuple(_hold(before, now) for before, now in sorted(found, key=str))


def _is_elsewhere(before: Origin, now: Origin) -> bool:
    other_account = None not in (before.account, now.account) and before.account != now.account
    return before.region != now.region or other_account


def _hold(before: Origin, now: Origin) -> Hold:
    return Hold(
        Reason.SOURCE_MOVED,
        now.path,
        f"{now.store} now reads {now.path} from {_place(now)}, but the targets were written from {_place(before)};"
        " nothing is written. Set the store back, or name another store in the sync",
        (),
        stops_everything=True,
        facts=(now.path, _place(before), _place(now)),
    )


def _place(origin: Origin) -> str:
    return f"account {origin.account or 'unknown'} in {origin.region}"
