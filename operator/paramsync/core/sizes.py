"""Whether an object fits. 1 MiB of values is not the only limit: keys count again in managedFields."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from .objects import PROVENANCE_ANNOTATION, Content, SecretContent
from .reasons import Problem, Reason
from .routing import TargetRef
from .values import KeyValue, SecureValue

MOST_VALUE_BYTES: Final = 1024 * 1024
"""Decoded values of a Secret or ConfigMap (Kubernetes: ``MaxSecretSize``)."""

MOST_OBJECT_BYTES: Final = 1_468_006  # 1.4 MiB: etcd refuses requests over 1.5 MiB
MOST_ANNOTATION_BYTES: Final = 256 * 1024
"""Keys and values of all annotations of an object (Kubernetes: ``TotalAnnotationSizeLimitB``)."""

NEARLY: Final = 0.8
"""The share of a limit from which on it is told, while there is time."""


class _Measure(NamedTuple):
    what: str
    size: int
    most: int


def annotation_bytes(annotations: Mapping[str, str]) -> int:
    """What annotations count towards their limit."""
    return sum(len(key.encode()) + len(text.encode()) for key, text in annotations.items())


def problem(content: Content, foreign_annotation_bytes: int) -> Problem | None:
    """Why an object cannot be stored, if it cannot: its content beside the annotations that others put on it."""
    measures = _measures(content, foreign_annotation_bytes, content.annotations)
    too_large = next((each for each in measures if each.size > each.most), None)
    if too_large is None:
        return None
    what, size, most = too_large
    # Of a Secret the exact number would tell the length of a value, or how often a character is in it.
    is_told = not (isinstance(content, SecretContent) and what != "its annotations, which list the keys,")
    return _too_large(content.ref, what, f"{size:,} bytes and {most:,} are allowed" if is_told else _more_than(most))


def values_are_too_large(ref: TargetRef) -> Problem:
    """That an object's values would be more than it may hold."""
    return _too_large(ref, "its values", _more_than(MOST_VALUE_BYTES))


def _more_than(most: int) -> str:
    return f"more than the {most:,} bytes that are allowed"


def _too_large(ref: TargetRef, what: str, size: str) -> Problem:
    return Problem(
        Reason.TOO_LARGE,
        str(ref),
        f"{ref} would be too large: {what} would take {size};"
        " read a narrower path, or split the path over several syncs. Nothing was written",
    )


def note(content: Content, foreign_annotation_bytes: int) -> Problem | None:
    """That an object is about to be too large, if it is. The words do not change with every byte, nor does status.

    Among the annotations provenance does not count: it gives way where they have not room enough.
    """
    lasting = {name: text for name, text in content.annotations.items() if name != PROVENANCE_ANNOTATION}
    measures = _measures(content, foreign_annotation_bytes, lasting)
    nearly = [each.what.rstrip(",") for each in measures if each.size > NEARLY * each.most]
    if not nearly:
        return None
    return Problem(
        Reason.NEARLY_FULL,
        str(content.ref),
        f"{content.ref} is nearly full: more than {NEARLY:.0%} of what is allowed for {' and for '.join(nearly)};"
        " read a narrower path, or split the path over several syncs, before nothing can be written any more",
    )


def _measures(content: Content, foreign: int, counted: Mapping[str, str]) -> Iterator[_Measure]:
    """The sizes that are limited.

    :param counted: those of the content's annotations that count towards the limit of annotations.
    """
    values = sum(value_bytes(value) for value in content.data.values())
    keys = sum(len(key) for key in content.data)
    whole = values + 2 * keys + annotation_bytes(content.annotations) + foreign
    yield _Measure("its values", values, MOST_VALUE_BYTES)
    yield _Measure("its annotations, which list the keys,", annotation_bytes(counted) + foreign, MOST_ANNOTATION_BYTES)
    yield _Measure("the whole object", whole, MOST_OBJECT_BYTES)


def value_bytes(value: KeyValue) -> int:
    """What a value counts towards the limit of an object's values."""
    if isinstance(value, SecureValue):
        return value.size
    return len(value.encode() if isinstance(value, str) else value)
