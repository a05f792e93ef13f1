"""Requests to the model and its answers, failures in the form of ``Status`` (meta.k8s.io/v1)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .objects import Json, Place


@dataclass(frozen=True)
class Request:
    """A request as it comes in."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    content_type: str = "application/json"
    accept: str = "application/json"
    user_agent: str = ""


@dataclass(frozen=True)
class Answer:
    """What is answered."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def document(self) -> Json:
        """The body, parsed."""
        found: Json = json.loads(self.body)
        return found


class Failed(Exception):  # noqa: N818
    """The request cannot be done."""

    def __init__(self, status: int, reason: str, message: str, *fields: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status, self.reason, self.fields, self.retry_after = status, reason, fields, retry_after

    @property
    def answer(self) -> Answer:
        """What is answered then."""
        document: Json = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": str(self),
            "reason": self.reason,
            "code": self.status,
        }
        if self.fields:
            causes = [{"reason": "FieldValueInvalid", "message": str(self), "field": each} for each in self.fields]
            document["details"] = {"causes": causes}
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return Answer(self.status, json.dumps(document).encode(), headers)


def not_found(place: Place) -> Failed:
    """There is no such object."""
    return Failed(HTTPStatus.NOT_FOUND, "NotFound", f'{place.plural} "{place.name}" not found')


def no_namespace(name: str) -> Failed:
    """There is no such namespace."""
    return Failed(HTTPStatus.NOT_FOUND, "NotFound", f'namespaces "{name}" not found')


def exists(place: Place) -> Failed:
    """The name is taken."""
    return Failed(HTTPStatus.CONFLICT, "AlreadyExists", f'{place.plural} "{place.name}" already exists')


def conflict(place: Place, why: str) -> Failed:
    """The object is not as the request says that it is."""
    what = f'Operation cannot be fulfilled on {place.plural} "{place.name}": {why}'
    return Failed(HTTPStatus.CONFLICT, "Conflict", what)


def invalid(place: Place, *fields: str) -> Failed:
    """The object may not be like that."""
    return Failed(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid", f'{place.plural} "{place.name}" is invalid', *fields)


def unknown(request: Request) -> AssertionError:
    """The model does not know this kind of request: teach it, and compare it with a real API server."""
    return AssertionError(f"the model does not know {request.method} {request.path} ({request.content_type})")
