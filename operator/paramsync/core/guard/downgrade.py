"""Once secure stays secure: what was a SecureString is not handled as plain before a person says so."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from paramsync.api.sync import ParameterType, TargetKind
from paramsync.core.actions import LOSSES, NEW, Action, ActionKind, Draft
from paramsync.core.once_secure import Known
from paramsync.core.provenance import Entry
from paramsync.core.reasons import Reason
from paramsync.core.routing import PLAIN

from .case import Case
from .hold import Hold

_DOUBT: Final = (
    "may have been a SecureString, for the targets' annotations tell no more which names were one (an approval ends the"
    " doubt about all names)"
)


def no_downgrade(case: Case) -> tuple[Hold, ...]:
    """Stop everything where a name that was SecureString is plain now, in the store or by a plain source over it; and
    where a ConfigMap would gain a key that a Secret loses and whose source was secure or is not known, or any name as
    long as nobody knows which ones were secure."""
    return tuple(_hold(gain, loss, why) for gain, loss, why in _held(case))


def is_in_doubt(case: Case) -> bool:
    """Whether something is held only because nobody knows which names were secure."""
    return any(why == _DOUBT for _, _, why in _held(case))


@dataclass(frozen=True, slots=True)
class _Gain:
    """A plain parameter, or a field of one, that a target gains or that has changed."""

    draft: Draft
    action: Action
    name: str
    """The parameter's full name."""

    part: Entry

    @property
    def is_shown(self) -> bool:
        """Whether all can see it who may not read Secrets."""
        return self.draft.ref.kind is TargetKind.CONFIG_MAP


def _held(case: Case) -> Iterator[tuple[_Gain, Action | None, str]]:
    """What is held, what a Secret loses for it, and why."""
    known = case.known
    lost = {action.key: action for action in _lost_by_secrets(case)}
    if known.is_nothing and not lost:
        return
    for gain in _plain_gains(case):
        was, loss = known.secure_name(gain.name, gain.part), lost.get(gain.action.key)
        if was is not None or (gain.is_shown and loss is not None):
            yield gain, loss, f"{was or gain.part.relative} was a SecureString"
        elif _is_doubtful(gain, known):
            yield gain, loss, _DOUBT


def _plain_gains(case: Case) -> Iterator[_Gain]:
    for draft in case.drafts:
        for action in draft.actions:
            if action.kind in NEW or action.kind is ActionKind.CHANGE:
                wish = draft.desired[action.key]
                for name, part in zip(wish.names, wish.entry.parameters, strict=True):
                    if part.type in PLAIN:
                        yield _Gain(draft, action, name, part)


def _is_doubtful(gain: _Gain, known: Known) -> bool:
    """Whether it may have been secure, for all that is known. What a key of a ConfigMap showed was plain, and a key
    that was and is one parameter is taken to be of the same one."""
    before = gain.draft.before.entries.get(gain.action.key)
    is_one = before is not None and before.parts is None and before.relative is None
    stays = is_one and gain.draft.desired[gain.action.key].entry.parts is None
    return gain.is_shown and not stays and known.may_be_secure(gain.name, gain.part)


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


def _hold(gain: _Gain, loss: Action | None, why: str) -> Hold:
    action, part = gain.action, gain.part
    where = "a ConfigMap" if gain.is_shown else f"{gain.draft.ref} as a plain value"
    # The action names the parameter and its stamp unless the key is made of several.
    one = replace(
        action,
        parameter=gain.name,
        version=part.version,
        modified=part.modified,
        reason="it would be in this key as plain",
    )
    return Hold(
        Reason.DOWNGRADE_BLOCKED,
        gain.name,
        f"Parameter {gain.name} is of a plain type now, and {why}:"
        f" it would be shown in {where} under {action.key}; nothing is written."
        " Make it a SecureString again",
        (action,) if loss is None else (action, loss),
        stops_everything=True,
        parts=() if action.parameter is not None else (one,),
    )
