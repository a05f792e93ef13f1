"""One SSM client per identity."""

import os
from threading import Lock
from typing import TYPE_CHECKING, Final

import boto3
from botocore.config import Config

from paramsync import __version__
from paramsync.core.identity import Identity

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

CONNECT_TIMEOUT, READ_TIMEOUT = 5, 10
"""Seconds. botocore's own defaults of 60 would hold a thread on a half-open connection."""


class Clients:
    """Makes and keeps the clients. Thread-safe."""

    def __init__(self, connections: int) -> None:
        self._lock: Final = Lock()
        self._session: boto3.session.Session | None = None
        self._region: str | None = None
        self._clients: dict[Identity, SSMClient] = {}
        self._config = Config(
            connect_timeout=CONNECT_TIMEOUT,
            read_timeout=READ_TIMEOUT,
            max_pool_connections=connections,
            # Retries are the feed's: it knows how many others wait for the same API budget.
            retries={"total_max_attempts": 1, "mode": "standard"},
            tcp_keepalive=True,
            user_agent_extra=f"paramsync/{__version__}",
        )

    def own_region(self) -> str | None:
        """The Region that the environment or the AWS configuration file gives the operator, if any.

        boto3 alone reads AWS_DEFAULT_REGION but not AWS_REGION, which all other SDKs read.
        """
        if self._region is None:
            with self._lock:
                self._region = os.environ.get("AWS_REGION") or self._base().region_name
        return self._region

    def client(self, identity: Identity) -> "SSMClient":
        """The client of an identity.

        :raises botocore.exceptions.BotoCoreError: if none can be made.
        """
        with self._lock:
            if identity not in self._clients:
                self._clients[identity] = self._base().client(
                    "ssm", region_name=identity.region, endpoint_url=identity.endpoint, config=self._config
                )
            return self._clients[identity]

    def is_ready(self, identity: Identity) -> bool:
        """Whether the client can be used at once."""
        return identity in self._clients

    def prepare(self, identity: Identity) -> str | None:
        """Make the client; the account, if it is known."""
        self.client(identity)
        return identity.account

    def release(self, identity: Identity) -> None:
        """Nobody needs an identity any more."""
        self.discard(identity)

    def discard(self, identity: Identity) -> None:
        """Forget the client of an identity: one that found no credentials would never look for them again."""
        with self._lock:
            client = self._clients.pop(identity, None)
        if client is not None:
            client.close()

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _base(self) -> boto3.session.Session:
        if self._session is None:
            self._session = boto3.session.Session()
        return self._session
