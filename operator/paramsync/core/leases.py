"""Who leads, by one Lease: when it may be taken, and what is written into it.

The times in a Lease come from the clocks of other nodes and are for people to read. What counts is how long this
process has seen it unchanged, by a clock of its own.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

DURATION: Final = 10.0
"""Seconds without a renewal after which another replica may take the Lease."""

DEADLINE: Final = 7.0
"""Seconds after the last renewal from which its holder writes nothing more: well before another one may."""

RENEWAL: Final = 2.0
"""Seconds between two renewals."""

LOOK: Final = 1.0
"""Seconds between two looks of a replica that waits."""


@dataclass(frozen=True, slots=True)
class Lease:
    """What a Lease says."""

    holder: str = ""
    """The replica that leads; empty if it has been released."""

    duration: float = DURATION
    """Seconds for which it holds without a renewal, as its holder said."""

    acquired: datetime | None = None
    renewed: datetime | None = None
    transitions: int = 0
    """How often another replica has taken it."""

    version: str | None = None
    """The resourceVersion; None if it does not exist yet."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A Lease, and since when this process has seen it as it is, in seconds of its own clock."""

    lease: Lease
    since: float


def sighted(before: Sighting | None, lease: Lease, at: float) -> Sighting:
    """What is known of a Lease that has been read.

    One that somebody has deleted was still held: its holder may write until it would have run out.

    :param at: when it had been read: whoever renewed it did so before.
    """
    if before is not None and (before.lease == lease or (before.lease.holder and lease.version is None)):
        return before
    return Sighting(lease, at)


def may_take(seen: Sighting, me: str, at: float) -> bool:
    """Whether a replica may take the Lease: it is free, it is its own, or it was not renewed for too long."""
    is_free = seen.lease.holder in ("", me)
    return is_free or at - seen.since >= seen.lease.duration


def taken(lease: Lease, me: str, now: datetime) -> Lease:
    """The Lease as a replica writes it to take or renew it.

    :param now: for people.
    """
    if lease.holder == me:
        return replace(lease, renewed=now)
    return Lease(me, DURATION, now, now, lease.transitions + (lease.version is not None), lease.version)


def released(lease: Lease, now: datetime) -> Lease:
    """The Lease as its holder leaves it, for another one to take at once."""
    return replace(lease, holder="", renewed=now)
