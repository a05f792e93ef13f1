"""How a relative name becomes a data key."""

import re
from collections.abc import Collection, Iterable

from .overlay import Selected
from .reasons import Problem, Reason
from .routing import TargetRef

LONGEST_KEY = 253  # a data key of a Secret or ConfigMap: [-._a-zA-Z0-9]{1,253} (Kubernetes API reference)

_DATA_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_ENV_VAR = re.compile(r"[A-Z_][A-Z0-9_]*")
_SEPARATORS = str.maketrans("/.-", "___")


def env_var(relative: str) -> str:
    """The name of an environment variable for a relative name: ``db/host`` → ``DB_HOST``.

    :raises ValueError: with what is wrong and a proposal, if there is no such name.
    """
    key = relative.translate(_SEPARATORS).upper()
    if _ENV_VAR.fullmatch(key) is None:
        if key[:1].isdigit():
            raise ValueError(f"{key} starts with a digit; rename the parameter, for example so that it gives _{key}")
        raise ValueError("its name has characters other than letters, digits, '.', '_', '-' and '/'; rename it")
    return data_key(key)


def data_key(key: str) -> str:
    """A key, if a Secret or ConfigMap may have it.

    :raises ValueError: with what is wrong, if none may.
    """
    if len(key) > LONGEST_KEY:
        raise ValueError(f"the key would have {len(key)} characters and {LONGEST_KEY} are allowed; shorten the name")
    if _DATA_KEY.fullmatch(key) is None or key == "." or key.startswith(".."):
        raise ValueError("a key has letters, digits, '-', '_' and '.', is not '.' and does not begin with '..'")
    return key


def assign(
    ref: TargetRef, taken: Iterable[Selected], kept: Collection[str] = ()
) -> tuple[dict[str, Selected], list[Problem]]:
    """The keys of a target, sorted, and every name that cannot be a key or that two parameters claim.

    :param kept: relative names that are keys as they are.
    """
    keys: dict[str, Selected] = {}
    problems: list[Problem] = []
    for selected in sorted(taken, key=lambda each: each.relative):
        try:
            key = selected.relative if selected.relative in kept else env_var(selected.relative)
        except ValueError as error:
            problems.append(
                Problem(
                    Reason.INVALID_KEY,
                    selected.name,
                    f"Parameter {selected.name} cannot become a key: {error}",
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
        f"Parameters {first.name} and {second.name} both give the key {key} in {ref};"
        " rename one of them, or read them with two syncs",
    )
