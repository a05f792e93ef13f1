"""The model behind the ``kubernetes`` client's interface, so that all of our own code is between it and a test."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, unquote

from paramsync.kube.transport import Transport

from .answers import Answer, Request

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

Handle = Callable[[Request], Answer]


class _Configuration:
    host = ""

    def get_api_key_with_prefix(self, _identifier: str) -> None:
        """Nobody has to say who they are."""


class _Response:
    def __init__(self, answer: Answer) -> None:
        self.status, self.headers = answer.status, answer.headers
        self._body = answer.body

    def read(self) -> bytes:
        return self._body


class Client:
    """As much of ``kubernetes.client.ApiClient`` as our transport uses.

    :param handle: answers a request; it may raise what urllib3 raises.
    """

    configuration = _Configuration()

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self.rest_client = self

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: Any = None,
        _request_timeout: object = None,
    ) -> _Response:
        """Send a request."""
        path, _, query = url.partition("?")
        # What crosses the wire is text: no object is shared with the model.
        sent = None if body is None else json.loads(body if isinstance(body, bytes) else json.dumps(body))
        return _Response(
            self._handle(
                Request(
                    method,
                    unquote(path),
                    dict(parse_qsl(query)),
                    sent,
                    headers.get("Content-Type", ""),
                    headers.get("Accept", ""),
                    headers.get("User-Agent", ""),
                )
            )
        )

    def close(self) -> None:
        """There is nothing to close."""


def transport_to(handle: Handle) -> Transport:
    """Our transport, with the model at its other end."""
    return Transport(cast("ApiClient", Client(handle)))
