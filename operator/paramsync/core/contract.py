"""The contract of a sync: which names there must be, which must be secure, and what plain values must look like."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from paramsync.api.contract import Contract
from paramsync.api.regexes import compiled

from .globs import is_literal, matches
from .overlay import Selected
from .parameters import Snapshot
from .reasons import Problem, Reason
from .routing import SECURE
from .values import Sealed, SecureValue

MOST_STEPS: Final = 300_000_000
"""How much work the expressions of a contract may be: bytes of values times instructions. As a rule a step for each
byte does; with values and expressions that were made for it, this takes about 3 seconds, while nothing else is done."""


def awaits_names(contract: Contract, snapshots: Sequence[Snapshot], winners: Mapping[str, Selected]) -> bool:
    """Whether a required name is missing and that has not stood long enough to be told."""
    return not all(each.absence_settled for each in snapshots) and any(_missing(contract, winners))


def violations(contract: Contract, winners: Mapping[str, Selected]) -> tuple[Problem, ...]:
    """Where parameters are not as the contract says.

    :param winners: all parameters of the sync, by relative name.
    """
    return (
        *(_required(glob) for glob in _missing(contract, winners)),
        *_plain_ones(contract, winners),
        *_unlike(contract, winners),
    )


def unchecked(contract: Contract, winners: Mapping[str, Selected]) -> tuple[Problem, ...]:
    """Which expressions cover SecureStrings, too: whether those match would tell something of them."""
    found = ((glob, _secure_ones(_covered(glob, winners))) for glob in contract.match or ())
    return tuple(_unchecked(glob, secure) for glob, secure in found if secure)


def _missing(contract: Contract, winners: Mapping[str, Selected]) -> Iterator[str]:
    """The required patterns that no name matches."""
    return (glob for glob in contract.required or () if next(_covered(glob, winners), None) is None)


def _plain_ones(contract: Contract, winners: Mapping[str, Selected]) -> Iterator[Problem]:
    for glob in contract.secure or ():
        for each in _covered(glob, winners):
            if each.type not in SECURE:
                yield _plain(glob, each)


def _unlike(contract: Contract, winners: Mapping[str, Selected]) -> Iterator[Problem]:
    """The plain values that do not match; or why they are not compared."""
    texts = [
        (glob, pattern, each, _text(each))
        for glob, pattern in (contract.match or {}).items()
        for each in _covered(glob, winners)
        if each.type not in SECURE
    ]
    regexes = {pattern: compiled(pattern) for _, pattern, _, _ in texts}
    steps = sum(regexes[pattern].programsize * len(text) for _, pattern, _, text in texts if isinstance(text, bytes))
    if steps > MOST_STEPS:
        yield _too_much()
        return
    for glob, pattern, each, text in texts:
        if isinstance(text, Sealed):
            yield Problem(text.reason, each.name, text.message)
        elif regexes[pattern].search(text) is None:
            yield _no_match(glob, pattern, each)


def _covered(glob: str, winners: Mapping[str, Selected]) -> Iterator[Selected]:
    """What a pattern covers: a field also by the name of its parameter."""
    if is_literal(glob) and glob in winners:
        return iter((winners[glob],))
    return (each for each in winners.values() if matches(glob, each.relative) or _is_field_of(glob, each))


def _is_field_of(glob: str, each: Selected) -> bool:
    return each.stored not in ("", each.relative) and matches(glob, each.stored)


def _secure_ones(found: Iterable[Selected]) -> list[Selected]:
    return [each for each in found if each.type in SECURE]


def _text(each: Selected) -> bytes | Sealed:
    value = each.value
    if isinstance(value, SecureValue):
        raise TypeError(f"{each.name} is secure, and expressions never look into it")
    return value.encode() if isinstance(value, str) else value


def shown(each: Selected) -> str:
    """A parameter's name, and the name of the field where it is only one of its parts."""
    return each.name if each.stored in ("", each.relative) else f"{each.name} (its field {each.relative})"


def _required(glob: str) -> Problem:
    what = f"the parameter {glob}" if is_literal(glob) else f"a parameter that matches {glob}"
    return Problem(
        Reason.CONTRACT_VIOLATED,
        glob,
        f"contract.required asks for {what}, and no source gives one. Nothing was written, and what the targets hold"
        " stays as it is. Create it, let a source include it, or take it out of contract.required",
    )


def _plain(glob: str, each: Selected) -> Problem:
    return Problem(
        Reason.CONTRACT_VIOLATED,
        each.name,
        f"Parameter {shown(each)} is a {each.type}, and contract.secure ({glob}) asks for a SecureString. Nothing was"
        " written, and what the targets hold stays as it is. Store it as a SecureString with a new value, for the old"
        " one could be read; or take the pattern out of contract.secure",
    )


def _no_match(glob: str, pattern: str, each: Selected) -> Problem:
    return Problem(
        Reason.CONTRACT_VIOLATED,
        each.name,
        f"The value of parameter {shown(each)} does not match {pattern}, as contract.match ({glob}) asks. Nothing was"
        " written, and what the targets hold stays as it is. Correct the value or the expression",
    )


def _too_much() -> Problem:
    return Problem(
        Reason.CONTRACT_VIOLATED,
        "contract.match",
        "To compare all values that contract.match covers with its expressions is too much work: bytes times the"
        f" expressions' instructions come to more than {MOST_STEPS:,}. Nothing was written, and what the targets hold"
        " stays as it is. Write shorter expressions, with smaller repetitions, or patterns that cover fewer names",
    )


def _unchecked(glob: str, secure: Sequence[Selected]) -> Problem:
    first, rest = secure[0], len(secure) - 1
    others = f" and {rest} more" if rest else ""
    return Problem(
        Reason.CONTRACT_UNCHECKED,
        first.name,
        f"contract.match ({glob}) does not check {shown(first)}{others}: expressions never look into SecureStrings, for"
        " whether one matches tells something of it. Write a pattern that covers plain parameters only",
    )
