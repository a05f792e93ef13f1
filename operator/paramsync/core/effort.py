"""How much work a sync may ask for. More is refused before it is done: one sync is not to hold up all others."""

from collections.abc import Iterable, Sequence
from typing import Final, NoReturn

from paramsync.api.sync import ParameterSyncSpec

from .reasons import Problem, Reason

MOST_COMPARISONS: Final = 4_000_000
"""Names times segments of patterns. As a rule a million takes less than a second."""

MOST_FIELDS: Final = 20_000
"""Fields of all parameters of a sync that are taken apart."""

MOST_FILE_ENTRIES: Final = 100_000
"""Entries of all files of all targets of a sync."""


class TooMuch(Exception):  # noqa: N818
    """A sync asks for too much work."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem: Final = problem


def check_sources(spec: ParameterSyncSpec, listed: Sequence[int]) -> None:
    """Check that it is not too much to find out what the sources give.

    :param listed: how many parameters each source lists.
    :raises TooMuch: if it is.
    """
    shape = _weight(spec.expand or ()) + _weight(spec.decode or ())
    each = (
        count * (_weight(source.include or ()) + _weight(source.exclude or ()) + shape)
        for source, count in zip(spec.sources, listed, strict=True)
    )
    _check(sum(each), "sources, expand and decode")


def check_targets(spec: ParameterSyncSpec, names: int) -> None:
    """Check that it is not too much to find out which target takes what.

    :param names: how many relative names the sources give.
    :raises TooMuch: if it is.
    """
    targets = spec.targets or ()
    weight = sum(_weight(each.include or ()) + _weight(each.exclude or ()) for each in targets)
    files = [file for target in targets for file in target.files or ()]
    weight += sum(_weight(each.include or ()) + _weight(each.exclude or ()) for each in files)
    if spec.contract is not None:
        contract = spec.contract
        asked = (contract.required, contract.secure, contract.match, contract.plain)
        weight += sum(_weight(patterns or ()) for patterns in asked)
    _check(names * weight, "targets, files and contract")


def check_fields(count: int, name: str) -> None:
    """Check that parameters do not have too many fields to be taken apart.

    :param count: of the fields of all parameters so far.
    :param name: of the last of these parameters.
    :raises TooMuch: if they have.
    """
    if count > MOST_FIELDS:
        text = f"With parameter {name} there are more than {MOST_FIELDS:,} fields of parameters that spec.expand takes"
        _refuse(name, f"{text} apart", "Take fewer parameters apart, or split the path over several syncs")


def check_files(entries: int) -> None:
    """Check that files do not have too many entries.

    :param entries: of all files of all targets.
    :raises TooMuch: if they have.
    """
    if entries > MOST_FILE_ENTRIES:
        text = f"The files of all targets would have {entries:,} entries, and {MOST_FILE_ENTRIES:,} are allowed"
        _refuse("spec.targets", text, "Let files include fewer parameters, or split the targets over several syncs")


def _weight(patterns: Iterable[str]) -> int:
    return sum(pattern.count("/") + 1 for pattern in patterns)


def _check(comparisons: int, what: str) -> None:
    if comparisons > MOST_COMPARISONS:
        text = (
            f"To compare all names with the patterns of {what} is too much work: names times segments of patterns come"
            f" to {comparisons:,}, and {MOST_COMPARISONS:,} are allowed"
        )
        _refuse("spec", text, "Write fewer patterns, or split the path or the targets over several syncs")


def _refuse(subject: str, what: str, remedy: str) -> NoReturn:
    raise TooMuch(Problem(Reason.TOO_LARGE, subject, f"{what}. Nothing was written. {remedy}"))
