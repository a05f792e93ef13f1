"""When what a listing shows is believed.

A deploy writes thirty parameters one after the other, Terraform deletes a parameter and creates it again, and
AWS is eventually consistent. So additions and changes are published when a later listing agrees, and a name
that vanished, or changed its type, when it has been missing for longer than a re-creation takes.

A listing of a huge path takes minutes, and nobody knows when a page of it was made. So what it misses is missing
since its end, and what it confirms is confirmed as of its begin.

Times are seconds of a clock that only goes forward; nobody here asks what time it is. Moments are compared,
never differences: a listing at the very moment that was asked for has to do, whatever rounding makes of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from .parameters import Parameter

AGREEMENT: Final = 3.0
"""Seconds after which a listing that shows the same confirms it."""

STEADY_CHANGE: Final = 60.0
"""Seconds after which changes are published although no two listings agree."""

ABSENCE: Final = 45.0
"""Seconds for which a name must be missing. AWS wants 30 between a deletion and a re-creation of one name."""

Parameters = Mapping[str, Parameter]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a feed's listings have shown so far, and what of it is published."""

    published: Parameters
    latest: Parameters
    """The latest listing. Where its stamps are the published ones, these are the same objects."""

    first_at: float
    latest_at: float
    """When the first and the latest listing began."""

    absent_since: float
    """When the listing ended that was the last to miss anew a name which is not published: the first one, or a later
    one that missed what came and went before it was believed. What it missed may have vanished while it went on."""

    same_since: float
    """When the first listing began that showed just what the latest one shows."""

    pending_since: float | None = None
    """When the oldest addition or change that is not published was first seen."""

    missing_since: Mapping[str, float] | None = None
    """When the listing ended that first missed a published name, or showed it with another type."""

    confirmed: bool = False
    """Whether a later listing agreed with an earlier one, or so much time has passed that none will."""

    absence_confirmed: bool = False
    """Whether every name that is not published has been missing for long enough."""

    changed_at: float | None = None
    """When the listing began that made the newest change public. None while the first listing still stands."""

    @property
    def is_pending(self) -> bool:
        """Whether an addition or a change waits for its confirmation."""
        return self.pending_since is not None

    @property
    def look_again_at(self) -> float | None:
        """When a listing would settle what is open, if anything is."""
        settled_at = (since + ABSENCE for since in (self.missing_since or {}).values())
        # One that has been missing for long enough waits for its other type to be confirmed.
        times = [moment for moment in settled_at if moment > self.latest_at]
        if self.pending_since is not None:
            times.append(self.confirmation_at)
        return min(times, default=None)

    @property
    def confirmation_at(self) -> float:
        """When a listing could agree with the latest one."""
        steady = self.first_at if self.pending_since is None else self.pending_since
        return min(self.same_since + AGREEMENT, steady + STEADY_CHANGE)

    @property
    def full_confirmation_at(self) -> float:
        """When all that the first listing showed, and what it did not show, could be settled."""
        if self.confirmed and not self.is_pending:
            return self.absent_since + ABSENCE
        return self.confirmation_at


def first_seen(listed: Parameters, at: float, lasted: float = 0.0) -> Seen:
    """The first listing: published as it is, and not confirmed.

    :param at: when it began.
    :param lasted: seconds that it took.
    """
    return Seen(listed, listed, at, at, at + lasted, at)


def observe(before: Seen, listed: Parameters, at: float, lasted: float = 0.0) -> Seen:
    """Take in a further, complete listing.

    :param at: when it began.
    :param lasted: seconds that it took.
    """
    latest = _with_known(listed, before)
    same_since = before.same_since if _stamps_equal(latest, before.latest) else at
    agrees = at >= same_since + AGREEMENT

    known_missing = before.missing_since or {}
    ended = at + lasted
    missing = {name: known_missing.get(name, ended) for name, old in before.published.items() if _is_gone(old, latest)}
    gone = {name for name, since in missing.items() if at >= since + ABSENCE}

    news = {name for name, new in latest.items() if _is_news(before.published.get(name), new)}
    ripe = {name for name in news if name not in missing or name in gone}
    pending_since = (at if before.pending_since is None else before.pending_since) if ripe else None
    let_through = pending_since is not None and (agrees or at >= pending_since + STEADY_CHANGE)
    if not let_through:
        # One that changed its type keeps its old state until the new one can take its place.
        gone -= latest.keys()
        ripe = set()

    pending_since = None if let_through else pending_since
    has_vanished = _has_vanished(before, latest)
    absent_since = ended if has_vanished else before.absent_since
    # A name that was missed may be what is pending: it has come back, and is about to be published.
    is_absence = pending_since is None and at >= absent_since + ABSENCE

    published = before.published
    if gone or ripe:
        published = {name: each for name, each in published.items() if name not in gone}
        published |= {name: latest[name] for name in ripe}
        missing = {name: since for name, since in missing.items() if name not in gone}
    return Seen(
        published=published,
        latest=latest,
        first_at=before.first_at,
        latest_at=at,
        absent_since=absent_since,
        same_since=same_since,
        pending_since=pending_since,
        missing_since=missing or None,
        confirmed=before.confirmed or agrees or at >= before.first_at + STEADY_CHANGE,
        absence_confirmed=is_absence or (before.absence_confirmed and not has_vanished),
        changed_at=at if gone or ripe else before.changed_at,
    )


def seen_before_a_pause(seen: Seen, at: float) -> Seen:
    """What a process knows that was paused, and has listed again since.

    What is not published may have come and gone unseen: that it is missing has to be confirmed anew.

    :param at: when that listing ended.
    """
    return replace(seen, absence_confirmed=False, absent_since=at)


def with_values(seen: Seen, values: Parameters) -> Seen:
    """The same with other values for some of the published names, whose stamps stay."""
    if not values:
        return seen
    published = {**seen.published, **values}
    latest = {
        name: published[name] if name in values and published[name].stamp == each.stamp else each
        for name, each in seen.latest.items()
    }
    return replace(seen, published=published, latest=latest)


def _with_known(listed: Parameters, before: Seen) -> Parameters:
    """The listing, with the parameters that are known already in place of those that say the same."""
    latest: dict[str, Parameter] = {}
    for name, new in listed.items():
        old = before.published.get(name)
        latest[name] = old if old is not None and old.stamp == new.stamp else new
    is_same = len(latest) == len(before.published) and all(
        each is before.published.get(n) for n, each in latest.items()
    )
    return before.published if is_same else latest


def _stamps_equal(one: Parameters, other: Parameters) -> bool:
    if one is other or len(one) != len(other):
        return one is other
    for name, each in one.items():
        known = other.get(name)
        if known is None or (known is not each and known.stamp != each.stamp):
            return False
    return True


def _has_vanished(before: Seen, latest: Parameters) -> bool:
    """Whether something is gone that was never published."""
    if before.latest is before.published or before.latest is latest:
        return False
    return any(_is_gone(each, latest) and _is_gone(each, before.published) for each in before.latest.values())


def _is_gone(old: Parameter, latest: Parameters) -> bool:
    new = latest.get(old.stamp.name)
    return new is None or new.stamp.type is not old.stamp.type


def _is_news(old: Parameter | None, new: Parameter) -> bool:
    return old is None or (old is not new and old.stamp != new.stamp)
