"""The parameters and the syncs, as they are meant to be at any moment."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.kill.lives import PLAIN, SECURE
from tests.kill.rules import Ref, Sync, key_of

if TYPE_CHECKING:
    import random

    from tests.aws.names import ParameterType
    from tests.kill.lives import Parameters
    from tests.running.objects import Json, Syncs

INTERVAL = "30s"
STEADFAST = 20
"""Parameters of either type below either path that stay for ever; as many come and go."""

LARGE, SMALL = 1000, 40
"""Sizes of values, in characters: a write of large ones takes a moment."""

MOST_REMOVALS = 100_000
"""As many as a spec may allow within an hour: it is not the guard that is tested here."""

NAMES = 6
MOST_TARGETS = 4
"""Of one kind and one sync: names that its targets have by turns, and how many it has at a time."""


class World:
    """Changes by chance what it is told to change."""

    def __init__(self, parameters: Parameters, namespace: str, chance: random.Random) -> None:
        self.parameters = parameters
        self.chance = chance
        self._serial = 0
        self._shared, self._own = (f"/{namespace}/{name}" for name in ("shared", "own"))
        self.syncs = (
            Sync("both", (self._shared, self._own), ("Secret", "ConfigMap")),
            Sync("all", (self._shared,), ("Secret",)),
            Sync("plain", (self._own,), ("ConfigMap",)),
        )

    def begin(self, syncs: Syncs) -> None:
        """Create parameters and syncs."""
        for number in range(STEADFAST):
            for kind, letter in ((SECURE, "s"), (PLAIN, "p")):
                self.parameters.begin(f"{self._shared}/{letter}-{number}", kind, SMALL)
                self.parameters.begin(f"{self._own}/{letter}-own-{number}", kind, LARGE)
        for _ in range(STEADFAST):
            self.add()
        for sync in self.syncs:
            sync.targets.append((0.0, frozenset((kind, f"{sync.name}-0") for kind in sync.kinds)))
            spec = {"targets": spelled(sync.targets[0][1]), "guard": {"maxRemovals": MOST_REMOVALS}}
            syncs.create(sync.name, *sync.paths, interval=INTERVAL, **spec)

    def change(self) -> None:
        """Change a parameter by chance."""
        ways = (self._renew, self._renew, self._renew, self.add, self.add, self._remove, self._turn, self._blink)
        self.chance.choice((*ways, self._cover, self._uncover))()

    def _renew(self) -> None:
        """Give a parameter another value."""
        name = self.chance.choice(list(self.parameters.texts))
        self.parameters.put(name, self.parameters.types[name], LARGE if "-own-" in name else SMALL)

    def add(self) -> None:
        """Create a parameter that may become secure, and go."""
        self._serial += 1
        path = self.chance.choice((self._shared, self._own))
        self.parameters.put(f"{path}/v-{self._serial}", self.chance.choice((PLAIN, SECURE)))

    def _remove(self) -> None:
        for name in self._one_passing(PLAIN, SECURE):
            self.parameters.delete(name)

    def _turn(self) -> None:
        """Make a plain parameter a SecureString."""
        for name in self._one_passing(PLAIN):
            self.parameters.put(name, SECURE)

    def _blink(self) -> None:
        """Delete a parameter and create it again, as Terraform does."""
        for name in self._one_passing(PLAIN, SECURE):
            kind = self.parameters.types[name]
            self.parameters.delete(name)
            self.parameters.put(name, kind)

    def _cover(self) -> None:
        """Lay a parameter over one that is shared. Not one that has just gone: a listing might miss it both times."""
        letter, kind = self.chance.choice((("s", SECURE), ("p", PLAIN)))
        name = f"{self._own}/{letter}-{self.chance.randrange(STEADFAST)}"
        if not self.parameters.has_just_gone(name):
            self.parameters.put(name, kind)

    def _uncover(self) -> None:
        covering = [name for name in self.parameters.texts if self._covers(name)]
        if covering:
            self.parameters.delete(self.chance.choice(covering))

    def edit(self, sync: Sync, kind: str | None) -> Json:
        """Rename a target, add or drop one; what the spec says then.

        :param kind: of the target that is to be renamed; None: whatever chance wants.
        """
        refs = sync.targets[-1][1]
        old = self.chance.choice(sorted(ref for ref in refs if kind in (None, ref[0])))
        new = self.chance.choice(sorted({(old[0], f"{sync.name}-{number}") for number in range(NAMES)} - refs))
        of_kind = sum(ref[0] == old[0] for ref in refs)
        what = "rename" if kind is not None else self.chance.choice(("rename", "add", "drop"))
        if what != "add" and (what == "rename" or of_kind > 1):
            refs -= {old}
        if what == "rename" or (what == "add" and of_kind < MOST_TARGETS):
            refs |= {new}
        sync.targets.append((time.monotonic(), refs))
        return {"spec": {"targets": spelled(refs)}}

    def expected(self, sync: Sync) -> dict[Ref, dict[str, str]]:
        """What the targets of a sync should hold."""
        winners: dict[str, str] = {}
        for path in sync.paths:
            winners |= {key_of(name): name for name in self.parameters.texts if name.startswith(f"{path}/")}
        texts, types = self.parameters.texts, self.parameters.types
        return {
            ref: {key: texts[name] for key, name in winners.items() if types[name] in sync.types(ref[0])}
            for ref in sync.targets[-1][1]
        }

    def _one_passing(self, *types: ParameterType) -> list[str]:
        """One of the parameters that may become secure and go, if there is one of these types."""
        types_now = self.parameters.types
        found = [name for name in types_now if "/v-" in name and types_now[name] in types]
        return [self.chance.choice(found)] if found else []

    def _covers(self, name: str) -> bool:
        """Whether it hides a parameter that is shared."""
        return name.replace(self._own, self._shared) in self.parameters.texts and name.startswith(self._own)


def spelled(refs: frozenset[Ref]) -> list[Json]:
    """Targets as a spec names them."""
    return [{"kind": kind, "name": name} for kind, name in sorted(refs)]
