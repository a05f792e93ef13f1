"""The operator's own identity: credentials by boto3's chain, and the account that they belong to."""

import logging
import os
import re
from collections.abc import Callable
from threading import Lock
from typing import Final

from botocore.credentials import RefreshableCredentials

from . import errors as identity_errors
from .credentials import Fetched, Kept
from .sessions import Sessions
from .sts import Caller, Sts

log = logging.getLogger(__name__)

WEB_IDENTITY: Final = "assume-role-with-web-identity"
"""What botocore calls credentials that it got for a token."""

_SESSION: Final = re.compile(r"(:assumed-role/[^/]+)/.*")

ASK_AGAIN: Final = 600.0
"""Seconds after which the account is asked for again that AWS did not tell."""


class Own:
    """The operator's own identity, which every identity may begin with. Thread-safe."""

    def __init__(self, sessions: Sessions, sts: Sts, clock: Callable[[], float]) -> None:
        self._sessions: Final = sessions
        self._sts: Final = sts
        self._clock: Final = clock
        self._lock: Final = Lock()
        self._caller = Caller(None, None)
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
            if self._caller.account is None and (self._ask_at is None or self._clock() >= self._ask_at):
                self._caller = self._ask(region)
                self._ask_at = self._clock() + ASK_AGAIN
            return self._caller.account

    @property
    def arn(self) -> str | None:
        """The ARN, if the credentials came with it or STS was asked for the account. Never blocks.

        Without the name of the role's session: other tools choose it, and another one each time.
        """
        told = self.credentials.arn or self._caller.arn
        return None if told is None else _SESSION.sub(r"\1", told)

    def _ask(self, region: str) -> Caller:
        try:
            return self._sts.caller(self.credentials, region)
        except Exception as error:  # noqa: BLE001  (of an answer that is not one of AWS, botocore raises whatever it meets)
            what = str(identity_errors.of_account(error))
            log.warning("the operator's account is not known", extra={"what": what})
            return Caller(None, None)

    def _find(self) -> Fetched:
        try:
            found = self._sessions.own_credentials()
            credentials = None if found is None else found.get_frozen_credentials()
        except Exception as error:  # noqa: BLE001  (each link of the chain has its own ways to fail)
            raise identity_errors.of_operator(error) from None
        if credentials is None:
            raise identity_errors.no_credentials()
        if isinstance(found, RefreshableCredentials):
            # IRSA: this method takes its role from this variable first (boto3, "Credentials").
            role = os.environ.get("AWS_ROLE_ARN") if found.method == WEB_IDENTITY else None
            return Fetched(credentials, found.refresh_needed, role)
        return Fetched(credentials, lambda _: False)
