"""The line between the operator and the API server: whoever listens hears each request; faults happen on it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal

import urllib3

from tests.model.answers import Answer, Failed, Request
from tests.model.objects import KINDS, Place
from tests.unit.parameter_store import clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.model.objects import Stored
    from tests.model.server import Server

Fault = Literal["crash", "crash after it", "lost", "lost after it", "409", "422", "429", "500", "403"]
FAULTS: tuple[Fault, ...] = ("crash", "crash after it", "lost", "lost after it", "409", "422", "429", "500", "403")

CRASHES: frozenset[Fault] = frozenset({"crash", "crash after it"})


class Crash(BaseException):
    """The process is gone: nothing of it goes on, and nothing catches this."""


@dataclass(frozen=True)
class Exchange:
    """A request of the operator, and what came of it."""

    at: float
    request: Request
    answer: Answer | None
    """None if it never took effect."""

    place: Place | None
    """The object that it was about, if it was about one."""

    before: Stored | None
    after: Stored | None
    heard: bool
    """Whether the operator heard the answer."""

    @property
    def succeeded(self) -> bool:
        """Whether it took effect, heard or not."""
        return self.answer is not None and self.answer.status < HTTPStatus.BAD_REQUEST

    @property
    def is_write(self) -> bool:
        """Whether it was to change something."""
        return self.request.method != "GET"


@dataclass
class Line:
    """The line. What is planned happens at one of the next requests, counted from now."""

    server: Server
    listeners: list[Callable[[Exchange], None]] = field(default_factory=list)
    planned: dict[int, Fault | Callable[[], None]] = field(default_factory=dict)
    """By the number of the request: a fault, or what somebody else does just before it."""

    count: int = 0
    busy: bool = False
    """Whether what happens at the API server now is the operator's doing."""

    def plan(self, after: int, what: Fault | Callable[[], None]) -> None:
        """Let something happen at a request, after so many others."""
        self.planned.setdefault(self.count + after, what)

    def calm(self) -> None:
        """Let nothing happen any more."""
        self.planned.clear()

    def handle(self, request: Request) -> Answer:
        """Answer a request of the operator, unless something happens to it.

        :raises Crash: if the process ends here.
        :raises urllib3.exceptions.HTTPError: if the answer is lost.
        """
        what = self.planned.pop(self.count, None)
        self.count += 1
        if callable(what):
            what()
            what = None
        if what in ("crash", "lost"):
            self._tell(request, None, heard=False)
            raise _broken(what)
        if what is not None and what.isdigit():
            answer = _refusal(int(what), request)
            self._tell(request, answer, heard=True)
            return answer
        place = place_of(request)
        before = self._object(place)
        self.busy = True
        answer = self.server.handle(request)
        self.busy = False
        exchange = Exchange(clock(), request, answer, place, before, self._object(place), heard=what is None)
        for listener in self.listeners:
            listener(exchange)
        if what is not None:
            raise _broken(what)
        return answer

    def _tell(self, request: Request, answer: Answer | None, *, heard: bool) -> None:
        place = place_of(request)
        now = self._object(place)
        exchange = Exchange(clock(), request, answer, place, now, now, heard)
        for listener in self.listeners:
            listener(exchange)

    def _object(self, place: Place | None) -> Stored | None:
        return None if place is None else self.server.storage.objects.get(place)


def place_of(request: Request) -> Place | None:
    """The object that a request is about; None for lists and Events."""
    parts = request.path.strip("/").split("/")
    if "namespaces" in parts:
        _, namespace, *rest = parts[parts.index("namespaces") :]
    else:
        namespace, rest = "", parts[-2:]
    return Place(rest[0], namespace, rest[1]) if len(rest) > 1 and rest[0] in KINDS else None


def _broken(what: str) -> BaseException:
    return Crash() if what.startswith("crash") else urllib3.exceptions.ProtocolError("the connection is gone")


def _refusal(status: int, request: Request) -> Answer:
    """An answer that quotes the request, as real ones do."""
    reasons = {403: "Forbidden", 409: "Conflict", 422: "Invalid", 429: "TooManyRequests", 500: "InternalError"}
    quoted = f"Invalid value: {json.dumps(request.body)}"
    failed = Failed(status, reasons[status], quoted, "data[KEY]", retry_after=7 if status == 429 else None)
    return failed.answer
