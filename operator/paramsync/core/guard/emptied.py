"""Targets that would be left without any key that they had."""

from paramsync.core.actions import LOSSES, Action, ActionKind, Draft
from paramsync.core.reasons import Reason

from .case import Case, part_fact
from .hold import Hold
from .losses import names_of


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
    return Hold(
        Reason.REMOVAL_BLOCKED,
        str(draft.ref),
        f"{draft.ref} would lose every {'parameter' if emptied else 'key'} it had: {_keys(losses)} kept with the last"
        " values. Restore the parameters",
        losses,
        facts=tuple(
            part_fact(action, name, part)
            for action in emptied
            for name, part in zip(
                names_of(action.key, entries[action.key]), entries[action.key].parameters, strict=True
            )
        ),
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
