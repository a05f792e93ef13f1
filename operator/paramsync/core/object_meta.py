"""What the API server asks of the metadata of an object (ValidateObjectMeta of k8s.io/apimachinery)."""

from collections.abc import Iterator
from typing import Final

from pydantic import JsonValue

from paramsync.api.fields import is_label_value, matches_whole
from paramsync.api.metadata import is_key
from paramsync.api.wording import Fault, type_of

FIELDS: Final = frozenset({
    "name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation", "creationTimestamp",
    "deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers",
    "managedFields",
})  # fmt: skip

LONGEST_NAME: Final = 253
LONGEST_NAMESPACE: Final = 63
MOST_ANNOTATED: Final = 256 * 1024
"""Bytes of all keys and texts of annotations."""

_LABEL: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_NAME: Final = rf"{_LABEL}(\.{_LABEL})*"
_ALPHANUMERIC: Final = "alphanumeric characters"
_ENDS: Final = "and must start and end with an alphanumeric character"
_SUBDOMAIN: Final = (
    f"Invalid value: a lowercase RFC 1123 subdomain must consist of lower case {_ALPHANUMERIC}, '-' or '.', {_ENDS}"
)
_DNS_LABEL: Final = (
    f"Invalid value: a lowercase RFC 1123 label must consist of lower case {_ALPHANUMERIC} or '-', {_ENDS}"
)
_NAME_PART: Final = (
    f"Invalid value: name part must consist of {_ALPHANUMERIC}, '-', '_' or '.', {_ENDS}, at most 63 of them, after a"
    " domain in small letters and a slash if need be"
)
_LABEL_VALUE: Final = (
    f"Invalid value: a valid label must be an empty string or consist of {_ALPHANUMERIC}, '-', '_' or '.', {_ENDS}, and"
    " must be no more than 63 bytes"
)


def identity_faults(metadata: JsonValue) -> Iterator[Fault]:
    """What is wrong with name and namespace: whether there can be an object with them."""
    fields = metadata if isinstance(metadata, dict) else {}
    if metadata is not None and not isinstance(metadata, dict):
        yield _of_type((), metadata, "an object")
    elif not (fields.get("name") or fields.get("generateName")):
        yield Fault(("metadata", "name"), "Required value: name or generateName is required")
    for field, fault_of in (("name", name_fault), ("namespace", namespace_fault)):
        text = fields.get(field)
        if text is not None and not isinstance(text, str):
            yield _of_type((field,), text, "a string")
        elif text and (fault := fault_of(text)):
            yield Fault(("metadata", field), fault)


def name_fault(name: str) -> str:
    """What is wrong with the name of an object; empty if nothing is."""
    return "" if len(name) <= LONGEST_NAME and matches_whole(_NAME, name) else _SUBDOMAIN


def namespace_fault(name: str) -> str:
    """What is wrong with the name of a namespace; empty if nothing is."""
    return "" if len(name) <= LONGEST_NAMESPACE and matches_whole(_LABEL, name) else _DNS_LABEL


def other_faults(metadata: JsonValue) -> Iterator[Fault]:
    """What is wrong with what else stands there: fields that there are not, labels, annotations and finalizers."""
    fields = metadata if isinstance(metadata, dict) else {}
    for field in fields:
        if field not in FIELDS:
            yield Fault(("metadata", field), f'unknown field "metadata.{field}"')
    yield from _generated(fields.get("generateName"))
    yield from _labels(fields.get("labels"))
    yield from _annotations(fields.get("annotations"))
    yield from _finalizers(fields.get("finalizers"))


def _generated(name: JsonValue) -> Iterator[Fault]:
    """What is wrong with the beginning of a name that the API server is to make; it may end with a hyphen."""
    if name is not None and not isinstance(name, str):
        yield _of_type(("generateName",), name, "a string")
    elif name and not matches_whole(_NAME, f"{name}0"):
        yield Fault(("metadata", "generateName"), _SUBDOMAIN)


def _labels(labels: JsonValue) -> Iterator[Fault]:
    for key, text in _texts("labels", labels):
        if isinstance(text, Fault):
            yield text
        elif not is_key(key):
            yield Fault(("metadata", "labels", key), _NAME_PART)
        elif not is_label_value(text):
            yield Fault(("metadata", "labels", key), _LABEL_VALUE)


def _annotations(annotations: JsonValue) -> Iterator[Fault]:
    size = 0
    for key, text in _texts("annotations", annotations):
        if isinstance(text, Fault):
            yield text
            continue
        size += len(key.encode(errors="surrogatepass")) + len(text.encode(errors="surrogatepass"))
        if not is_key(key.lower()):
            yield Fault(("metadata", "annotations", key), _NAME_PART)
    if size > MOST_ANNOTATED:
        yield Fault(("metadata", "annotations"), f"Too long: may not be more than {MOST_ANNOTATED} bytes")


def _texts(field: str, texts: JsonValue) -> Iterator[tuple[str, str | Fault]]:
    """The texts by key, or what is wrong with their type. One that is null is empty."""
    if texts is not None and not isinstance(texts, dict):
        yield "", _of_type((field,), texts, "an object")
    for key, text in texts.items() if isinstance(texts, dict) else ():
        if text is None or isinstance(text, str):
            yield key, text or ""
        else:
            yield key, _of_type((field, key), text, "a string", ": put it into quotes")


def _finalizers(finalizers: JsonValue) -> Iterator[Fault]:
    if finalizers is not None and not isinstance(finalizers, list):
        yield _of_type(("finalizers",), finalizers, "an array")
    for index, name in enumerate(finalizers if isinstance(finalizers, list) else ()):
        if not isinstance(name, str):
            yield _of_type(("finalizers", index), name, "a string")
        elif not is_key(name):
            yield Fault(("metadata", "finalizers", index), _NAME_PART)


def _of_type(below: tuple[int | str, ...], found: object, wanted: str, advice: str = "") -> Fault:
    return Fault(("metadata", *below), f"must be {wanted}, and is of type {type_of(found)}{advice}")
