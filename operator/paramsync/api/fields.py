"""Field types that several resources share: paths, durations, Regions, endpoints, namespaces and their labels."""

import re
from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import Field, WithJsonSchema

from .base import Rule

SHORTEST_INTERVAL, LONGEST_INTERVAL = 10, 24 * 3600
MOST_REMOVALS = 100_000
LONGEST_GLOB = 512
LONGEST_LABEL_VALUE = 63

# A segment that is not "." or "..": RE2 has no lookahead.
_SEGMENT = r"([.]{0,2}[a-zA-Z0-9_-][a-zA-Z0-9_.-]*|[.]{3}[a-zA-Z0-9_.-]*)"
_PATH = rf"/|(/{_SEGMENT}){{1,15}}"
# A little wider than Kubernetes, which has no "a..b/c": the exact form is beyond what the API server lets CEL cost.
_LABEL_KEY = r"([a-z0-9][a-z0-9.-]*/)?[a-zA-Z0-9][a-zA-Z0-9_.-]*"
_LABEL_VALUE = r"([a-zA-Z0-9]([a-zA-Z0-9_.-]*[a-zA-Z0-9])?)?"
# A brace begins and ends a placeholder and is nothing else: a slash between braces is part of a label's key.
_PATH_PATTERN = rf"/|(/({_SEGMENT}|\{{namespace\}}|\{{label:{_LABEL_KEY}\}})){{1,15}}"
# Kubernetes: at most 253 characters before the slash, 63 after it. A colon stands nowhere else in a pattern.
_TOO_LONG_IN_PATTERN = r":[^/}]{254}|[/:][^/:{}]{64,}\}"
_TOO_LONG = r"^[^/]{254,}/|(^|/)[^/]{64,}$"
GLOB = r"(\*\*|\*|\*?([a-zA-Z0-9_.?-]\*?)+)(/(\*\*|\*|\*?([a-zA-Z0-9_.?-]\*?)+))*"
_SHARE = r"(100|[1-9]?[0-9])%"
_DURATION = r"([0-9]{1,2}h)?([0-9]{1,4}m)?([0-9]{1,5}s)?"
_PORT_AND_PATH = r"(:[0-9]{1,5})?(/[a-zA-Z0-9_./-]*)?"
_ENDPOINT = (
    rf"https://([a-z0-9.-]+|\[[0-9a-f:]+\]){_PORT_AND_PATH}"
    rf"|http://(localhost|127\.0\.0\.1|\[::1\]|[a-z0-9.-]+\.svc(\.cluster\.local)?){_PORT_AND_PATH}"
)


def cel_matches(pattern: str, of: str = "self") -> str:
    """CEL for "the whole string matches"; RE2 and Python agree on everything that these patterns use."""
    return f"{of}.matches(r'^({pattern})$')"


def matches_whole(pattern: str, text: str) -> bool:
    """Whether the whole text matches; ``$`` would let a line break at the end pass."""
    return re.fullmatch(pattern, text) is not None


def is_segment(text: str) -> bool:
    """Whether a text can be one segment of a path, with its own name only: not empty, not "." and not ".."."""
    return matches_whole(_SEGMENT, text)


def is_glob(text: str) -> bool:
    """Whether a text is a pattern for relative names."""
    return len(text) <= LONGEST_GLOB and matches_whole(GLOB, text)


def is_label_value(text: str) -> bool:
    """Whether a text can be the value of a label of Kubernetes."""
    return len(text) <= LONGEST_LABEL_VALUE and matches_whole(_LABEL_VALUE, text)


def _is_path_pattern(path: str) -> bool:
    return matches_whole(_PATH_PATTERN, path) and re.search(_TOO_LONG_IN_PATTERN, path) is None


def _are_label_keys(labels: Mapping[str, str]) -> bool:
    return all(re.search(_TOO_LONG, key) is None and matches_whole(_LABEL_KEY, key) for key in labels)


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
    return matches_whole(_DURATION, duration) and SHORTEST_INTERVAL <= seconds(duration) <= LONGEST_INTERVAL


ParameterPath = Annotated[
    str,
    Field(min_length=1, max_length=1011),
    Rule(
        cel=cel_matches(_PATH),
        holds=lambda path: matches_whole(_PATH, path),
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
        cel=f"{cel_matches(_PATH_PATTERN)} && !self.matches(r'{_TOO_LONG_IN_PATTERN}')",
        holds=_is_path_pattern,
        message=(
            "write an absolute path without a trailing slash, such as /prod/{namespace}: it allows itself and"
            " what is below it, by whole segments; {namespace} and {label:KEY}, where KEY is the key of a label"
            " of the namespace, stand for a whole segment, and there are no wildcards"
        ),
    ),
]
"""A path that a store's rule allows, with everything below it. ``{namespace}`` is the sync's namespace, and
``{label:KEY}`` the value of that namespace's label."""

Interval = Annotated[
    str,
    Field(min_length=2, max_length=12),
    Rule(
        cel=f"{cel_matches(_DURATION)} && duration(self) >= duration('10s') && duration(self) <= duration('24h')",
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
        cel=cel_matches(_ENDPOINT),
        holds=lambda endpoint: matches_whole(_ENDPOINT, endpoint),
        message=(
            "write https://host[:port]; plain http would show values to the network and is allowed only"
            " for localhost and for a Service of this cluster (name.namespace.svc)"
        ),
    ),
]
"""The URL of SSM, and of SSM only: a VPC endpoint or an emulator."""

NamespacePattern = Annotated[str, Field(min_length=1, max_length=63, pattern=r"^[a-z0-9*]([-a-z0-9*]*[a-z0-9*])?$")]
"""A namespace's name, in which ``*`` stands for any characters."""

LabelValue = Annotated[str, Field(max_length=LONGEST_LABEL_VALUE, pattern=rf"^{_LABEL_VALUE}$")]

MatchLabels = Annotated[
    dict[str, LabelValue],
    Field(min_length=1, max_length=16),
    Rule(
        cel=f"self.all(key, {cel_matches(_LABEL_KEY, 'key')} && !key.matches(r'{_TOO_LONG}'))",
        holds=_are_label_keys,
        message="write the keys of labels as Kubernetes does, such as team or example.com/team",
    ),
]
"""Labels that must all be there with these values."""

_GLOB_PATTERN = f"^({GLOB})$"
Glob = Annotated[str, Field(min_length=1, max_length=LONGEST_GLOB, pattern=_GLOB_PATTERN)]
"""A pattern for relative names, compared by whole segments: ``*`` and ``?`` stay within a segment, ``**`` is a
whole segment and stands for any number of them, also none."""

HINTS: Final[Mapping[str, str]] = {
    _GLOB_PATTERN: "write segments of letters, digits, dots, hyphens and underscores with *, ? or **, such as db/*",
}
"""What to write instead, by the patterns for which a rule with a message would cost the API server too much: the globs
of files stand in lists within lists."""

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

MaxRemovals = Annotated[
    int | str,
    WithJsonSchema({"x-kubernetes-int-or-string": True}),
    Rule(
        cel=f"type(self) == int ? self >= 1 && self <= {MOST_REMOVALS} : {cel_matches(_SHARE)}",
        holds=lambda most: 1 <= most <= MOST_REMOVALS if isinstance(most, int) else matches_whole(_SHARE, most),
        message=f"write a number of parameters, from 1 to {MOST_REMOVALS}, or a share such as 20%",
    ),
]
"""How many parameters may be removed: a number, or a share in percent."""
