"""Once secure stays secure: what was a SecureString is not handled as plain before a person says so."""

import json
from collections.abc import Iterator

from paramsync.api.sync import ParameterType, TargetKind
from paramsync.core.actions import LOSSES, NEW, Action, ActionKind, Draft
from paramsync.core.once_secure import Known
from paramsync.core.provenance import Entry
from paramsync.core.reasons import Reason
from paramsync.core.routing import PLAIN

from .case import Case
from .hold import Hold


def no_downgrade(case: Case) -> tuple[Hold, ...]:
    """Stop everything where a name that was SecureString is plain now, in the store or by a plain source over it; and
    where a ConfigMap would gain a key that a Secret loses and whose source was secure or is not known."""
    known = Known.of(case.drafts)
    lost = {action.key: action for action in _lost_by_secrets(case)}
    return tuple(
        _hold(draft, action, lost.get(action.key), name, part, was)
        for draft in case.drafts
        for action in draft.actions
        if action.kind in NEW or action.kind is ActionKind.CHANGE
        for name, part in zip(draft.desired[action.key].names, draft.desired[action.key].entry.parameters, strict=True)
        if part.type in PLAIN
        for was in (known.secure_name(name, part),)
        if was is not None or (draft.ref.kind is TargetKind.CONFIG_MAP and action.key in lost)
    )


def _lost_by_secrets(case: Case) -> Iterator[Action]:
    """The keys that Secrets lose and that were made from a SecureString, or from what nobody knows. Of a key that was
    made of several parameters their names tell more."""
    for draft in case.drafts:
        for action in draft.actions:
            entry = draft.before.entries.get(action.key)
            is_lost = draft.ref.kind is TargetKind.SECRET and action.kind in LOSSES
            if not is_lost or entry is None or entry.type is not ParameterType.SECURE_STRING:
                continue
            if entry.parts is None or any(part.relative is None for part in entry.parts):
                yield action


def _hold(draft: Draft, gain: Action, loss: Action | None, name: str, part: Entry, was: str | None) -> Hold:
    where = "a ConfigMap" if draft.ref.kind is TargetKind.CONFIG_MAP else f"{draft.ref} as a plain value"
    # The action names the parameter and its stamp unless the key is made of several.
    facts = () if gain.parameter is not None else (json.dumps([name, part.version, part.modified]),)
    return Hold(
        Reason.DOWNGRADE_BLOCKED,
        name,
        f"Parameter {name} is of a plain type now, and {was or part.relative} was a SecureString:"
        f" it would be shown in {where} under {gain.key}; nothing is written."
        " Make it a SecureString again",
        (gain,) if loss is None else (gain, loss),
        stops_everything=True,
        facts=facts,
    )
