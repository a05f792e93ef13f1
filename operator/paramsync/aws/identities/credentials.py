"""Credentials that are renewed ahead of their end, with back-off, and used for as long as they are good.

botocore's own kind asks STS again at every request while a renewal fails, and logs a traceback each time. Its
signers need nothing of credentials but ``get_frozen_credentials``, so this kind brings its own.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from botocore.credentials import Credentials, ReadOnlyCredentials

from paramsync.aws.errors import SourceError
from paramsync.core.reasons import Reason

from .backoff import BackOff

log = logging.getLogger(__name__)

AHEAD: Final = 900
"""Seconds before their end from which credentials are renewed; as botocore does."""

LAST: Final = 60
"""Seconds before their end from which requests wait for the renewal that another one has begun."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """Credentials as they were got."""

    credentials: ReadOnlyCredentials = field(repr=False)
    expires_within: Callable[[int], bool]
    """Whether they end within so many seconds from now."""

    arn: str | None = None
    """Of whom they make, if that came with them."""


class Kept(Credentials):
    """Credentials of one hop. Thread-safe: one thread renews; others wait only if nothing good is left."""

    def __init__(
        self, name: str, fetch: Callable[[], Fetched], clock: Callable[[], float], *, shared: bool = False
    ) -> None:
        """Begin without credentials: the first use gets them.

        :param name: whose they are, in words for the log and for messages.
        :param fetch: asks for new ones; raises SourceError.
        :param clock: seconds that only grow.
        :param shared: whether several identities use them, so that one whom AWS refuses takes them from no other.
        """
        super().__init__("", "", method="paramsync")
        self.name: Final = name
        self._fetch: Final = fetch
        self._shared: Final = shared
        self._lock: Final = Lock()
        self._backoff: Final = BackOff(clock)
        self._renewals: Final = BackOff(clock)
        self._held: Fetched | None = None
        self._ahead = AHEAD
        self._stale = False
        self._fails = False
        self._failure = SourceError(Reason.SOURCE_UNAVAILABLE, f"Nobody asked for credentials of {name} yet")

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """Good credentials, renewed if it is time. Blocks then.

        :raises SourceError: if there are none; while backing off the same again, without a call.
        """
        held = self._held
        if held is not None and not self._is_due(held):
            return held.credentials
        if held is None or held.expires_within(LAST):
            self._lock.acquire()
        elif not self._lock.acquire(blocking=False):
            return held.credentials
        try:
            return self._renewed().credentials
        finally:
            self._lock.release()

    @property
    def is_ready(self) -> bool:
        """Whether the next use needs no call. Never blocks."""
        held = self._held
        return held is not None and not self._is_due(held)

    @property
    def arn(self) -> str | None:
        """Of whom the credentials at hand make, if that came with them. Never blocks."""
        held = self._held
        return None if held is None else held.arn

    @property
    def failure(self) -> SourceError | None:
        """Why the next use would fail without a call, if it would. Never blocks."""
        held = self._held
        is_usable = held is not None and not held.expires_within(0)
        return None if is_usable or not self._backoff.waits else again(self._failure)

    def refused(self) -> None:
        """AWS does not accept them: get others at the next use, but shared ones no faster than a back-off allows.

        Until then shared ones stay in use, because AWS also refuses good ones: in a Region that is not enabled.
        """
        if not self._shared:
            self._held = None
        elif not self._renewals.waits:
            self._renewals.failed()
            self._stale = True

    def _is_due(self, held: Fetched) -> bool:
        if held.expires_within(0):
            return True
        return (self._stale or held.expires_within(self._ahead)) and not self._backoff.waits

    def _renewed(self) -> Fetched:
        held = self._held
        if held is not None and not self._is_due(held):
            return held
        if not self._backoff.waits:
            try:
                return self._take(self._fetch())
            except SourceError as error:
                self._failed(error)
        if held is None or held.expires_within(0):
            raise again(self._failure)
        return held

    def _take(self, fetched: Fetched) -> Fetched:
        if fetched.expires_within(0):
            raise SourceError(
                Reason.ACCESS_DENIED,
                f"The credentials of {self.name} have ended when they come; check the clock of the operator's node",
            )
        # Short-lived ones are used for half their life at least; they would be renewed at every request otherwise.
        self._ahead = AHEAD
        while self._ahead > 0 and fetched.expires_within(2 * self._ahead):
            self._ahead //= 2
        self._held, self._stale = fetched, False
        self._backoff.succeeded()
        if self._fails:
            log.info("credentials are renewed again", extra={"identity": self.name})
            self._fails = False
        return fetched

    def _failed(self, error: SourceError) -> None:
        self._backoff.failed()
        if not self._fails or str(self._failure) != str(error):
            log.warning("credentials cannot be renewed", extra={"identity": self.name, "what": str(error)})
        self._fails, self._failure = True, again(error)


def again(error: SourceError) -> SourceError:
    """An equal error: one that is raised twice would gather tracebacks."""
    return type(error)(error.reason, str(error))
