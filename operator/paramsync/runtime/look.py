"""One look at a subtree: list, settle, decrypt what is new. Gives a new state of knowledge, or fails as a whole."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Protocol

from paramsync.aws.errors import SourceError, Undecryptable
from paramsync.core import settling
from paramsync.core.listing import Listed
from paramsync.core.parameters import Parameter, Snapshot, Stamp, Subtree
from paramsync.core.reasons import Reason
from paramsync.core.search import Opened, Seal, Search
from paramsync.core.settling import Seen
from paramsync.core.values import NOT_OPENED, Sealed, SecureValue, Value
from paramsync.core.want import Want

LOOKS: Final = 3
"""How often a subtree is listed anew because what was to be decrypted is not there as it was listed."""


class Ssm(Protocol):
    """What can be asked of Parameter Store."""

    async def read(self, subtree: Subtree, *, decrypt: bool, urgent: bool, admit: Callable[[int], None]) -> Listed:
        """All parameters of a subtree."""

    async def open(self, subtree: Subtree, stamps: Sequence[Stamp], *, urgent: bool) -> Opened:
        """The values of at most ten stamps."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a feed knows of its subtree."""

    seen: Seen
    began: datetime
    """When the latest complete listing began."""

    account: str | None
    pages: int
    lasted: float
    """Seconds that the listing took, with the time that its requests waited."""

    want: Want
    """What was decrypted."""

    changed: datetime | None = None
    """When the listing began that made the newest change public. None while the first listing still stands."""

    unopened: frozenset[str] = frozenset()
    """Names that are wanted and whose values are not known, for they are about to vanish."""

    seals: Mapping[str, Seal] | None = None
    """What cannot be decrypted, by name."""

    @property
    def secure_bytes(self) -> int:
        """How many bytes of decrypted values are held."""
        return sum(_size(each.value) for each in self.seen.published.values())

    def snapshot(self, subtree: Subtree) -> Snapshot:
        """What syncs get of it."""
        seen = self.seen
        settled, absence = seen.confirmed, seen.absence_confirmed
        return Snapshot(subtree, seen.published, self.began, self.account, settled, absence)

    def unsealed(self) -> "Known":
        """The same, with another try for what could not be decrypted."""
        return replace(self, seals={name: seal.broken() for name, seal in (self.seals or {}).items()} or None)

    def keeping(self, want: Want, subtree: Subtree) -> "Known":
        """The same without the plaintext that nobody wants any more."""
        dropped = {
            name: Parameter(each.stamp, NOT_OPENED)
            for name, each in self.seen.published.items()
            if isinstance(each.value, SecureValue) and not want.takes(subtree.relative_name(name), each.stamp.type)
        }
        return replace(self, seen=settling.with_values(self.seen, dropped), want=self.want.served_of(want))


@dataclass(slots=True)
class Look:
    """How to look at a subtree."""

    ssm: Ssm
    subtree: Subtree
    now: Callable[[], datetime]
    clock: Callable[[], float]
    """Seconds of a clock that only goes forward."""

    admit: Callable[[int], None]
    """Is told how many bytes of decrypted values the subtree would hold, and raises if that is too much."""

    _opened: dict[Stamp, Value] = field(default_factory=dict)
    """What looks that failed in the end have decrypted: it is not decrypted again."""

    async def at(self, known: Known | None, want: Want, *, relist: bool, urgent: bool) -> Known:
        """List and decrypt; or decrypt only, what a listing before has shown.

        :raises SourceError: if anything of it cannot be had; then nothing is published.
        """
        for _ in range(LOOKS):
            if known is None or relist:
                known = await self._list(known, want, urgent=urgent)
            known, moved = await self._open(known, want, urgent=urgent)
            if not moved:
                self._opened.clear()
                return known
            relist = True
        raise SourceError(
            Reason.SOURCE_UNAVAILABLE,
            f"SecureStrings below {self.subtree.path} are not there as they were listed; the listing starts over",
        )

    async def _list(self, before: Known | None, want: Want, *, urgent: bool) -> Known:
        if before is None and want.covers_every_secure_name:
            with suppress(Undecryptable):  # which one it is, only a search can tell
                return await self._list_once(before, want, decrypt=True, urgent=urgent)
        return await self._list_once(before, want, decrypt=False, urgent=urgent)

    async def _list_once(self, before: Known | None, want: Want, *, decrypt: bool, urgent: bool) -> Known:
        began, at = self.now(), self.clock()
        listed = await self.ssm.read(self.subtree, decrypt=decrypt, urgent=urgent, admit=self.admit)
        parameters, lasted = listed.parameters, self.clock() - at
        if before is None:
            return Known(settling.first_seen(parameters, at), began, listed.account, listed.pages, lasted, want)
        seen = settling.observe(before.seen, parameters, at)
        changed = began if seen.changed_at != before.seen.changed_at else before.changed
        account = listed.account or before.account
        known = replace(before, seen=seen, began=began, changed=changed)
        return replace(known, account=account, pages=listed.pages, lasted=lasted)

    def forget(self) -> None:
        """Drop the plaintext that failed looks have left."""
        self._opened.clear()

    async def _open(self, known: Known, want: Want, *, urgent: bool) -> tuple[Known, frozenset[Stamp]]:
        now = self.clock()
        wanted = [each for each in known.seen.published.values() if self._is_to_be_opened(each, known, want, now)]
        there = [each.stamp for each in wanted if _is_listed(each.stamp, known.seen)]
        search = await self._search([stamp for stamp in there if stamp not in self._opened], known, urgent=urgent)
        found: dict[Stamp, Value] = {**self._opened, **search.bad}
        values = {stamp.name: Parameter(stamp, found[stamp]) for stamp in there if stamp in found}
        old = known.seals or {}
        seals = {name: seal for name, seal in old.items() if name in known.seen.published and name not in values}
        seals |= {stamp.name: Seal.after(stamp, old.get(stamp.name), now) for stamp in search.bad}
        unopened = frozenset(each.stamp.name for each in wanted if each.stamp not in found)
        seen = settling.with_values(known.seen, values)
        return replace(known, seen=seen, want=want, seals=seals or None, unopened=unopened), frozenset(search.moved)

    async def _search(self, stamps: Sequence[Stamp], known: Known, *, urgent: bool) -> Search:
        search = Search.of(stamps)
        while (asked := search.ask()) is not None:
            try:
                answer = await self.ssm.open(self.subtree, asked, urgent=urgent)
            except Undecryptable as error:
                search.failed(error.reason, str(error))
            else:
                search.opened(answer)
                self._opened |= answer.values
                self.admit(known.secure_bytes + sum(map(_size, self._opened.values())))
        return search

    def _is_to_be_opened(self, each: Parameter, known: Known, want: Want, now: float) -> bool:
        stamp = each.stamp
        seal = (known.seals or {}).get(stamp.name)
        is_closed = each.value is NOT_OPENED or (
            isinstance(each.value, Sealed) and seal is not None and seal.stamp == stamp and now >= seal.retry_at
        )
        return is_closed and want.takes(self.subtree.relative_name(stamp.name), stamp.type)


def _is_listed(stamp: Stamp, seen: Seen) -> bool:
    latest = seen.latest.get(stamp.name)
    return latest is not None and latest.stamp == stamp


def _size(value: Value) -> int:
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
    return isinstance(old.value, Sealed) or isinstance(new.value, Sealed)
