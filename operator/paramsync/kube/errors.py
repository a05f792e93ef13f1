"""What the API server's answers mean.

    ApiError
    ├── NotFound      the object is not there
    ├── Stale         the object is not the one that was read: read it again
    ├── Unavailable   no answer, or one that asks to come later
    ├── NamespaceEnds the namespace is being deleted, or is gone: nothing is to be done
    └── Refused       the request was understood and will not be done: a person must mend something
        └── Forbidden … by rights or by an admission policy

Answers of the API server and of webhooks can quote values. An error says only which request it was, the
answer's reason, the name of a policy and the paths of fields.
"""

import re
from http import HTTPStatus
from typing import Final

from pydantic import BaseModel, ValidationError


class ApiError(Exception):
    """A request that did not succeed; its text is fit for status and logs."""


class NotFound(ApiError):  # noqa: N818
    """The object is not there."""


class Stale(ApiError):  # noqa: N818
    """The object has changed, or was replaced, since it was read."""


class Unavailable(ApiError):  # noqa: N818
    """The API server did not answer, or asked to come later."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds that the API server asked to wait, if it did."""


class NamespaceEnds(ApiError):  # noqa: N818
    """The namespace is being deleted, or is gone: nothing can be made in it, and nobody has to do anything."""


class Refused(ApiError):  # noqa: N818
    """The API server will not do this: rights, an admission policy, a quota or the object's own rules."""

    def __init__(self, message: str, *, names_no_field: bool = False, is_unauthorized: bool = False) -> None:
        super().__init__(message)
        self.names_no_field = names_no_field
        """Whether it is an invalid request without a field that is invalid: a JSON patch whose test failed."""
        self.is_unauthorized = is_unauthorized
        """Whether the API server does not know who asks: the credentials are none that it takes."""


class Forbidden(Refused):
    """Rights or an admission policy are against it."""

    def __init__(self, message: str, *, right: str = "") -> None:
        super().__init__(message)
        self.right = right
        """The right that is missing, such as ``get secrets in namespace payments``; empty if none is known to be."""

    @property
    def with_right(self) -> str:
        """The text for a person, who can be given the right."""
        return f"{self}; it needs the right to {self.right}" if self.right else str(self)


class _Answer(BaseModel, hide_input_in_errors=True):
    class Details(BaseModel, hide_input_in_errors=True):
        class Cause(BaseModel, hide_input_in_errors=True):
            field: str = ""
            reason: str = ""

        causes: tuple[Cause, ...] | None = None

    message: str = ""
    reason: str = ""
    details: Details | None = None


_POLICY = re.compile(r"\S{1,64} \"[^\"]{1,253}\" is [a-z]{1,16}: ValidatingAdmissionPolicy '([a-z0-9.-]{1,253})'")
_WEBHOOK = re.compile(r'(?:Internal error occurred: )?(?:failed calling|admission) webhook "([a-z0-9.-]{1,253})"')
_QUOTA = re.compile(r"\S{1,64} \"[^\"]{1,253}\" is forbidden: exceeded quota: ([a-z0-9.-]{1,253}),")
"""All only at the beginning: what follows is the words of the policy or the webhook."""

REASONS: Final = frozenset(
    {
        "AlreadyExists", "BadRequest", "Conflict", "Expired", "Forbidden", "Gone", "InternalError", "Invalid",
        "MethodNotAllowed", "NotAcceptable", "NotFound", "RequestEntityTooLarge", "ServerTimeout",
        "ServiceUnavailable", "StoreReadError", "Timeout", "TooManyRequests", "Unauthorized",
        "UnsupportedMediaType",
    }
)  # fmt: skip
"""``StatusReason`` (k8s.io/apimachinery). A webhook may put any word there, even a value."""

FIELDS: Final = frozenset(
    {
        "data", "immutable", "metadata", "metadata.annotations", "metadata.labels", "metadata.name",
        "metadata.namespace", "metadata.ownerReferences", "metadata.resourceVersion", "metadata.uid", "spec",
        "status", "type",
    }
)  # fmt: skip
"""Field paths that are shown; of ``data[KEY]`` and the like the part before the bracket."""


def error_for(status: int, body: bytes, retry_after: str | None, request: str, right: str = "") -> ApiError:
    """The error for an answer.

    :param request: the request in words, such as ``apply Secret payments/db``.
    :param right: the right that it needs, in words; empty if it needs none.
    """
    try:
        answer = _Answer.model_validate_json(body)
    except ValidationError:
        answer = _Answer()
    reason = answer.reason if answer.reason in REASONS else f"HTTP {status}"
    causes = (answer.details and answer.details.causes) or ()
    fields = sorted({cause.field.partition("[")[0] for cause in causes} & FIELDS)
    if status == HTTPStatus.NOT_FOUND:
        return NotFound(f"{request}: not found")
    if status == HTTPStatus.FORBIDDEN and any(cause.reason == "NamespaceTerminating" for cause in causes):
        return NamespaceEnds(f"{request}: the namespace is being deleted")
    is_invalid = status == HTTPStatus.UNPROCESSABLE_ENTITY
    if status == HTTPStatus.CONFLICT or (is_invalid and "metadata.uid" in fields):
        return Stale(f"{request}: the object has changed since it was read")
    if (
        status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT)
        or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    ):
        seconds = float(retry_after) if retry_after and retry_after.isdigit() else None
        return Unavailable(f"{request}: the API server cannot do it now ({reason})", seconds)
    where = f", at {', '.join(fields)}" if fields else ""
    refuser = _refuser(answer.message)
    told = f"{request}: the API server refuses ({reason}{refuser}{where})"
    if status == HTTPStatus.FORBIDDEN:
        return Forbidden(told, right="" if refuser else right)
    is_unauthorized = status == HTTPStatus.UNAUTHORIZED
    return Refused(told, names_no_field=is_invalid and not causes, is_unauthorized=is_unauthorized)


def _refuser(message: str) -> str:
    if by := _POLICY.match(message) or _WEBHOOK.match(message):
        return f", {by[1]}"
    quota = _QUOTA.match(message)
    return f", quota {quota[1]}" if quota else ""
