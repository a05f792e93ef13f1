"""Where the model keeps its objects: versions, and deletions that wait for finalizers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .objects import Place, Stored

Change = Callable[["Stored | None", "Stored | None"], None]
"""Is told of each write: the object before and after it; None where there is none."""


class Storage:
    """The objects, each in its newest version."""

    def __init__(self, now: Callable[[], str]) -> None:
        self.objects: dict[Place, Stored] = {}
        self.changed: list[Change] = []
        self.now = now
        self.version = 1

    def write(self, before: Stored | None, after: Stored) -> Stored:
        """Store an object in a new version, unless nothing has changed; the last finalizer that goes removes it."""
        if before is not None and after.says_the_same(before):
            return before
        self.version += 1
        after = replace(after, version=self.version)
        if after.deleting is not None and not after.finalizers:
            self.remove(after)
            return after
        self.objects[after.place] = after
        self._tell(before, after)
        return after

    def remove(self, live: Stored) -> Stored:
        """Remove an object, or mark it if it waits for finalizers; the object as it was last."""
        if live.finalizers:
            return self.write(live, replace(live, deleting=live.deleting or self.now()))
        self.version += 1
        del self.objects[live.place]
        self._tell(live, None)
        return live

    def _tell(self, before: Stored | None, after: Stored | None) -> None:
        for told in self.changed:
            told(before, after)
