"""Which namespaces this installation reads: all of them, or those that its settings name, as far as it may."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from paramsync.kube.customs import KINDS, NAMESPACED

log = logging.getLogger(__name__)

ALL: Final = ""
"""Stands for all namespaces where one is named."""


class Namespaces:
    """The namespaces to read, and which of them may be read at present.

    One that does not exist, or in which the rights are missing, hinders none of the others.
    """

    def __init__(self, names: Sequence[str] | None) -> None:
        """Nothing is known to be readable yet.

        :param names: None: all, as one.
        """
        self.names = (ALL,) if names is None else tuple(names)
        self.are_all = names is None
        self._readable: set[str] = set()
        self._lost: dict[str, str] = {}
        self._tell: list[Callable[[], None]] = []

    @property
    def kinds(self) -> Sequence[str]:
        """The kinds of ours that are read: in some namespaces only those that are namespaced."""
        return KINDS if self.are_all else NAMESPACED

    @property
    def readable(self) -> frozenset[str]:
        """Those that may be read."""
        return frozenset(self._readable)

    @property
    def lost(self) -> Mapping[str, str]:
        """Those that may not be read, each with the reason."""
        return self._lost

    def has(self, name: str) -> bool:
        """Whether syncs of a namespace are to be reconciled."""
        return self.are_all or name in self._readable

    def find(self, name: str) -> None:
        """A namespace may be read."""
        if self._lost.pop(name, None) is not None:
            log.info("a namespace can be read now", extra={"namespace": name})
        if name not in self._readable:
            self._readable.add(name)
            self._told()

    def lose(self, name: str, why: str) -> None:
        """A namespace may not be read."""
        if name not in self._lost:
            log.warning(
                "a namespace cannot be read: does it exist, and does the operator's Role in it?",
                extra={"namespace": name, "what": why},
            )
        self._lost[name] = why
        if name in self._readable:
            self._readable.remove(name)
            self._told()

    def follow(self, tell: Callable[[], None]) -> None:
        """Let somebody be told whenever other ones may be read than before."""
        self._tell.append(tell)

    def trouble(self) -> str | None:
        """What is wrong with the namespaces that may not be read, in words."""
        return "; ".join(f"namespace {name} cannot be read: {why}" for name, why in self._lost.items()) or None

    def _told(self) -> None:
        for tell in self._tell:
            tell()
