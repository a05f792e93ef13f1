"""The operator's own identity: credentials by boto3's chain, and the account that they belong to."""

import logging
import os
from collections.abc import Callable
from threading import Lock
from typing import Final

from botocore.credentials import RefreshableCredentials

from . import errors as identity_errors
from .credentials import Fetched, Kept
from .sessions import Sessions
from .sts import Sts

log = logging.getLogger(__name__)

ASK_AGAIN: Final = 600.0
"""Seconds after which the account is asked for again that AWS did not tell."""


class Own:
    """The operator's own identity, which every identity may begin with. Thread-safe."""

    def __init__(self, sessions: Sessions, sts: Sts, clock: Callable[[], float]) -> None:
        self._sessions: Final = sessions
        self._sts: Final = sts
        self._clock: Final = clock
        self._lock: Final = Lock()
        self._account: str | None = None
        self._ask_at: float | None = None
        self.credentials: Final = Kept("the operator's role", self._find, clock, shared=True)

    def account(self, region: str) -> str | None:
        """The account; None if it cannot be known now. Blocks.

        What the credentials came with, else the environment, else STS is asked, once.

        :param region: of STS.
        :raises SourceError: if there are no credentials.
        """
        told = self.credentials.get_frozen_credentials().account_id or os.environ.get("AWS_ACCOUNT_ID")
        if told:
            return told
        with self._lock:
            if self._account is None and (self._ask_at is None or self._clock() >= self._ask_at):
                self._account = self._ask(region)
                self._ask_at = self._clock() + ASK_AGAIN
            return self._account

    def _ask(self, region: str) -> str | None:
        try:
            return self._sts.account(self.credentials, region)
        except Exception as error:  # noqa: BLE001  (of an answer that is not one of AWS, botocore raises whatever it meets)
            what = str(identity_errors.of_account(error))
            log.warning("the operator's account is not known", extra={"what": what})
            return None

    def _find(self) -> Fetched:
        try:
            found = self._sessions.own_credentials()
            credentials = None if found is None else found.get_frozen_credentials()
        except Exception as error:  # noqa: BLE001  (each link of the chain has its own ways to fail)
            raise identity_errors.of_operator(error) from None
        if credentials is None:
            raise identity_errors.no_credentials()
        if isinstance(found, RefreshableCredentials):
            return Fetched(credentials, found.refresh_needed)
        return Fetched(credentials, lambda _: False)
