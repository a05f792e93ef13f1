"""One look at a subtree: list, settle, decrypt what is new. Gives a new state of knowledge, or fails as a whole."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from paramsync.aws.errors import SourceError, Undecryptable
from paramsync.core.known import Known, size
from paramsync.core.listing import Listed
from paramsync.core.parameters import Stamp, Subtree
from paramsync.core.reasons import Reason
from paramsync.core.search import Opened, Search
from paramsync.core.values import Value
from paramsync.core.want import Want

LOOKS: Final = 3
"""How often a subtree is listed anew because what was to be decrypted is not there as it was listed."""


Urgent = Callable[[], bool]
"""Whether a request goes before periodic ones; asked for each, for somebody may come while a listing is under way."""


class Ssm(Protocol):
    """What can be asked of Parameter Store."""

    async def read(self, subtree: Subtree, *, decrypt: bool, urgent: Urgent, admit: Callable[[int], None]) -> Listed:
        """All parameters of a subtree."""

    async def open(self, subtree: Subtree, stamps: Sequence[Stamp], *, urgent: Urgent) -> Opened:
        """The values of at most ten stamps."""


@dataclass(slots=True)
class Look:
    """How to look at a subtree."""

    ssm: Ssm
    subtree: Subtree
    now: Callable[[], datetime]
    clock: Callable[[], float]
    """Seconds of a clock that only goes forward."""

    admit: Callable[[int], None]
    """Is asked whether the subtree may hold so many bytes of decrypted values, and raises if that is too much."""

    urgent: Urgent

    _opened: dict[Stamp, Value] = field(default_factory=dict)
    """What looks that failed in the end have decrypted: it is not decrypted again."""

    async def at(self, before: Known | None, want: Want, *, relist: bool) -> Known:
        """List and decrypt; or decrypt only, what a listing before has shown.

        :raises SourceError: if anything of it cannot be had; then nothing is published.
        """
        known = before
        for _ in range(LOOKS):
            if known is None or relist:
                known = await self._list(known, want)
            now = self.clock()
            closed = known.closed(want, now)
            search = await self._search([stamp for stamp in closed if known.is_listed(stamp)], before)
            known = known.opened(want, closed, search, now)
            if not search.moved:
                self._opened.clear()
                return known
            relist = True
        raise SourceError(
            Reason.SOURCE_UNAVAILABLE,
            f"SecureStrings below {self.subtree.path} are not there as they were listed; the listing starts over",
        )

    @property
    def held(self) -> int:
        """How many bytes of decrypted values failed looks have left."""
        return sum(map(size, self._opened.values()))

    def keep(self, want: Want) -> None:
        """Drop the plaintext that failed looks have left and nobody wants any more."""
        relative = self.subtree.relative_name
        for stamp in [each for each in self._opened if not want.takes(relative(each.name), each.type)]:
            del self._opened[stamp]

    async def _list(self, before: Known | None, want: Want) -> Known:
        if before is None and want.covers_every_secure_name:
            with suppress(Undecryptable):  # which one it is, only a search can tell
                return await self._list_once(before, want, decrypt=True)
        return await self._list_once(before, want, decrypt=False)

    async def _list_once(self, before: Known | None, want: Want, *, decrypt: bool) -> Known:
        began, at = self.now(), self.clock()
        listed = await self.ssm.read(self.subtree, decrypt=decrypt, urgent=self.urgent, admit=self.admit)
        lasted = self.clock() - at
        if before is None:
            return Known.first(self.subtree, listed, want, at, began, lasted)
        return before.then(listed, at, began, lasted)

    async def _search(self, stamps: Sequence[Stamp], before: Known | None) -> Search:
        search = Search.of(stamp for stamp in stamps if stamp not in self._opened)
        while (asked := search.ask()) is not None:
            try:
                answer = await self.ssm.open(self.subtree, asked, urgent=self.urgent)
            except Undecryptable as error:
                search.failed(error.reason, str(error))
            else:
                search.opened(answer)
                self._opened |= answer.values
                # What was held before is held until the look has ended.
                self.admit((before.secure_bytes if before is not None else 0) + self.held)
        search.values |= {stamp: self._opened[stamp] for stamp in stamps if stamp in self._opened}
        return search
