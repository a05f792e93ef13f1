"""Requests to the API server: built here, sent by the ``kubernetes`` client's pool, always with a timeout."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Protocol
from urllib.parse import urlencode

import urllib3
from kubernetes import config
from kubernetes.client import ApiClient, Configuration
from kubernetes.client.exceptions import ApiException

from .errors import Unavailable, error_for

APPLY: Final = "application/apply-patch+yaml"
MERGE_PATCH: Final = "application/merge-patch+json"
STRATEGIC_MERGE_PATCH: Final = "application/strategic-merge-patch+json"
JSON_PATCH: Final = "application/json-patch+json"
JSON: Final = "application/json"
METADATA_ONLY: Final = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

CONNECT_TIMEOUT, READ_TIMEOUT = 5.0, 20.0
"""Seconds. The client's own default is to wait for ever."""


class Fence(Protocol):
    """Asked before each write whether this process may still write for a sync."""

    def check(self, namespace: str, sync: str) -> None:
        """Return if writing for a sync of a namespace is allowed, raise otherwise."""


class KubeconfigError(Exception):
    """There is no usable way to reach an API server."""


def connect(kubeconfig: str | None, context: str | None, connections: int) -> ApiClient:
    """A client from a kubeconfig, or from the service account of the pod if none is given.

    :raises KubeconfigError: if there is neither.
    """
    configuration = Configuration()
    try:
        if kubeconfig is None and context is None and "KUBERNETES_SERVICE_HOST" in os.environ:
            config.load_incluster_config(client_configuration=configuration)
        else:
            config.load_kube_config(config_file=kubeconfig, context=context, client_configuration=configuration)
    except config.ConfigException as error:
        raise KubeconfigError(f"no API server is known: {error}; give --kubeconfig") from None
    configuration.connection_pool_maxsize = connections
    # Nothing waits inside threads: by default urllib3 sleeps for as long as a Retry-After says.
    # No redirect is followed: urllib3 would send the body of a write, a Secret's too, wherever it is told to.
    configuration.retries = urllib3.Retry(total=1, status=0, redirect=0, respect_retry_after_header=False)
    return ApiClient(configuration)


@dataclass(frozen=True, slots=True)
class Connection:
    """How the API server is reached, for a client that is not this one."""

    server: str
    ca_file: str | None
    verify: bool
    certificate_file: str | None
    key_file: str | None
    token: str | None


_PAIR = re.compile(r"\\\\|\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})")


def json_in_yaml(body: object) -> bytes:
    """JSON that a YAML parser reads, too: the API server reads an apply as YAML.

    YAML knows no surrogate pairs, so that characters beyond U+FFFF stand as they are; all others that are not
    ASCII are escaped, for some of them are line breaks to YAML.
    """

    def joined(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0]  # an escaped backslash; what follows it is text
        return bytes.fromhex(match[1] + match[2]).decode("utf-16-be")

    return _PAIR.sub(joined, json.dumps(body)).encode()


class Transport:
    """Sends requests and gives back the bodies of the answers. Blocks; to be called in a thread."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client

    def request(
        self,
        method: str,
        path: str,
        *,
        what: str,
        query: Mapping[str, str] | None = None,
        body: object = None,
        content_type: str = JSON,
        accept: str = JSON,
        read_timeout: float = READ_TIMEOUT,
    ) -> bytes:
        """Send one request and return the body of its answer.

        :param what: the request in words, for the error.
        :param read_timeout: seconds without anything of an answer after which there is none.
        :raises ApiError: if the answer is not a success, or there is none.
        """
        headers: dict[str, str] = {"Accept": accept, "User-Agent": "paramsync"}
        if body is not None:
            headers["Content-Type"] = content_type
        if content_type == APPLY:
            body = json_in_yaml(body)
        self._client.update_params_for_auth(headers, [], ["BearerToken"], path, method, body)
        url = f"{self._client.configuration.host}{path}"
        if query:
            url = f"{url}?{urlencode(query)}"
        try:
            response = self._client.rest_client.request(
                method, url, headers=headers, body=body, _request_timeout=(CONNECT_TIMEOUT, read_timeout)
            )
            content: bytes = response.read()
        except (urllib3.exceptions.HTTPError, ApiException, OSError) as error:
            raise Unavailable(f"{what}: no answer from the API server ({type(error).__name__})") from None
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise error_for(response.status, content, response.headers.get("Retry-After"), what)
        return content

    def connection(self) -> Connection:
        """How the API server is reached now; a service account's token is renewed every hour."""
        configuration = self._client.configuration
        headers: dict[str, str] = {}
        self._client.update_params_for_auth(headers, [], ["BearerToken"], "/", "GET", None)
        token = headers.get("authorization", "").removeprefix("Bearer ").removeprefix("bearer ")
        return Connection(
            server=configuration.host,
            ca_file=configuration.ssl_ca_cert,
            verify=configuration.verify_ssl,
            certificate_file=configuration.cert_file,
            key_file=configuration.key_file,
            token=token or None,
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
