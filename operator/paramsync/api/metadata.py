"""Labels and annotations that a sync gives its targets, for other controllers to act on.

What is refused is what would make another tool hold the target to be its own, what the API server and Kubernetes's own
controllers act on, and what makes a Secret a credential of Argo CD (docs/decisions/0017). An admission policy refuses
the operator most of it as well.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import Field

from .base import Model, Rule
from .fields import LabelValue, matches_whole

MOST_ENTRIES: Final = 16
LONGEST_ANNOTATION: Final = 1024
"""Characters of an annotation. All that a target may be given takes at most 16 × (317 + 4 × 1,024) = 70,608 of the
262,144 bytes that the annotations of an object may take; our own have the rest."""

_KEY = r"([a-z0-9][a-z0-9.-]*/)?[a-zA-Z0-9][a-zA-Z0-9_.-]*"
# What that lets pass and Kubernetes does not (IsQualifiedName): a part that is too long, a name that ends with a sign,
# a prefix that is no domain.
_WRONG = r"^[^/]{254,}/|(^|/)[^/]{64,}$|[_.-]$|[.-]/|^[^/]*([.][.-]|-[.])[^/]*/"
_RESERVED = (
    r"^([^/]*[.])?(paramsync[.]dev|kubernetes[.]io|k8s[.]io|argoproj[.]io|fluxcd[.]io|helm[.]sh|external-secrets[.]io"
    r"|sealedsecrets[.]bitnami[.]com)/|^cert-manager[.]io/certificate-name$"
)
_RECOMMENDED = r"^app[.]kubernetes[.]io/(name|version|component|part-of)$"


def is_key(key: str) -> bool:
    """Whether a text can be the key of a label or an annotation. Of annotations Kubernetes allows capitals before the
    slash as well."""
    return matches_whole(_KEY, key) and re.search(_WRONG, key) is None


def is_reserved(key: str) -> bool:
    """Whether a key means something to Kubernetes or to a tool that would take the target for its own."""
    return re.search(_RESERVED, key) is not None and re.search(_RECOMMENDED, key) is None


def _are_keys(texts: Mapping[str, str]) -> bool:
    return all(map(is_key, texts))


def _are_free(texts: Mapping[str, str]) -> bool:
    return not any(map(is_reserved, texts))


KEYS = Rule(
    cel=f"self.all(key, key.matches(r'^({_KEY})$') && !key.matches(r'{_WRONG}'))",
    holds=_are_keys,
    message=(
        "write keys as Kubernetes does, such as team or example.com/team: at most 63 letters, digits, '.', '_' and '-',"
        " after a domain in small letters and a slash if need be"
    ),
)

FREE = Rule(
    cel=f"self.all(key, !key.matches(r'{_RESERVED}') || key.matches(r'{_RECOMMENDED}'))",
    holds=_are_free,
    message=(
        "a key is reserved for Kubernetes, for paramsync or for a tool that would take the target for its own: write"
        " one of a domain of yours, such as example.com/team, or without any, such as team; of app.kubernetes.io there"
        " are name, version, component and part-of"
    ),
)

Labels = Annotated[dict[str, LabelValue], Field(max_length=MOST_ENTRIES), KEYS, FREE]

Annotations = Annotated[
    dict[str, Annotated[str, Field(max_length=LONGEST_ANNOTATION)]], Field(max_length=MOST_ENTRIES), KEYS, FREE
]


class TargetMetadata(Model):
    """Labels and annotations of a target, beside the operator's own."""

    labels: Labels | None = None
    """Labels that the object is to have. One that somebody else has put there stays as it is."""

    annotations: Annotations | None = None
    """Annotations that the object is to have. One that somebody else has put there stays as it is."""
