"""What the operator would do for some syncs: their stores, one read of their paths, their plans."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING

from paramsync.aws.errors import SourceError
from paramsync.core.parameters import Snapshot
from paramsync.core.reasons import Problem, Reason
from paramsync.core.routing import routes, wants_secure
from paramsync.core.stores import store_keys
from paramsync.core.want import Selection
from paramsync.runtime.feeds.needs import Need

from .reading import Found, read
from .stores import Cluster, Given, StoreFinder

if TYPE_CHECKING:  # who plans without a cluster does not wait for its client
    from collections.abc import Callable, Iterator, Sequence

    from paramsync.api.sync import ParameterSyncSpec
    from paramsync.aws.identities.clients import Clients
    from paramsync.core.preview import Verdict
    from paramsync.kube.targets import Targets
    from paramsync.runtime.keys import SyncKey
    from paramsync.runtime.syncs import Sync

    from .planning import Preview


@dataclass(frozen=True, slots=True)
class Asked:
    """A sync whose plan is asked for."""

    key: SyncKey
    spec: ParameterSyncSpec | None
    """None if it is not valid; then ``invalid`` says why."""

    invalid: str = ""
    live: Sync | None = None
    """The sync as the cluster has it, if it is asked and has it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the operator would do for a sync; or why it would do nothing."""

    key: SyncKey
    preview: Preview | None
    problems: tuple[Problem, ...] = ()
    is_live: bool = False
    """Whether the cluster has the sync."""

    @property
    def verdict(self) -> Verdict:
        """What would come of it."""
        from paramsync.core.preview import Verdict, verdict

        return Verdict.FAILS if self.preview is None else verdict(self.preview.plan)


@dataclass(frozen=True, slots=True)
class World:
    """What is asked, and as whom."""

    given: Given
    clients: Clients
    cluster: Cluster | None
    targets: Targets | None
    """Reads what the cluster has; None: as if there were nothing."""

    as_me: bool
    """Whether to read with the environment's own credentials, whoever the stores say to be."""

    rate: int
    """Requests a second, at most, to each account and Region."""

    threads: int


def answers(asked: Sequence[Asked], world: World, told: Callable[[int], None]) -> list[Answer]:
    """The answers, in the same order. Blocks.

    :param told: is told of every page that was read.
    :raises ApiError: if the cluster is asked and does not answer.
    """
    finder = StoreFinder(world.given, world.cluster, world.clients.own_region, as_me=world.as_me)
    clashes = _clashes(asked)
    needed = [[clash] if clash is not None else needs(each, finder) for each, clash in zip(asked, clashes, strict=True)]
    wanted = [need for found in needed for need in found if isinstance(need, Need)]
    found = read(world.clients, wanted, world.rate, world.threads, _loading_meanwhile(told))
    return [
        _answer(each, own, found, world.targets, tuple(assumed(each, finder)))
        for each, own in zip(asked, needed, strict=True)
    ]


def _loading_meanwhile(told: Callable[[int], None]) -> Callable[[int], None]:
    """What is told of pages. At the first, what makes plans begins to be loaded: the others leave the time for it."""
    load = Thread(target=import_module, args=[f"{__package__}.planning"])

    def page(more: int) -> None:
        if load.ident is None:
            load.start()
        told(more)

    return page


def _clashes(asked: Sequence[Asked]) -> list[Problem | None]:
    """What each sync has in common with one before it, and only one may have: its name, or a target."""
    holders: dict[tuple[str, object], SyncKey] = {}
    found: list[Problem | None] = []
    for each in asked:
        own = [] if each.spec is None else [route.ref for route in routes(each.spec, each.key.name)]
        names = [(each.key.namespace, name) for name in (each.key.name, *own)]
        clash = next((name for name in names if name in holders), None)
        found.append(None if clash is None else _clash(each.key, holders[clash], clash[1]))
        for name in names:
            holders.setdefault(name, each.key)
    return found


def _clash(key: SyncKey, holder: SyncKey, what: object) -> Problem:
    if key == holder:
        text = f"ParameterSync {key} is given twice; leave one of them out"
        return Problem(Reason.INVALID_SPEC, str(key), text)
    text = f"{what} is a target of ParameterSync {holder}, too, and only one may have it; name another in spec.targets"
    return Problem(Reason.TARGET_CONFLICT, str(what), text)


def needs(asked: Asked, finder: StoreFinder) -> Sequence[Need | Problem]:
    """What each source needs; or why the sync cannot be carried out, whatever the paths hold.

    :raises ApiError: if the cluster is asked and does not answer.
    """
    spec = asked.spec
    if spec is None:
        return [Problem(Reason.INVALID_SPEC, str(asked.key), f"The spec is not valid: {asked.invalid}")]
    secure = wants_secure(routes(spec, asked.key.name))
    found = finder.authorised(asked.key, spec)
    if found.problems:
        return found.problems
    return [
        Need(subtree, Selection.of(source, secure=secure))
        for subtree, source in zip(found.subtrees, spec.sources, strict=True)
    ]


def assumed(asked: Asked, finder: StoreFinder) -> Iterator[Problem]:
    """What is to be said of stores of a sync that nobody knows."""
    keys = [] if asked.spec is None else store_keys(asked.spec, asked.key.namespace)
    yield from (finder.assumed[key] for key in dict.fromkeys(keys) if key in finder.assumed)


def _answer(
    asked: Asked,
    needs: Sequence[Need | Problem],
    found: Found,
    targets: Targets | None,
    notes: Sequence[Problem],
) -> Answer:
    from paramsync.core.report import outcome_of

    from .planning import preview

    results = [result(need, found) for need in needs]
    problems = tuple(dict.fromkeys(each for each in results if isinstance(each, Problem)))
    if problems or asked.spec is None:
        return Answer(asked.key, None, problems)
    snapshots = [each for each in results if isinstance(each, Snapshot)]
    made = preview(asked.key, asked.spec, snapshots, asked.live, targets, datetime.now(UTC))
    outcome = outcome_of(made.plan, *asked.key, only_planned=not made.plan.problems)
    return Answer(asked.key, made, (*_put_off(asked), *notes, *outcome.problems), is_live=asked.live is not None)


def _put_off(asked: Asked) -> Iterator[Problem]:
    """Why the operator would not do it now, although it could."""
    what = "this is what would be done then"
    if asked.spec is not None and asked.spec.is_suspended:
        text = f"spec.suspend is true: nothing is read or written before the sync is resumed; {what}"
        yield Problem(Reason.SUSPENDED, str(asked.key), text)
    if asked.spec is not None and asked.spec.only_plans:
        text = f"spec.mode is Plan: nothing is written before the mode is Sync; {what}"
        yield Problem(Reason.PLANNED, str(asked.key), text)


def result(need: Need | Problem, found: Found) -> Snapshot | Problem:
    """What a source has shown; or why it cannot be read."""
    if isinstance(need, Problem):
        return need
    result = found[need.subtree]
    if isinstance(result, SourceError):
        return Problem(result.reason, need.subtree.path, str(result))
    return result
