"""botocore's sessions: one makes all clients, so that the models are loaded once."""

import os
from datetime import UTC, datetime
from threading import Lock
from typing import Any, Final

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import UnknownRegionError
from botocore.utils import parse_timestamp

from paramsync.core.identity import OPERATOR

from .counting import Sent, count
from .models import Models


class _Base(botocore.session.Session):
    """A session that signs with whatever it is told, client by client, instead of looking for credentials once."""

    told: Credentials | None = None

    def get_credentials(self) -> Credentials | None:
        """What the client that is being made is to sign with."""
        return self.told


class Sessions:
    """Makes clients, and finds the operator's own credentials. Thread-safe.

    A client costs 0.33 MiB and 3 ms; with a session for each, even one that shares the models, half as much again. Once
    it has connected, the list of authorities that it trusts adds 0.7 MiB.
    """

    def __init__(self, credential_config: Config, sent: Sent) -> None:
        """Begin without a session: the first takes long.

        :param credential_config: timeouts and retries of the clients that find the operator's own credentials.
        :param sent: is told of each request to STS that those send.
        """
        self._lock: Final = Lock()
        self._base: _Base | None = None
        self._boto3: boto3.session.Session | None = None
        self._config: Final = credential_config
        self._region: str | None = None
        self._sent: Final = sent

    def own_region(self) -> str | None:
        """The Region that the environment or the AWS configuration file gives the operator, if any.

        boto3 alone reads AWS_DEFAULT_REGION but not AWS_REGION, which all other SDKs read.
        """
        if self._region is None:
            with self._lock:
                self._region = os.environ.get("AWS_REGION") or self._open()[1].region_name
        return self._region

    def partition(self, region: str) -> str | None:
        """The partition that a Region is of; None for a Region that botocore cannot place."""
        with self._lock:
            base, _ = self._open()
            try:
                return base.get_partition_for_region(region)
            except UnknownRegionError:
                return None

    # boto3's type of a client depends on the service's name, which only the caller knows.
    def client(
        self, service: Any, credentials: Credentials | None, region: str, config: Config, url: str | None
    ) -> Any:
        """Make a client. No I/O: credentials are asked when a request is signed.

        :param credentials: what it signs with; None if it does not sign.
        :param url: the endpoint, or None for the one that the environment or AWS names.
        :raises botocore.exceptions.BotoCoreError: if a Region or a setting of boto3 is not understood.
        :raises ValueError: if the URL is none.
        """
        with self._lock:
            base, session = self._open()
            base.told = credentials
            try:
                return session.client(service, region_name=region, config=config, endpoint_url=url)
            finally:
                base.told = None

    def own_credentials(self) -> Credentials | None:
        """The operator's own credentials, by the chain that boto3 documents, looked for anew. None if it has none.

        :raises Exception: whatever a link of the chain raises.
        """
        region = self.own_region()
        with self._lock:
            base, _ = self._open()
            # A new session: one caches what it found, and within it the answers of STS.
            session = botocore.session.Session()
            session.register_component("data_loader", base.get_component("data_loader"))
        session.set_default_client_config(self._config)
        count(session.get_component("event_emitter"), OPERATOR, self._sent)
        if region is not None:
            session.set_config_variable("region", region)
        return session.get_credentials()

    def _open(self) -> tuple[_Base, boto3.session.Session]:
        if self._base is None or self._boto3 is None:
            self._base = _Base()
            told = self._base.get_config_variable("data_path") or ""
            paths = [os.path.expanduser(os.path.expandvars(path)) for path in told.split(os.pathsep) if path]  # noqa: PTH111
            self._base.register_component("data_loader", Models(paths))
            self._base.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_moment)
            self._boto3 = boto3.session.Session(botocore_session=self._base)
        return self._base, self._boto3


def _moment(value: str | float) -> datetime:
    """A moment of an answer. botocore tries several time zones, which is a sixth of what a page of SSM costs."""
    if not isinstance(value, str):
        return datetime.fromtimestamp(value, UTC)
    return parse_timestamp(value)
