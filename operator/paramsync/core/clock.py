"""Times as Kubernetes writes them. Nobody here asks what time it is: the clock is a parameter."""

from datetime import UTC, datetime


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def when(text: str) -> datetime:
    """The moment that :func:`timestamp` wrote.

    :raises ValueError: if the text is not RFC 3339.
    """
    return datetime.fromisoformat(text)
