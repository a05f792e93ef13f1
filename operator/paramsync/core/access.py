"""Which namespaces may read which paths of a store: by whole segments, never by string prefixes."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from paramsync.api.stores import AccessRule

from .reasons import Problem, Reason

NAMESPACE_SEGMENT = "{namespace}"
MOST_SHOWN = 10


def allowed_paths(rules: Sequence[AccessRule], namespace: str) -> tuple[str, ...]:
    """The paths that a namespace may read, each with everything below it, in the order of the rules."""
    if not namespace:
        return ()
    found = (
        _for_namespace(path, namespace)
        for rule in rules
        if any(fnmatchcase(namespace, pattern) for pattern in rule.namespaces)
        for path in rule.paths
    )
    return tuple(dict.fromkeys(found))


def may_read(rules: Sequence[AccessRule], namespace: str, path: str) -> bool:
    """Whether a namespace may read a path and what is below it."""
    wanted = _segments(path)
    return any(wanted[: len(allowed)] == allowed for allowed in map(_segments, allowed_paths(rules, namespace)))


def refusals(rules: Sequence[AccessRule], namespace: str, store: str, paths: Iterable[str]) -> tuple[Problem, ...]:
    """Which of the paths a namespace may not read, and which it may."""
    allowed = allowed_paths(rules, namespace)
    may = f"it may read {', '.join(allowed[:MOST_SHOWN])}" if allowed else "it may read nothing"
    more = f" and {len(allowed) - MOST_SHOWN} more paths" if len(allowed) > MOST_SHOWN else ""
    return tuple(
        Problem(
            Reason.NOT_ALLOWED,
            path,
            f"ClusterParameterStore {store} does not let namespace {namespace} read {path}; {may}{more}."
            " An admin can add a rule to the store's access",
        )
        for path in paths
        if not may_read(rules, namespace, path)
    )


def _for_namespace(path: str, namespace: str) -> str:
    return "/".join(namespace if segment == NAMESPACE_SEGMENT else segment for segment in path.split("/"))


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]
