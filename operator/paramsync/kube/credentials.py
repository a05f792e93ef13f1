"""How the API server is reached and who asks, by a kubeconfig or the pod's service account.

Both are renewed while the process runs: kubelet replaces the token and the authorities of a service account, and
others the files that a kubeconfig names. What stands in them now counts, not what stood there at the start.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from kubernetes import config
from kubernetes.client import ApiClient, Configuration

log = logging.getLogger(__name__)

BEARER: Final = "BearerToken"
"""What the client calls the way to prove who asks."""


class KubeconfigError(Exception):
    """There is no usable way to reach an API server; its text quotes no content of a file."""


class PluginError(KubeconfigError):
    """A kubeconfig's credential plugin gave no credentials."""


@dataclass(frozen=True, slots=True)
class Connection:
    """How the API server is reached, for a client that is not this one."""

    server: str
    ca_file: str | None
    verify: bool
    certificate_file: str | None
    key_file: str | None
    token: str | None = field(repr=False)


class Credentials:
    """What a kubeconfig or a service account says, and what it says now."""

    def __init__(self, load: Callable[[Configuration], None]) -> None:
        """Read them.

        :param load: reads them into a configuration of the client, or raises KubeconfigError.
        :raises KubeconfigError: if they cannot be read.
        """
        self._load = load
        self._reading = threading.Lock()
        self.configuration = Configuration()
        self._load(self.configuration)

    def read(self) -> None:
        """Read them again, one thread at a time. If a plugin fails, those that it gave before are used.

        :raises KubeconfigError: if they cannot be read; those that were read before stay.
        """
        with self._reading:
            try:
                self._load(self.configuration)
            except PluginError as error:
                _tell(error)

    def renewed(self, refused: str | None) -> bool:
        """Whether there are others than those that were refused. They are read again, once for all who ask.

        :param refused: the header of the request.
        :raises KubeconfigError: if they cannot be read.
        """
        with self._reading:
            if authorization(self.configuration) == refused:
                self._load(self.configuration)
            return authorization(self.configuration) != refused


def authorization(configuration: Configuration) -> str | None:
    """The header that proves who asks; None if a certificate does. A service account's file is read once a minute, and
    a plugin asked shortly before its token expires.

    :raises KubeconfigError: if there is no token where one is to be read.
    """
    header: str | None
    try:
        header = configuration.get_api_key_with_prefix(BEARER)
    except PluginError as error:
        _tell(error)
        header = configuration.api_key.get(BEARER)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise KubeconfigError(f"the token cannot be read: {why}") from None
    except (config.ConfigException, ValueError, LookupError, TypeError, AttributeError):  # their texts may quote it
        raise KubeconfigError("the token cannot be read: its file is empty, or has another form") from None
    header = header and header.strip()  # a file often ends with a line break, which no header may have
    if header and not (header.isascii() and header.isprintable()):
        raise KubeconfigError("the token has characters that no token has: log in anew, or write it again")
    return header


def _tell(error: PluginError) -> None:
    log.warning("a credential plugin failed; what it gave before is used", extra={"error": str(error)})


def are_known(configuration: Configuration) -> bool:
    """Whether anything proves who asks.

    :raises KubeconfigError: if there is no token where one is to be read.
    """
    return authorization(configuration) is not None or configuration.cert_file is not None


def connection(client: ApiClient) -> Connection:
    """How a client reaches the API server.

    :raises KubeconfigError: if there is no token where one is to be read.
    """
    configuration = client.configuration
    _, _, token = (authorization(configuration) or "").partition(" ")
    return Connection(
        server=configuration.host,
        ca_file=configuration.ssl_ca_cert,
        verify=configuration.verify_ssl,
        certificate_file=configuration.cert_file,
        key_file=configuration.key_file,
        token=token or None,
    )
