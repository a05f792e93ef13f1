"""Never leak: a secure value goes into the data of a Secret, and nowhere else."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
from typing import TYPE_CHECKING, Final

from prometheus_client import generate_latest

from tests.machine.parameters import SECRET_MARK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paramsync.runtime.metrics import Metrics
    from tests.machine.line import Exchange
    from tests.machine.parameters import Parameters

_MARK: Final = SECRET_MARK.encode()
FORMS: Final = (
    SECRET_MARK,
    *(base64.b64encode(b" " * shift + _MARK)[4 if shift else 0 : 16].decode() for shift in range(3)),
    _MARK.hex(),
)
"""What shows of any secure value: in clear, in base64 wherever it stands, in hexadecimal."""

DIGESTS: Final = ("md5", "sha1", "sha256", "sha512")
SHOWN: Final = 12
"""Characters of a digest that tell it from others."""


class Leaks(logging.Handler):
    """Looks for secure values in all that leaves the operator."""

    def __init__(self, parameters: Parameters) -> None:
        super().__init__(logging.DEBUG)
        self._parameters = parameters
        self._texts: dict[str, None] = {}
        self._logged: list[str] = []

    def hear(self, exchange: Exchange) -> Iterator[str]:
        """What leaks with a request."""
        request, place = exchange.request, exchange.place
        body = request.body
        if place is not None and place.plural == "secrets" and isinstance(body, dict):
            body = {part: value for part, value in body.items() if part != "data"}
        text = f"{request.path} {dict(request.query)} {json.dumps(body, ensure_ascii=False)}"
        if self._shows(text):
            yield f"a secure value is in {request.method} {request.path}"

    def emit(self, record: logging.LogRecord) -> None:
        """Take in a line of the log."""
        text = f"{record.getMessage()} {vars(record)!r} {record.exc_info and record.exc_info[1]!r}"
        if self._shows(text):
            self._logged.append(f"a secure value is in the log: {record.msg}")
        if record.levelno >= logging.ERROR:
            self._logged.append(f"the operator logged an error: {record.msg} {record.exc_info}")

    def logged(self) -> Iterator[str]:
        """What the log has shown since this was asked last."""
        yield from self._logged
        self._logged.clear()

    def in_metrics(self, metrics: Metrics) -> Iterator[str]:
        """What leaks with the metrics."""
        if self._shows(generate_latest(metrics.registry).decode()):
            yield "a secure value is in the metrics"

    def digests(self) -> Iterator[str]:
        """Unsalted digests of secure values in anything that was sent or logged so far."""
        texts = "\n".join(self._texts).lower()
        for value in (each for each in self._parameters.written if each.startswith(SECRET_MARK)):
            for name in DIGESTS:
                if hashlib.new(name, value.encode()).hexdigest()[:SHOWN] in texts:
                    yield f"a {name} of a secure value was sent or logged"

    def _shows(self, text: str) -> bool:
        self._texts[text] = None
        return any(form in text for form in FORMS)
