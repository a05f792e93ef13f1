"""Subtrees read once, as they are now."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from paramsync.aws.budget import Budgets
from paramsync.aws.errors import SourceError
from paramsync.aws.identities.clients import Clients
from paramsync.core.parameters import Parameter, Snapshot, Subtree
from paramsync.core.want import Selection, Want
from paramsync.runtime.feeds.look import Look
from paramsync.runtime.feeds.needs import Need
from paramsync.runtime.feeds.reading import Reader
from paramsync.runtime.metrics import Metrics
from paramsync.runtime.steady import steady_clock
from paramsync.runtime.threads import Threads

Found = Mapping[Subtree, Snapshot | SourceError]
"""By subtree: what is in it, or why it cannot be read."""


def read(clients: Clients, needs: Iterable[Need], rate: int, threads: int, told: Callable[[int], None]) -> Found:
    """List subtrees, all at the same time and each once, and decrypt what is needed of them.

    What is listed is taken to stand: nobody waits for a second listing.

    :param rate: requests a second, at most, to each account and Region.
    :param threads: requests that are under way at the same time, at most.
    :param told: is told of every page.
    """
    wanted: dict[Subtree, set[Selection]] = {}
    for need in needs:
        wanted.setdefault(need.subtree, set()).add(need.selection)
    return asyncio.run(_read_all(clients, {key: Want.of(each) for key, each in wanted.items()}, rate, threads, told))


def read_one(clients: Clients, subtree: Subtree, rate: int) -> Parameter | None:
    """The parameter whose name is the path of a subtree, with its value; None if there is none.

    :raises SourceError: if it cannot be had.
    """

    async def ask() -> Parameter | None:
        with _reader(clients, rate, threads=1) as reader:
            return await reader.by_name(subtree)

    return asyncio.run(ask())


async def _read_all(
    clients: Clients, wanted: Mapping[Subtree, Want], rate: int, threads: int, told: Callable[[int], None]
) -> Found:
    with _reader(clients, rate, threads) as reader:
        found = await asyncio.gather(*(_read(reader, subtree, want, told) for subtree, want in wanted.items()))
    return dict(zip(wanted, found, strict=True))


@contextmanager
def _reader(clients: Clients, rate: int, threads: int) -> Iterator[Reader]:
    pool = Threads("aws", threads)
    try:
        yield Reader(clients, Budgets(lambda _account, _region: rate, is_even=False), pool, Metrics())
    finally:
        pool.close()


async def _read(reader: Reader, subtree: Subtree, want: Want, told: Callable[[int], None]) -> Snapshot | SourceError:
    clock = asyncio.get_running_loop().time
    look = Look(reader, subtree, steady_clock(), clock, lambda _bytes: told(1), lambda: True)
    try:
        known = await look.at(None, want, relist=True)
    except SourceError as error:
        return error
    return replace(known.snapshot, settled=True, absence_settled=True, missing=frozenset())
