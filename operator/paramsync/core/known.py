"""What a feed knows of its subtree: what is published of it, with the values that somebody wants."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from . import settling
from .listing import Listed
from .parameters import Parameter, Snapshot, Stamp, Subtree
from .search import Seal, Search
from .settling import Seen
from .values import NOT_OPENED, Sealed, SecureValue, Value
from .want import Want


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a subtree."""

    subtree: Subtree
    seen: Seen
    began: datetime
    """When the latest complete listing began."""

    lasted: float
    """Seconds that it took, with the time that its requests waited."""

    pages: int
    account: str | None
    """Where what is published is from; None if that is not known, or nothing is published."""

    want: Want
    """What was decrypted."""

    changed: datetime | None = None
    """When the listing began that made the newest change public. None while the first listing still stands."""

    unopened: frozenset[str] = frozenset()
    """Names that are wanted and whose values are not known, for they are about to vanish."""

    seals: Mapping[str, Seal] | None = None
    """What cannot be decrypted, by name."""

    @classmethod
    def first(cls, subtree: Subtree, listed: Listed, want: Want, at: float, began: datetime, lasted: float) -> "Known":
        """What a first listing shows."""
        seen = settling.first_seen(listed.parameters, at, lasted)
        return cls(subtree, seen, began, lasted, listed.pages, listed.account, want)

    def then(self, listed: Listed, at: float, began: datetime, lasted: float) -> "Known":
        """What is known after a further listing.

        What another account lists is a first listing: what was published before is none of it.

        :param at: when it began, in seconds of a clock that only goes forward.
        """
        if None not in (self.account, listed.account) and listed.account != self.account:
            return Known.first(self.subtree, listed, self.want, at, began, lasted)
        seen = settling.observe(self.seen, listed.parameters, at, lasted)
        account = listed.account or (self.account if seen.published else None)
        return replace(
            self,
            seen=seen,
            began=began,
            lasted=lasted,
            pages=listed.pages,
            account=account,
            changed=began if seen.changed_at != self.seen.changed_at else self.changed,
        )

    def known_before_a_pause(self, at: float) -> "Known":
        """The same for a process that was paused, and has listed again since; the listing ended at that time."""
        return replace(self, seen=settling.seen_before_a_pause(self.seen, at))

    @property
    def secure_bytes(self) -> int:
        """How many bytes of decrypted values are held."""
        return sum(size(each.value) for each in self.seen.published.values())

    @property
    def snapshot(self) -> Snapshot:
        """What syncs get of it."""
        settled, absence = self.seen.confirmed, self.seen.absence_confirmed
        missing = frozenset(self.seen.missing_since or ())
        return Snapshot(self.subtree, self.seen.published, self.began, self.account, settled, absence, missing)

    def closed(self, want: Want, now: float) -> list[Stamp]:
        """The stamps that are wanted, not decrypted, and not known to be undecryptable for now.

        What was tried least comes first, so that three that stay bad hold up none that is good.
        """
        found = [each.stamp for each in self.seen.published.values() if self._is_closed(each, want, now)]
        return sorted(found, key=lambda stamp: (self._pause(stamp), stamp.name))

    def retry_at(self, want: Want) -> float:
        """When what could not be decrypted is to be tried again; infinity if there is nothing to be tried."""
        seals = (self.seals or {}).values()
        due = (s.retry_at for s in seals if self._is_wanted(s.stamp, want) and self.is_listed(s.stamp))
        return min(due, default=math.inf)

    def is_listed(self, stamp: Stamp) -> bool:
        """Whether the latest listing has a stamp, so that it can be asked for."""
        latest = self.seen.latest.get(stamp.name)
        return latest is not None and latest.stamp == stamp

    def opened(self, want: Want, closed: list[Stamp], search: Search, now: float) -> "Known":
        """The same with the values of what was closed; or with why there are none."""
        if not closed and not self.unopened and not self.seals and want == self.want:
            return self
        found: dict[Stamp, Value] = {**search.values, **search.bad, **search.untried}
        values = {stamp.name: Parameter(stamp, found[stamp]) for stamp in closed if stamp in found}
        old, published = self.seals or {}, self.seen.published
        seals = {name: seal for name, seal in old.items() if name in published and name not in values}
        seals |= {
            stamp.name: Seal.after(stamp, old.get(stamp.name), now)
            for stamp, value in found.items()
            if isinstance(value, Sealed) and stamp not in search.untried and stamp.name in values
        }
        seals |= {stamp.name: Seal.untried(stamp, now) for stamp in search.untried}
        return replace(
            self,
            seen=settling.with_values(self.seen, values),
            want=want,
            unopened=frozenset(stamp.name for stamp in closed if stamp not in found),
            seals=seals or None,
        )

    def unsealed(self) -> "Known":
        """The same, with another try for what could not be decrypted."""
        return replace(self, seals={name: seal.broken() for name, seal in (self.seals or {}).items()} or None)

    def keeping(self, want: Want) -> "Known":
        """The same without the plaintext that nobody wants any more."""
        dropped = {
            name: Parameter(each.stamp, NOT_OPENED)
            for name, each in self.seen.published.items()
            if isinstance(each.value, SecureValue) and not self._is_wanted(each.stamp, want)
        }
        return replace(self, seen=settling.with_values(self.seen, dropped), want=self.want.served_of(want))

    def _is_closed(self, each: Parameter, want: Want, now: float) -> bool:
        if not isinstance(each.value, Sealed):
            return False
        seal = (self.seals or {}).get(each.stamp.name)
        is_due = seal is not None and seal.stamp == each.stamp and now >= seal.retry_at
        return (each.value is NOT_OPENED or is_due) and self._is_wanted(each.stamp, want)

    def _pause(self, stamp: Stamp) -> float:
        seal = (self.seals or {}).get(stamp.name)
        return seal.pause if seal is not None and seal.stamp == stamp else 0.0

    def _is_wanted(self, stamp: Stamp, want: Want) -> bool:
        return want.takes(self.subtree.relative_name(stamp.name), stamp.type)


def size(value: Value) -> int:
    """How many bytes of plaintext of a SecureString a value holds."""
    return value.size if isinstance(value, SecureValue) else 0


def news(before: Known | None, after: Known | None) -> frozenset[str] | None:
    """The names whose published state differs, in stamp or in whether there is a value; None if all may."""
    if before is None or after is None:
        return frozenset() if before is after else None
    if before.account not in (None, after.account):
        return None
    old, new = before.seen.published, after.seen.published
    if old is new:
        return frozenset()
    return frozenset(name for name in old.keys() | new.keys() if _differs(old.get(name), new.get(name)))


def _differs(old: Parameter | None, new: Parameter | None) -> bool:
    if old is new:
        return False
    if old is None or new is None or old.stamp != new.stamp:
        return True
    return (isinstance(old.value, Sealed) or isinstance(new.value, Sealed)) and old.value != new.value
