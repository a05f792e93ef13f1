"""Who asks: users with static keys, and the sessions of roles."""

from __future__ import annotations

import re
import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

from tests.aws.errors import AwsError, expired_token, unrecognized_client

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.aws.wire import Call

KEY = re.compile(r"AKIA(\d{12})")
ROLE = re.compile(r"arn:(aws[a-z-]*):iam::(\d{12}):role/(?:[!-~]*/)?([\w+=,.@-]{1,64})")
KEPT = 10_000
"""How many sessions are remembered. An older one is as unknown as one that never was."""


@dataclass(frozen=True)
class Caller:
    """Whom a request comes from. `identity` is what it is counted as."""

    identity: str
    account: str
    arn: str
    unique_id: str


@dataclass(frozen=True)
class Session(Caller):
    """A role's session, as it was asked for and given out."""

    name: str
    access_key: str
    secret_key: str = field(repr=False)
    token: str = field(repr=False)
    expires: float
    """On the stub's clock."""
    expiration: datetime
    """What the client was told."""
    duration: float
    by: str
    """The identity that assumed the role; empty for a web identity."""
    external_id: str | None
    tags: Mapping[str, str]
    web_identity_token: str | None = field(repr=False)


class Identities:
    """The sessions given out, and who may have one. Thread-safe."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._numbers = count(1)
        self._sessions: dict[str, Session] = {}
        self._order: deque[str] = deque()
        self._expired: set[str] = set()
        self._external_ids: dict[str, str] = {}
        self._denied: set[str] = set()

    def sessions(self, role: str | None = None) -> list[Session]:
        """Return the sessions given out, in order, of one role or of all."""
        with self._lock:
            return [session for session in self._sessions.values() if role in {None, session.identity}]

    def expire(self, role: str | None = None) -> None:
        """Let the sessions given out so far, of one role or of all, be past their time."""
        with self._lock:
            self._expired.update(key for key, session in self._sessions.items() if role in {None, session.identity})

    def require_external_id(self, role: str, external_id: str) -> None:
        """Let the role be assumed with this external id only."""
        with self._lock:
            self._external_ids[role] = external_id

    def deny(self, role: str) -> None:
        """Let nobody assume the role, until `allow`."""
        with self._lock:
            self._denied.add(role)

    def allow(self, role: str) -> None:
        """Let the role be assumed again, with or without an external id."""
        with self._lock:
            self._denied.discard(role)
            self._external_ids.pop(role, None)

    def may_assume(self, role: str, external_id: str | None) -> bool:
        """Return whether the role's trust policy lets it be assumed."""
        with self._lock:
            return role not in self._denied and self._external_ids.get(role, external_id) == external_id

    def issue(
        self,
        role: str,
        name: str,
        duration: float,
        *,
        by: str = "",
        external_id: str | None = None,
        tags: Mapping[str, str] | None = None,
        web_identity_token: str | None = None,
    ) -> Session:
        """Give out a session of the role."""
        match = ROLE.fullmatch(role)
        assert match is not None, "it was checked before"
        partition, account, role_name = match.groups()
        with self._lock:
            number = next(self._numbers)
            session = Session(
                identity=role,
                account=account,
                arn=f"arn:{partition}:sts::{account}:assumed-role/{role_name}/{name}",
                unique_id=f"AROA{account}STUB:{name}",
                name=name,
                access_key=f"ASIA{number:016}",
                secret_key=f"secret/{number}",
                token=f"token/{number}/{'x' * 300}",
                expires=self._clock() + duration,
                expiration=datetime.now(UTC) + timedelta(seconds=duration),
                duration=duration,
                by=by,
                external_id=external_id,
                tags=tags or {},
                web_identity_token=web_identity_token,
            )
            self._sessions[session.access_key] = session
            self._order.append(session.access_key)
            if len(self._order) > KEPT:
                oldest = self._order.popleft()
                del self._sessions[oldest]
                self._expired.discard(oldest)
            return session

    def caller(self, call: Call) -> Caller | None:
        """Return who signed the call, whether or not its time is over; None for nobody known."""
        if (session := self._sessions.get(call.access_key)) is not None:
            return session
        if (user := KEY.fullmatch(call.access_key)) is None:
            return None
        arn = f"arn:aws:iam::{user[1]}:user/stub"
        return Caller(call.access_key, user[1], arn, f"AIDA{user[1]}STUB")

    def refusal(self, call: Call, caller: Caller | None) -> AwsError | None:
        """Return what AWS says to credentials that are not good, and None for good ones."""
        if caller is None or (isinstance(caller, Session) and call.headers.get("X-Amz-Security-Token") != caller.token):
            return _spelled(unrecognized_client(), "InvalidClientTokenId", call)
        if isinstance(caller, Session) and (caller.access_key in self._expired or self._clock() >= caller.expires):
            return _spelled(expired_token(), "ExpiredToken", call)
        return None


def _spelled(error: AwsError, of_sts: str, call: Call) -> AwsError:
    # STS has codes of its own for these two, and answers 403.
    return error if call.service == "ssm" else AwsError(of_sts, error.message, 403)
