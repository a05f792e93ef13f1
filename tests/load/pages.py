"""How full a listing's pages are: functions from a page's number, from 1, to its greatest size."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.aws.listings import LIMIT

PageSize = Callable[[int], int]


def full(number: int) -> int:
    """Every page but the last has ten."""
    return LIMIT


def pattern(*sizes: int) -> PageSize:
    """Pages of these sizes, over and over; a page of none has a token all the same if something follows.

    Raises:
        ValueError: A size is not one that AWS could serve, or all are 0 and the listing would have no end.
    """
    if any(not 0 <= size <= LIMIT for size in sizes) or not any(sizes):
        raise ValueError(f"pages have 0 to {LIMIT} parameters, and some have any, not {sizes}")
    return lambda number: sizes[(number - 1) % len(sizes)]


def ragged(probability: float, seed: int) -> PageSize:
    """Some pages, with this probability, are short or empty.

    Raises:
        ValueError: The probability is none.
    """
    if not 0 <= probability <= 1:
        raise ValueError(f"no probability: {probability}")
    chance = random.Random(seed)
    return lambda number: chance.randrange(LIMIT) if chance.random() < probability else LIMIT
