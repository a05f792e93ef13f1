"""Which subtrees a sync reads, by the stores of its sources and their rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from paramsync.api.sources import StoreRef
from paramsync.api.sync import ParameterSyncSpec

from .access import Namespace, refusals
from .parameters import Subtree
from .reasons import Problem
from .stores import Store


@dataclass(frozen=True, slots=True)
class Authorised:
    """What a sync may read."""

    subtrees: Sequence[Subtree]
    """What each source lists, in their order, as long as nothing stands in the way."""

    problems: tuple[Problem, ...]
    """Why the sync may not read all of its sources."""


def authorised(spec: ParameterSyncSpec, stores: Mapping[StoreRef, Store | Problem], namespace: Namespace) -> Authorised:
    """Find out what a sync of a namespace may read.

    :param stores: those of all sources; or why one cannot be used.
    """
    subtrees: list[Subtree] = []
    problems: list[Problem] = []
    for source in spec.sources:
        ref = spec.store_of(source)
        store = stores[ref]
        if isinstance(store, Problem):
            problems.append(store)
            continue
        problems += refusals(store.access, namespace, ref, [source.path])
        subtrees.append(Subtree(store.identity, source.path, source.is_recursive, source.version_label))
    return Authorised(subtrees, tuple(dict.fromkeys(problems)))
