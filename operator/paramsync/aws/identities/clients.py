"""One SSM client per identity, and the credentials that it signs with."""

import logging
import time
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Final

import boto3
import botocore
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from paramsync import __version__
from paramsync.aws.errors import SourceError
from paramsync.aws.sending import stamp
from paramsync.core.identity import Identity, ServiceAccount
from paramsync.core.reasons import Reason

from . import errors as identity_errors
from .backoff import BackOff
from .counting import Sent
from .credentials import Kept, again
from .own import Own
from .sessions import Sessions
from .sts import Sts

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

CONNECT_TIMEOUT, READ_TIMEOUT = 5, 10
"""Seconds. botocore's own defaults of 60 would hold a thread on a half-open connection."""

USER_AGENT: Final = f"paramsync/{__version__} Boto3/{boto3.__version__} Botocore/{botocore.__version__}"
"""What AWS is told about the client. Left to itself, botocore puts it together anew for each request, which is a tenth
of what a page of SSM costs."""

NAME: Final = "paramsync"
"""The name of a role's session, if the identity has none."""

log = logging.getLogger(__name__)


class _Entry:
    """What is kept for one identity."""

    def __init__(self, credentials: Kept, clock: Callable[[], float]) -> None:
        self.lock: Final = Lock()
        self.credentials: Final = credentials
        self.client: SSMClient | None = None
        self.discards: Final = BackOff(clock)
        self.refusal: SourceError | None = None

    def check(self) -> None:
        """Raise why the identity cannot be had without asking anyone, if it cannot."""
        if self.discards.waits and self.refusal is not None:
            raise again(self.refusal)
        if (failure := self.credentials.failure) is not None:
            raise failure

    def close(self) -> None:
        with self.lock:
            if self.client is not None:
                self.client.close()
            self.client = None


class Clients:
    """Makes and keeps the clients. Thread-safe; what one identity waits for holds up no other.

    Identities share the operator's own credentials, where theirs begin with them, and nothing else.
    """

    def __init__(
        self,
        connections: int,
        token_for: Callable[[ServiceAccount], str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        sent: Sent = lambda *_: None,
    ) -> None:
        """Begin without any client.

        :param connections: the most that one client keeps open.
        :param token_for: asks Kubernetes for a short-lived token of a service account, for audience
            ``sts.amazonaws.com``; raises SourceError. Called in the threads that call this.
        :param clock: seconds that only grow.
        :param sent: is told of each request to STS, in the thread that sent it.
        """
        self._lock: Final = Lock()
        self._entries: Final[dict[Identity, _Entry]] = {}
        self._token_for: Final = token_for
        self._clock: Final = clock
        # What is asked of SSM is of models that are stricter than botocore's own check, which costs time at each page.
        self._config: Final = _config(attempts=1, connections=connections).merge(Config(parameter_validation=False))
        self._sessions: Final = Sessions(_config(attempts=2), sent)
        self._sts: Final = Sts(self._sessions, _config(attempts=1), clock, sent)
        self._own: Final = Own(self._sessions, self._sts, clock)

    def own_region(self) -> str | None:
        """The Region that the environment or the AWS configuration file gives the operator, if any."""
        try:
            return self._sessions.own_region()
        except BotoCoreError as error:
            raise identity_errors.of_operator(error) from None

    def partition(self, region: str) -> str:
        """The partition that a Region is of; that of most Regions for one that botocore cannot place."""
        try:
            return self._sessions.partition(region) or "aws"
        except BotoCoreError as error:
            raise identity_errors.of_operator(error) from None

    def client(self, identity: Identity) -> "SSMClient":
        """The client of an identity. Its requests raise SourceError if credentials are needed and cannot be had.

        :raises SourceError: while the identity cannot be had.
        """
        entry = self._entry(identity)
        entry.check()
        with entry.lock:
            if entry.client is None:
                entry.client = self._make(identity, entry.credentials)
            return entry.client

    def is_ready(self, identity: Identity) -> bool:
        """Whether a request of this identity needs nothing but the request. Never blocks."""
        entry = self._entries.get(identity)
        return entry is not None and entry.client is not None and entry.credentials.is_ready

    def prepare(self, identity: Identity) -> str | None:
        """Make the client and get or renew its credentials. Blocks.

        :returns: the account; None if it cannot be known.
        :raises SourceError: while the identity cannot be had; the same from try to try.
        """
        self.client(identity)
        entry = self._entry(identity)
        entry.credentials.get_frozen_credentials()
        if identity.account is not None or entry.credentials is not self._own.credentials:
            return identity.account
        return self._own.account(self._sts_region(identity))

    def arn(self, identity: Identity) -> str | None:
        """The ARN that AWS knows an identity by, if it came with what was asked anyway. Never blocks."""
        entry = self._entries.get(identity)
        if entry is None:
            return None
        return self._own.arn if entry.credentials is self._own.credentials else entry.credentials.arn

    def discard(self, identity: Identity, why: SourceError | None = None) -> None:
        """AWS does not accept the credentials of an identity: forget them and its client.

        Others are had after a back-off of 10 s, doubling to 5 minutes while they are discarded again; calls during
        a back-off change nothing. It begins anew when nothing was discarded for 10 minutes.

        :param why: what ``client`` and ``prepare`` raise until then.
        """
        entry = self._entries.get(identity)
        if entry is None or entry.discards.waits:
            return
        entry.refusal = why or identity_errors.discarded(entry.credentials.name)
        entry.discards.failed()
        entry.credentials.refused()
        entry.close()
        log.warning("credentials are discarded", extra={"identity": entry.credentials.name})

    def release(self, identity: Identity) -> None:
        """Nobody needs an identity any more: close its connections and forget everything about it."""
        with self._lock:
            entry = self._entries.pop(identity, None)
        if entry is not None:
            entry.close()

    def close(self) -> None:
        """Close all connections and forget all identities."""
        for identity in list(self._entries):
            self.release(identity)

    def __len__(self) -> int:
        return sum(entry.client is not None for entry in list(self._entries.values()))

    def _entry(self, identity: Identity) -> _Entry:
        with self._lock:
            if identity not in self._entries:
                self._entries[identity] = _Entry(self._credentials(identity), self._clock)
            return self._entries[identity]

    def _credentials(self, identity: Identity) -> Kept:
        session, account, role = identity.session or NAME, identity.service_account, identity.role
        kept = self._own.credentials
        if account is not None:
            kept = Kept(
                account.role_arn,
                lambda: self._sts.exchange(
                    account, self._token(account), session, self._sts_region(identity, account.role_arn)
                ),
                self._clock,
            )
        if role is not None:
            source = kept
            kept = Kept(
                role.arn,
                lambda: self._sts.assume(role, session, source, self._sts_region(identity, role.arn)),
                self._clock,
            )
        return kept

    def _token(self, account: ServiceAccount) -> str:
        if self._token_for is None:
            raise SourceError(
                Reason.ACCESS_DENIED,
                f"The operator may not ask for tokens of service accounts such as {account.namespace}/{account.name};"
                " serving ParameterStores is not enabled",
            )
        return self._token_for(account)

    def _sts_region(self, identity: Identity, role_arn: str = "") -> str:
        """Where to ask STS: near the operator if the role is of the same partition, else where the store is."""
        own = self.own_region()
        if own is None:
            return identity.region
        partition = role_arn.split(":")[1] if ":" in role_arn else None
        return own if partition in {None, self._sessions.partition(own)} else identity.region

    def _make(self, identity: Identity, credentials: Kept) -> "SSMClient":
        try:
            # FIPS and dual stack of the environment are for AWS's own endpoints: botocore uses a URL as it is written.
            client: SSMClient = self._sessions.client(
                "ssm", credentials, identity.region, self._config, identity.endpoint
            )
        except (BotoCoreError, ValueError) as error:
            raise identity_errors.of_client(error) from None
        client.meta.events.register("before-send.ssm", stamp)
        return client


def _config(attempts: int, connections: int = 1) -> Config:
    """Timeouts and retries of a client.

    :param attempts: of SSM and of a hop only one. The feed knows how many others wait for the same API budget, and the
        credentials know their back-off.
    """
    return Config(
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        max_pool_connections=connections,
        retries={"total_max_attempts": attempts, "mode": "standard"},
        tcp_keepalive=True,
        user_agent=USER_AGENT,
    )
