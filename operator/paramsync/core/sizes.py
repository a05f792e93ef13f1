"""Whether an object fits. 1 MiB of values is not the only limit: keys count again in managedFields."""

from collections.abc import Mapping
from typing import Final

from .objects import Content
from .reasons import Problem, Reason
from .values import SecureValue

MOST_VALUE_BYTES: Final = 1024 * 1024
"""Decoded values of a Secret or ConfigMap (Kubernetes: ``MaxSecretSize``)."""

MOST_OBJECT_BYTES: Final = 1_468_006  # 1.4 MiB: etcd refuses requests over 1.5 MiB
MOST_ANNOTATION_BYTES: Final = 256 * 1024
"""Keys and values of all annotations of an object (Kubernetes: ``TotalAnnotationSizeLimitB``)."""


def annotation_bytes(annotations: Mapping[str, str]) -> int:
    """What annotations count towards their limit."""
    return sum(len(key.encode()) + len(text.encode()) for key, text in annotations.items())


def problem(content: Content, foreign_annotation_bytes: int) -> Problem | None:
    """Why an object cannot be stored, if it cannot: its content beside the annotations that others put on it."""
    values = sum(_size(value) for value in content.data.values())
    keys = sum(len(key) for key in content.data)
    notes = annotation_bytes(content.annotations) + foreign_annotation_bytes
    if values > MOST_VALUE_BYTES:
        return _too_large(content, "its values", values, MOST_VALUE_BYTES)
    if notes > MOST_ANNOTATION_BYTES:
        return _too_large(content, "its annotations, which list the keys,", notes, MOST_ANNOTATION_BYTES)
    if values + 2 * keys + notes > MOST_OBJECT_BYTES:
        return _too_large(content, "the whole object", values + 2 * keys + notes, MOST_OBJECT_BYTES)
    return None


def _size(value: str | SecureValue) -> int:
    return value.size if isinstance(value, SecureValue) else len(value.encode())


def _too_large(content: Content, what: str, size: int, most: int) -> Problem:
    return Problem(
        Reason.TOO_LARGE,
        str(content.ref),
        f"{content.ref} would be too large: {what} would take {size:,} bytes and {most:,} are allowed;"
        " read a narrower path, or split the path over several syncs. Nothing was written",
    )
