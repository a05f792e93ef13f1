"""The keys of a target's parameters, and the names that none can be found for."""

from collections.abc import Collection, Iterable

from paramsync.core.contract import shown
from paramsync.core.overlay import Selected
from paramsync.core.reasons import Problem, Reason
from paramsync.core.routing import TargetRef

from .naming import ENV_VARS, Naming


def assign(
    ref: TargetRef, taken: Iterable[Selected], naming: Naming = ENV_VARS, kept: Collection[str] = ()
) -> tuple[dict[str, Selected], list[Problem]]:
    """The keys of a target, sorted, and every name that cannot be a key or that two parameters claim.

    :param kept: relative names that are keys as they are, unless they are renamed.
    """
    keys: dict[str, Selected] = {}
    problems: list[Problem] = []
    for selected in sorted(taken, key=lambda each: each.relative):
        try:
            is_kept = selected.relative in kept and selected.relative not in naming.rename
            key = selected.relative if is_kept else naming.key(selected.relative)
        except ValueError as error:
            problems.append(
                Problem(
                    Reason.INVALID_KEY,
                    selected.name,
                    f"Parameter {shown(selected)} cannot become a key: {error}",
                )
            )
            continue
        if key in keys:
            problems.append(_collision(ref, key, keys[key], selected))
        else:
            keys[key] = selected
    return dict(sorted(keys.items())), problems


def _collision(ref: TargetRef, key: str, first: Selected, second: Selected) -> Problem:
    return Problem(
        Reason.KEY_COLLISION,
        second.name,
        f"Parameters {shown(first)} and {shown(second)} both give the key {key} in {ref};"
        f" give one of them another key in keys.rename ({second.relative}: …), or leave it out with exclude",
    )
