"""How the API server is reached and who asks, by a kubeconfig or the pod's service account.

Both are renewed while the process runs: kubelet replaces the token and the authorities of a service account, and
others the files that a kubeconfig names. What stands in them now counts, not what stood there at the start.
"""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import yaml
from kubernetes import config
from kubernetes.client import ApiClient, Configuration

BEARER: Final = "BearerToken"
"""What the client calls the way to prove who asks."""

POD_NAMESPACE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
"""Where a pod finds the name of its namespace."""


class KubeconfigError(Exception):
    """There is no usable way to reach an API server."""


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

        :param load: reads them into a configuration of the client.
        :raises KubeconfigError: if they cannot be read.
        """
        self._load = load
        self._reading = threading.Lock()
        self.configuration = Configuration()
        self.read()

    def read(self) -> None:
        """Read them again, one thread at a time.

        :raises KubeconfigError: if they cannot be read; those that were read before stay.
        """
        with self._reading:
            self._read()

    def renewed(self, refused: str | None) -> bool:
        """Whether there are others than those that were refused. They are read again, once for all who ask.

        :param refused: the header of the request.
        :raises KubeconfigError: if they cannot be read.
        """
        with self._reading:
            if authorization(self.configuration) == refused:
                self._read()
            return authorization(self.configuration) != refused

    def _read(self) -> None:
        try:
            self._load(self.configuration)
        except (config.ConfigException, OSError) as error:
            raise KubeconfigError(f"no API server is known: {error}; give --kubeconfig") from None
        except (TypeError, AttributeError, LookupError):  # what the client's loader says of other forms
            raise KubeconfigError("no API server is known: the kubeconfig has not the form of one") from None
        except (yaml.YAMLError, UnicodeError):  # their text quotes the file, and so what it keeps secret
            raise KubeconfigError("no API server is known: the kubeconfig is not YAML") from None


def find(kubeconfig: str | None, context: str | None) -> Credentials:
    """Those of a kubeconfig, or of the service account of the pod if none is given.

    :raises KubeconfigError: if there is neither.
    """
    if _in_pod(kubeconfig, context):
        return Credentials(config.load_incluster_config)
    return Credentials(partial(_kubeconfig, kubeconfig, context))


def _in_pod(kubeconfig: str | None, context: str | None) -> bool:
    return kubeconfig is None and context is None and "KUBERNETES_SERVICE_HOST" in os.environ


def namespace_of(kubeconfig: str | None, context: str | None) -> str:
    """The namespace that a context of a kubeconfig means, or that of the pod, as kubectl takes it.

    :raises KubeconfigError: if the kubeconfig cannot be read.
    """
    if _in_pod(kubeconfig, context):
        return POD_NAMESPACE.read_text().strip() if POD_NAMESPACE.exists() else "default"
    try:
        contexts, current = config.list_kube_config_contexts(kubeconfig)
    except (config.ConfigException, OSError) as error:
        raise KubeconfigError(f"no API server is known: {error}; give --kubeconfig") from None
    except (yaml.YAMLError, UnicodeError):
        raise KubeconfigError("no API server is known: the kubeconfig is not YAML") from None
    chosen = next((each for each in contexts if each["name"] == context), current)
    namespace: str = chosen.get("context", {}).get("namespace") or "default"
    return namespace


def _kubeconfig(file: str | None, context: str | None, configuration: Configuration) -> None:
    config.load_kube_config(config_file=file, context=context, client_configuration=configuration)


def authorization(configuration: Configuration) -> str | None:
    """The header that proves who asks; None if a certificate does. A service account's file is read once a minute.

    :raises KubeconfigError: if there is no token where one is to be read.
    """
    try:
        header: str | None = configuration.get_api_key_with_prefix(BEARER)
    except (config.ConfigException, OSError) as error:
        raise KubeconfigError(f"the token cannot be read: {error}") from None
    return header


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
