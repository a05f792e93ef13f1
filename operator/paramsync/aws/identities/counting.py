"""Counting requests to STS, where botocore has their answers: its own chain of credentials sends some, too."""

from collections.abc import Callable
from typing import Any, Final

from botocore.exceptions import ClientError
from botocore.hooks import BaseEventHooks

from paramsync.aws.errors import SourceError

from .errors import reason_of

Sent = Callable[[str, str, str | None], None]
"""Is told of a request: its operation, the store that it was for, and why it failed, if it did."""

_LOWEST_ERROR: Final = 300
"""The lowest status that botocore takes for an error (botocore.client)."""


def count(events: BaseEventHooks, store: str, sent: Sent) -> None:
    """Tell of each request to STS that the clients with these events send from now on."""

    def answered(http_response: Any, parsed: Any, event_name: str, **_: object) -> None:
        operation = event_name.rpartition(".")[2]
        failed = http_response.status_code >= _LOWEST_ERROR
        sent(operation, store, reason_of(ClientError(parsed, operation)) if failed else None)

    def unanswered(exception: Exception, event_name: str, **_: object) -> None:
        # A SourceError is of the credentials that it would have been signed with: nothing was sent.
        if not isinstance(exception, SourceError):
            sent(event_name.rpartition(".")[2], store, reason_of(exception))

    events.register("after-call.sts", answered)
    events.register("after-call-error.sts", unanswered)
