"""Whether a store has come to mean another account or Region than a target was written from."""

from collections.abc import Iterable, Sequence

from .actions import Draft
from .provenance import Origin
from .reasons import Problem, Reason


def moved(drafts: Iterable[Draft], origins: Sequence[Origin]) -> tuple[Problem, ...]:
    """Why nothing is written: the same sync, store and path give another place now.

    A role or Region that someone changed in the store looks from here like a deletion of everything, or like new
    values for everything. A sync that names another store is no move: that is what its owner says it wants.
    """
    found = (
        _problem(draft, before, now)
        for draft in drafts
        if draft.before.entries
        for before in draft.before.provenance.origins
        for now in origins
        if _is_moved(before, now)
    )
    return tuple(dict.fromkeys(found))


def _is_moved(before: Origin, now: Origin) -> bool:
    if (before.path, before.label) != (now.path, now.label) or before.store not in (None, now.store):
        return False
    other_account = None not in (before.account, now.account) and before.account != now.account
    return before.region != now.region or other_account


def _problem(draft: Draft, before: Origin, now: Origin) -> Problem:
    return Problem(
        Reason.SOURCE_MOVED,
        now.path,
        f"{now.store} now reads {now.path} from {_place(now)}, but {draft.ref} was written from {_place(before)};"
        " nothing is written. Set the store back; or name another store in the sync; or, if the move is meant,"
        f" delete {draft.ref}, and it is made anew",
    )


def _place(origin: Origin) -> str:
    return f"account {origin.account or 'unknown'} in {origin.region}"
