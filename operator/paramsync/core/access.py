"""Which namespaces may read which paths of a store: by whole segments, never by string prefixes."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from paramsync.api.fields import is_segment
from paramsync.api.sources import StoreRef
from paramsync.api.stores import AccessRule

from .reasons import Problem, Reason

NAMESPACE_SEGMENT: Final = "{namespace}"
MOST_SHOWN: Final = 10

_LABEL: Final = re.compile(r"\{label:([^{}]+)\}")
_SLASH: Final = re.compile(r"/(?![^{}]*\})")
"""A slash between segments: one between braces belongs to the key of a label."""


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace as the rules see it."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    """Empty where no rule asks for them."""


def need_labels(rules: Iterable[AccessRule], name: str) -> bool:
    """Whether what a namespace of that name may read depends on its labels."""
    return any(
        rule.namespace_selector is not None or any(map(_LABEL.search, rule.paths))
        for rule in rules
        if _is_named(rule, name)
    )


def allowed_paths(rules: Iterable[AccessRule], namespace: Namespace) -> tuple[str, ...]:
    """The paths that a namespace may read, each with everything below it, in the order of the rules."""
    found = (_filled_in(path, namespace) for rule in _fitting(rules, namespace) for path in rule.paths)
    return tuple(dict.fromkeys(path for path in found if path is not None))


def may_read(rules: Iterable[AccessRule], namespace: Namespace, path: str) -> bool:
    """Whether a namespace may read a path and what is below it.

    A path that AWS or a proxy on the way might take for another one (``..``, ``//``, ``%2F``) may nobody read.
    """
    wanted = _segments(path)
    if not path.startswith("/") or not all(map(is_segment, wanted)):
        return False
    return any(wanted[: len(allowed)] == allowed for allowed in map(_segments, allowed_paths(rules, namespace)))


def refusals(
    rules: Sequence[AccessRule], namespace: Namespace, store: StoreRef, paths: Iterable[str]
) -> tuple[Problem, ...]:
    """Which of the paths a namespace may not read, and which it may.

    :param store: the store whose rules they are, with kind and name.
    """
    allowed = allowed_paths(rules, namespace)
    may = f"it may read {', '.join(allowed[:MOST_SHOWN])}" if allowed else "it may read nothing"
    more = f" and {len(allowed) - MOST_SHOWN} more paths" if len(allowed) > MOST_SHOWN else ""
    missing = list(dict.fromkeys(_missing_labels(rules, namespace)))[:MOST_SHOWN]
    labels = f", or label the namespace: its rules ask for {', '.join(missing)}" if missing else ""
    return tuple(
        Problem(
            Reason.NOT_ALLOWED,
            path,
            f"{store.kind} {store.name} does not let namespace {namespace.name} read {path}; {may}{more}."
            f" An admin can add a rule to the store's access{labels}",
        )
        for path in paths
        if not may_read(rules, namespace, path)
    )


def _is_named(rule: AccessRule, name: str) -> bool:
    # A namespace without a name would make "/prod/{namespace}" allow "/prod".
    return is_segment(name) and (
        rule.namespaces is None or any(fnmatchcase(name, pattern) for pattern in rule.namespaces)
    )


def _is_selected(rule: AccessRule, labels: Mapping[str, str]) -> bool:
    if rule.namespace_selector is None:
        # The models refuse a rule without any condition; if one comes all the same, it lets nobody in.
        return rule.namespaces is not None
    return all(labels.get(key) == value for key, value in rule.namespace_selector.match_labels.items())


def _fitting(rules: Iterable[AccessRule], namespace: Namespace) -> Iterator[AccessRule]:
    return (rule for rule in rules if _is_named(rule, namespace.name) and _is_selected(rule, namespace.labels))


def _filled_in(path: str, namespace: Namespace) -> str | None:
    """A rule's path as it is for a namespace; None if that lacks a label or has one that is no segment."""
    made = []
    for segment in _SLASH.split(path):
        label = _LABEL.fullmatch(segment)
        filled = namespace.name if segment == NAMESPACE_SEGMENT else segment
        if label is not None:
            filled = namespace.labels.get(label[1], "")
            if not is_segment(filled):
                return None
        made.append(filled)
    return "/".join(made)


def _missing_labels(rules: Iterable[AccessRule], namespace: Namespace) -> Iterator[str]:
    """The labels that the namespace lacks for the paths of rules that fit it otherwise."""
    for rule in _fitting(rules, namespace):
        for path in rule.paths:
            yield from (key for key in _LABEL.findall(path) if not namespace.labels.get(key))


def _segments(path: str) -> list[str]:
    return [] if path == "/" else path.split("/")[1:]
