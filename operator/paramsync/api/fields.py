"""Field types that several resources share: paths, durations, Regions, endpoints, namespace patterns."""

import re
from typing import Annotated

from pydantic import Field

from .base import Rule

SHORTEST_INTERVAL, LONGEST_INTERVAL = 10, 24 * 3600

# A segment that is not "." or "..": RE2 has no lookahead.
_SEGMENT = r"([.]{0,2}[a-zA-Z0-9_-][a-zA-Z0-9_.-]*|[.]{3}[a-zA-Z0-9_.-]*)"
_PATH = rf"/|(/{_SEGMENT}){{1,15}}"
_PATH_PATTERN = rf"/|(/({_SEGMENT}|\{{namespace\}})){{1,15}}"
_DURATION = r"([0-9]{1,2}h)?([0-9]{1,4}m)?([0-9]{1,5}s)?"
_PORT_AND_PATH = r"(:[0-9]{1,5})?(/[a-zA-Z0-9_./-]*)?"
_ENDPOINT = (
    rf"https://([a-z0-9.-]+|\[[0-9a-f:]+\]){_PORT_AND_PATH}"
    rf"|http://(localhost|127\.0\.0\.1|\[::1\]|[a-z0-9.-]+\.svc(\.cluster\.local)?){_PORT_AND_PATH}"
)


def _matches(pattern: str) -> str:
    """CEL for "the whole string matches"; RE2 and Python agree on everything that these patterns use."""
    return f"self.matches(r'^({pattern})$')"


def _whole(pattern: str, text: str) -> bool:
    return re.fullmatch(pattern, text) is not None


def seconds(duration: str) -> int:
    """The length of a duration such as ``90s``, ``5m`` or ``1h30m``, in seconds.

    :raises ValueError: if it is not such a duration.
    """
    match = re.fullmatch(_DURATION, duration)
    if not duration or match is None:
        raise ValueError("not a duration such as 90s, 5m or 1h30m")
    hours, minutes, rest = (int((group or "0_")[:-1]) for group in match.groups())
    return hours * 3600 + minutes * 60 + rest


def _is_interval(duration: str) -> bool:
    return _whole(_DURATION, duration) and SHORTEST_INTERVAL <= seconds(duration) <= LONGEST_INTERVAL


ParameterPath = Annotated[
    str,
    Field(min_length=1, max_length=1011),
    Rule(
        cel=_matches(_PATH),
        holds=lambda path: _whole(_PATH, path),
        message=(
            "write an absolute path without a trailing slash, such as /prod/payment-service:"
            " at most 15 segments of letters, digits, '.', '_' and '-', none of them '.' or '..'"
        ),
    ),
]
"""A path of Parameter Store, sent to AWS as written. IAM authorises the literal string, hence no
normalisation. A name has at most 1,011 characters and 15 levels (PutParameter, AWS API reference)."""

PathPattern = Annotated[
    str,
    Field(min_length=1, max_length=512),
    Rule(
        cel=_matches(_PATH_PATTERN),
        holds=lambda path: _whole(_PATH_PATTERN, path),
        message=(
            "write an absolute path without a trailing slash, such as /prod/{namespace}: it allows itself and"
            " what is below it, by whole segments; {namespace} stands for a whole segment, and there are no wildcards"
        ),
    ),
]
"""A path that a store's rule allows, with everything below it. ``{namespace}`` is the sync's namespace."""

Interval = Annotated[
    str,
    Field(min_length=2, max_length=12),
    Rule(
        cel=f"{_matches(_DURATION)} && duration(self) >= duration('10s') && duration(self) <= duration('24h')",
        holds=_is_interval,
        message="write a duration from 10s to 24h, such as 90s, 5m or 1h30m",
    ),
]
"""A duration in Go's notation, restricted to hours, minutes and seconds."""

Region = Annotated[str, Field(min_length=1, max_length=32, pattern=r"^[a-z]{2,4}(-[a-z]{2,12}){1,3}-[0-9]{1,2}$")]
"""An AWS Region, such as ``eu-west-1``. The pattern keeps it from becoming part of another host's name."""

Endpoint = Annotated[
    str,
    Field(min_length=1, max_length=253),
    Rule(
        cel=_matches(_ENDPOINT),
        holds=lambda endpoint: _whole(_ENDPOINT, endpoint),
        message=(
            "write https://host[:port]; plain http would show values to the network and is allowed only"
            " for localhost and for a Service of this cluster (name.namespace.svc)"
        ),
    ),
]
"""The URL of SSM, and of SSM only: a VPC endpoint or an emulator."""

NamespacePattern = Annotated[str, Field(min_length=1, max_length=63, pattern=r"^[a-z0-9*]([-a-z0-9*]*[a-z0-9*])?$")]
"""A namespace's name, in which ``*`` stands for any characters."""

Glob = Annotated[
    str,
    Field(
        min_length=1,
        max_length=512,
        pattern=r"^(\*\*|\*|\*?([a-zA-Z0-9_.?-]\*?)+)(/(\*\*|\*|\*?([a-zA-Z0-9_.?-]\*?)+))*$",
    ),
]
"""A pattern for relative names, compared by whole segments: ``*`` and ``?`` stay within a segment, ``**`` is a
whole segment and stands for any number of them, also none."""

VersionLabel = Annotated[
    str,
    Field(min_length=1, max_length=100, pattern=r"^[a-zA-Z_.-][a-zA-Z0-9_.-]*$"),
    Rule(
        cel="!self.lowerAscii().startsWith('aws') && !self.lowerAscii().startsWith('ssm')",
        holds=lambda label: not label.lower().startswith(("aws", "ssm")),
        message="a label of a version does not begin with aws or ssm",
    ),
]
"""A label of a parameter's version: at most 100 characters, does not begin with a digit, aws or ssm
(LabelParameterVersion, AWS API reference)."""
