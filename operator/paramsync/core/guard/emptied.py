"""Targets that would be left without any key that they had."""

from paramsync.core.actions import LOSSES, Action, ActionKind, Draft
from paramsync.core.reasons import Reason

from .case import Case, going
from .hold import Hold


def never_emptied(case: Case) -> tuple[Hold, ...]:
    """Keep what a target has until an approval, if all of it would go; whatever the cause, and whatever comes."""
    found = [_emptied(draft) for draft in case.drafts if draft.ref not in case.dropped]
    return (*filter(None, found), *_nothing_in_their_place(case))


def _emptied(draft: Draft) -> Hold | None:
    entries = draft.before.entries
    # A file of no parameters stays as a key, and nothing of what was in it does.
    emptied = tuple(
        action
        for action in draft.actions
        if action.kind is ActionKind.CHANGE and entries[action.key].parameters and not draft.desired[action.key].names
    )
    losses = tuple(action for action in draft.actions if action.kind in LOSSES or action in emptied)
    had = {key for key, entry in entries.items() if entry.parameters} or entries.keys()
    if not losses or had - {action.key for action in losses}:
        return None
    parts = [
        (action, full, part)
        for action in emptied
        for full, part in zip(draft.before.names_of(action.key), entries[action.key].parameters, strict=True)
    ]
    return Hold(
        Reason.REMOVAL_BLOCKED,
        str(draft.ref),
        f"{draft.ref} would lose every {'parameter' if emptied else 'key'} it had: {_keys(losses)} kept with the last"
        " values. Restore the parameters",
        losses,
        parts=tuple(going(action, full, part) for action, full, part in parts if full is not None),
        facts=tuple(f"{action.key}: {number}" for number, (action, full, _) in enumerate(parts) if full is None),
    )


def _nothing_in_their_place(case: Case) -> tuple[Hold, ...]:
    """A target that the spec names no longer is not deleted for targets that are all empty."""
    gains = (draft for draft in case.drafts if draft.ref not in case.dropped)
    if any(draft.has_parameters or any(a.kind is ActionKind.KEEP for a in draft.actions) for draft in gains):
        return ()
    return tuple(
        Hold(
            Reason.REMOVAL_BLOCKED,
            str(draft.ref),
            f"{draft.ref} would be deleted, for spec.targets names it no longer, and what takes its place would be"
            " empty; nothing is written. Restore the parameters",
            draft.actions,
            stops_everything=True,
        )
        for draft in case.drafts
        if draft.ref in case.dropped and draft.actions
    )


def _keys(actions: tuple[Action, ...]) -> str:
    return f"its only key {actions[0].key} is" if len(actions) == 1 else f"all {len(actions)} keys are"
