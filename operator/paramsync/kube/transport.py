"""Requests to the API server: built here, sent by the ``kubernetes`` client's pool, always with a timeout."""

import json
import logging
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.parse import urlencode

import urllib3
from kubernetes.client import ApiClient
from kubernetes.client.exceptions import ApiException
from kubernetes.client.rest import RESTResponse

from . import credentials, kubeconfig
from .credentials import Connection, Credentials, KubeconfigError
from .errors import Unavailable, error_for
from .no_answer import why
from .rights import right_for

log = logging.getLogger(__name__)

APPLY: Final = "application/apply-patch+yaml"
MERGE_PATCH: Final = "application/merge-patch+json"
STRATEGIC_MERGE_PATCH: Final = "application/strategic-merge-patch+json"
JSON_PATCH: Final = "application/json-patch+json"
JSON: Final = "application/json"
METADATA_ONLY: Final = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

CONNECT_TIMEOUT, READ_TIMEOUT = 5.0, 20.0
"""Seconds. The client's own default is to wait for ever."""


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


class Answer(NamedTuple):
    """The answer to a request that succeeded."""

    content: bytes
    date: str
    """The API server's time, as the header says it; empty if it does not."""


class Transport:
    """Sends requests and gives back the bodies of the answers. Blocks; to be called in a thread."""

    def __init__(self, client: ApiClient, renewable: Credentials | None = None) -> None:
        """Send through a client.

        :param renewable: where its credentials come from, and are to be had again.
        """
        self._client = client
        self._renewable = renewable

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
        return self._answer(method, path, what, query, body, content_type, accept, read_timeout).content

    def version(self) -> Answer:
        """What the API server says of its version, and of the time.

        :raises ApiError: if it does not.
        """
        return self._answer("GET", "/version", "ask for the version", None, None, JSON, JSON, READ_TIMEOUT)

    def _answer(
        self,
        method: str,
        path: str,
        what: str,
        query: Mapping[str, str] | None,
        body: object,
        content_type: str,
        accept: str,
        read_timeout: float,
    ) -> Answer:
        headers: dict[str, str] = {"Accept": accept, "User-Agent": "paramsync"}
        if body is not None:
            headers["Content-Type"] = content_type
        if content_type == APPLY:
            body = json_in_yaml(body)
        url = f"{self._client.configuration.host}{path}"
        if query:
            url = f"{url}?{urlencode(query)}"

        try:
            refused, response = self._send(method, url, headers, body, read_timeout)
            is_known = response.status != HTTPStatus.UNAUTHORIZED
            if not is_known and self._renewable is not None and self._renewable.renewed(refused):
                _, response = self._send(method, url, headers, body, read_timeout)
            content: bytes = response.read()
        except KubeconfigError as error:
            raise Unavailable(f"{what}: {error}") from None
        except (urllib3.exceptions.HTTPError, ApiException, OSError) as error:
            raise Unavailable(f"{what}: no answer from the API server: {why(error)}") from None
        log.debug("the API server answered", extra={"what": what, "status": response.status})
        if response.status >= HTTPStatus.BAD_REQUEST:
            right = right_for(method, path, query)
            raise error_for(response.status, content, response.headers.get("Retry-After"), what, right)
        return Answer(content, response.headers.get("Date") or "")

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: object, read_timeout: float
    ) -> tuple[str | None, RESTResponse]:
        """Send a request with the credentials of this moment; those, and the answer."""
        proof = credentials.authorization(self._client.configuration)
        response = self._client.rest_client.request(
            method,
            url,
            headers=headers if proof is None else {**headers, "authorization": proof},
            body=body,
            _request_timeout=(CONNECT_TIMEOUT, read_timeout),
        )
        return proof, response

    def connection(self) -> Connection:
        """How the API server is reached, by what the files say now.

        :raises KubeconfigError: if they cannot be read.
        """
        if self._renewable is not None:
            self._renewable.read()
        return credentials.connection(self._client)

    @property
    def is_anonymous(self) -> bool:
        """Whether requests are sent without any credentials.

        :raises KubeconfigError: if there is no token where one is to be read.
        """
        return not credentials.are_known(self._client.configuration)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def connect(file: str | None, context: str | None, connections: int) -> Transport:
    """A way to the API server of a kubeconfig, or of the pod's service account if none is given.

    :param file: the kubeconfig.
    :param connections: how many requests are sent at a time.
    :raises KubeconfigError: if there is neither.
    """
    renewable = kubeconfig.find(file, context)
    configuration = renewable.configuration
    configuration.connection_pool_maxsize = connections
    # Nothing waits inside threads: by default urllib3 sleeps for as long as a Retry-After says.
    # No redirect is followed: urllib3 would send the body of a write, a Secret's too, wherever it is told to.
    configuration.retries = urllib3.Retry(total=1, status=0, redirect=0, respect_retry_after_header=False)
    try:
        client = ApiClient(configuration)
    except (urllib3.exceptions.HTTPError, ValueError, AssertionError, ImportError):  # their texts quote the URL
        raise KubeconfigError(
            "the kubeconfig's proxy-url cannot be used: write http:// or https://, and a host"
        ) from None
    return Transport(client, renewable)
