"""Sources without parameters. An empty or mistyped path is never a success, and no reason to remove anything."""

from collections.abc import Sequence

from paramsync.api.sources import Source
from paramsync.api.sync import ParameterSyncSpec

from .overlay import Overlay
from .parameters import Snapshot
from .reasons import Problem, Reason


def awaits_absence(spec: ParameterSyncSpec, snapshots: Sequence[Snapshot], overlay: Overlay) -> bool:
    """Whether a required source is empty and that has not stood long enough to be told."""
    return any(
        not count and not snapshot.absence_settled and not source.is_optional
        for source, snapshot, count in zip(spec.sources, snapshots, overlay.taken, strict=True)
    )


def empty_sources(
    spec: ParameterSyncSpec, snapshots: Sequence[Snapshot], overlay: Overlay, *, has_applied: bool
) -> tuple[Problem, ...]:
    """The sources that must not be empty and are: required ones; and all of them, where nothing was ever applied."""
    taken = zip(spec.sources, snapshots, overlay.taken, strict=True)
    empty = [(source, snapshot) for source, snapshot, count in taken if not count]
    required = tuple(
        _no_parameters(source, snapshot, has_applied=has_applied)
        for source, snapshot in empty
        if not source.is_optional
    )
    if required or overlay.winners or has_applied:
        return required
    return tuple(_no_parameters(source, snapshot, has_applied=False) for source, snapshot in empty)


def _no_parameters(source: Source, snapshot: Snapshot, *, has_applied: bool) -> Problem:
    kept = "; what the targets hold stays as it is" if has_applied else ""
    if snapshot.parameters:
        what = f"include and exclude leave none of the parameters below {source.path}{kept}. Check their patterns"
        return Problem(Reason.NO_PARAMETERS, source.path, f"The source's {what}")
    return Problem(Reason.NO_PARAMETERS, source.path, nothing_below(source.path, source.version_label, kept))


def nothing_below(path: str, label: str | None, kept: str = "") -> str:
    """What is said of a path below which there is nothing.

    :param label: of the versions that were asked for, if one was.
    :param kept: what it means for targets that are there.
    """
    labelled = f" with a version that is labelled {label}" if label else ""
    return (
        f"There are no parameters below {path}{labelled}{kept}."
        " Check the path, the store's Region and account, and create the parameters"
    )
