"""What every key of a sync should be made of, by what Parameter Store has now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from paramsync.core.explaining import KeyOrigin, explain
from paramsync.core.parameters import Snapshot
from paramsync.core.reasons import Problem
from paramsync.runtime.feeds.needs import Need

from .answering import needs, result
from .reading import read
from .stores import StoreFinder

if TYPE_CHECKING:
    from collections.abc import Callable

    from .answering import Asked, World


@dataclass(frozen=True, slots=True)
class Origins:
    """What every key of a sync should be made of; or why that cannot be known."""

    keys: tuple[KeyOrigin, ...] = ()
    problems: tuple[Problem, ...] = ()


def origins(asked: Asked, world: World, told: Callable[[int], None]) -> Origins:
    """Read what a sync reads, and say what its keys should be made of. Blocks.

    :param told: is told of every page that was read.
    :raises ApiError: if the cluster is asked and does not answer.
    """
    needed = needs(asked, StoreFinder(world.given, world.cluster, world.clients.own_region, as_me=world.as_me))
    wanted = [need for need in needed if isinstance(need, Need)]
    found = read(world.clients, wanted, world.rate, world.threads, told)
    results = [result(need, found) for need in needed]
    problems = tuple(dict.fromkeys(each for each in results if isinstance(each, Problem)))
    if problems or asked.spec is None:
        return Origins(problems=problems)
    return Origins(explain(asked.spec, asked.key.name, [each for each in results if isinstance(each, Snapshot)]))
