"""The garbage collector of the model: what owners take with them, and what they leave behind."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from . import ownership
from .objects import FINALIZERS, OWNERS
from .ownership import Manager

if TYPE_CHECKING:
    from .objects import Stored
    from .ownership import Path
    from .storage import Storage

COLLECTOR: Final = Manager("kube-controller-manager", "Update")
ORPHAN: Final[Path] = (*FINALIZERS, "orphan")
"""The finalizer of an owner whose dependents are to stay."""


def collect(storage: Storage) -> None:
    """Do everything that there is to do now."""
    while any(_collect(storage, live) for live in list(storage.objects.values())):
        pass


def _collect(storage: Storage, live: Stored) -> bool:
    uids = {each.uid for each in storage.objects.values()}
    dead = {each["uid"] for each in live.owners} - uids
    if live.deleting is not None and ORPHAN in live.leaves:
        for each in list(storage.objects.values()):
            if any(reference["uid"] == live.uid for reference in each.owners):
                _disown(storage, each, {live.uid})
        leaves = {path: leaf for path, leaf in live.leaves.items() if path != ORPHAN}
        storage.write(live, replace(live, leaves=leaves))
    elif not dead or live.deleting is not None:
        return False
    elif len(dead) == len(live.owners):
        storage.remove(live)
    else:
        _disown(storage, live, dead)
    return True


def _disown(storage: Storage, live: Stored, uids: set[str]) -> None:
    leaves = {path: leaf for path, leaf in live.leaves.items() if path[:2] != OWNERS or path[2] not in uids}
    managers = ownership.updated(live.managers or None, COLLECTOR, live.leaves, leaves)
    storage.write(live, replace(live, leaves=leaves, managers=managers))
