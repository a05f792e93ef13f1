"""Which namespaces may read which paths of a store: by whole segments, never by string prefixes."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from paramsync.api.stores import AccessRule

NAMESPACE_SEGMENT = "{namespace}"


def allowed_paths(rules: Iterable[AccessRule], namespace: str) -> tuple[str, ...]:
    """The paths that a namespace may read, each with everything below it, in the order of the rules."""
    found = (
        _for_namespace(path, namespace)
        for rule in rules
        if any(fnmatchcase(namespace, pattern) for pattern in rule.namespaces)
        for path in rule.paths
    )
    return tuple(dict.fromkeys(found))


def may_read(rules: Iterable[AccessRule], namespace: str, path: str) -> bool:
    """Whether a namespace may read a path and what is below it."""
    wanted = _segments(path)
    return any(wanted[: len(allowed)] == allowed for allowed in map(_segments, allowed_paths(rules, namespace)))


def _for_namespace(path: str, namespace: str) -> str:
    return "/".join(namespace if segment == NAMESPACE_SEGMENT else segment for segment in path.split("/"))


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]
