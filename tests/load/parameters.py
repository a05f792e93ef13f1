"""The parameters of one account and Region: what is put, deleted and labelled, found and listed."""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

from tests.aws.names import ParameterType, check

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from tests.aws.tokens import Token

VERSIONS = 100
"""What AWS keeps of one parameter."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a parameter."""

    name: str
    type: ParameterType
    value: str
    number: int
    modified: float
    """Seconds since the epoch, with three places: AWS tells milliseconds."""


@dataclass(slots=True)
class _Parameter:
    versions: dict[int, Version] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)
    latest: int = 0


@dataclass(frozen=True, slots=True)
class Listing:
    """What a listing asks for. With labels: the newest version that carries one of them, if any."""

    path: str
    recursive: bool
    labels: Collection[str] | None = None

    @property
    def prefix(self) -> str:
        """What the names below the path start with; a name without a slash is below `/` too."""
        return "" if self.path == "/" else self.path.rstrip("/") + "/"


class Parameters:
    """The parameters. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._parameters: dict[str, _Parameter] = {}
        self._names: list[str] = []
        """Sorted, so that a page of a few costs the same among a few and among many."""

    def put(self, name: str, value: str, type: ParameterType, modified: datetime | None) -> int:  # noqa: A002
        """Create the parameter, or a new version of it, and return the version.

        Raises:
            ValueError: AWS would not take this name or value, or the version to go for it has a label.
        """
        check(name, value)
        with self._lock:
            parameter = self._parameters.get(name)
            if parameter is None:
                parameter = self._parameters[name] = _Parameter()
                insort(self._names, name)
            oldest = parameter.latest + 1 - VERSIONS
            if oldest in parameter.labels.values():
                raise ValueError(f"{name} has {VERSIONS} versions, and the oldest has a label")
            parameter.versions.pop(oldest, None)
            parameter.latest += 1
            stamp = round((modified or datetime.now(UTC)).timestamp(), 3)
            parameter.versions[parameter.latest] = Version(name, type, value, parameter.latest, stamp)
            return parameter.latest

    def delete(self, name: str) -> None:
        """Delete the parameter with all versions. Raises KeyError if there is none."""
        with self._lock:
            del self._parameters[name]
            del self._names[bisect_left(self._names, name)]

    def label(self, name: str, version: int, label: str) -> None:
        """Attach the label to this version, and take it from another one. Raises KeyError if there is none such."""
        with self._lock:
            parameter = self._parameters[name]
            parameter.labels[label] = parameter.versions[version].number

    def find(self, name: str, selector: str) -> Version | None:
        """Return a version by number or label, and without either the newest."""
        with self._lock:
            if (parameter := self._parameters.get(name)) is None:
                return None
            if not selector:
                return parameter.versions[parameter.latest]
            number = int(selector) if selector.isdecimal() else parameter.labels.get(selector)
            return None if number is None else parameter.versions.get(number)

    def page(self, listing: Listing, here: Token, size: int) -> tuple[list[Version], bool]:
        """Return `size` parameters at most of the listing from this place on, and whether others follow.

        What is put or deleted between two pages moves nothing else: a name that stands throughout is listed once.
        """
        with self._lock:
            found = self._listed(listing, here.after)
            start = 0 if here.after else here.start
            page = list(islice(found, start, start + size))
            return page, next(found, None) is not None

    def _listed(self, listing: Listing, after: str) -> Iterator[Version]:
        names, prefix = self._names, listing.prefix
        index = bisect_right(names, after) if after else bisect_left(names, prefix)
        while index < len(names) and (name := names[index]).startswith(prefix):
            slash = -1 if listing.recursive else name.find("/", len(prefix) or 1)
            if slash >= 0:
                # Past everything else below that child: "0" comes next after the slash.
                index = bisect_left(names, name[:slash] + "0", index)
                continue
            index += 1
            if (version := _chosen(self._parameters[name], listing.labels)) is not None:
                yield version


def _chosen(parameter: _Parameter, labels: Collection[str] | None) -> Version | None:
    if labels is None:
        return parameter.versions[parameter.latest]
    numbers = [parameter.labels[label] for label in labels if label in parameter.labels]
    return parameter.versions[max(numbers)] if numbers else None
