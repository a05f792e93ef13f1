"""What people do to the parameters meanwhile, and what is there at the end."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from paramsync.core.values import SecureValue, Value
from tests.aws.faults import undecryptable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.aws.names import ParameterType
    from tests.aws.rules import Rule
    from tests.load.stub import Stub

SEALED_AT_ONCE = 2


class Store:
    """The parameters in the stub, changed by chance."""

    def __init__(self, stub: Stub, paths: Sequence[str], seed: int) -> None:
        self._stub = stub
        self._paths = paths
        self._chance = random.Random(seed)
        self._there: dict[str, Value] = {}
        self._sealed: list[Rule] = []
        for index, path in enumerate(paths):
            for number in range(12 if index % 4 == 0 else 8):
                self._put(f"{path}/p-{number}", "SecureString" if number % 4 == 0 else "String")

    def expected(self, path: str) -> dict[str, Value]:
        """Values by name, as a sync of the path is to have them."""
        return {name: value for name, value in self._there.items() if name.startswith(f"{path}/")}

    def change(self) -> None:
        """Let something happen to one parameter."""
        name = f"{self._chance.choice(self._paths)}/p-{self._chance.randrange(12)}"
        match self._chance.randrange(6):
            case 0 if name in self._there:
                self._stub.delete(name)
                del self._there[name]
            case 1:
                self._put(name, self._chance.choice(("String", "SecureString")))
            case 2:
                self._sealed.append(self._stub.add(undecryptable(name)))
                if len(self._sealed) > SEALED_AT_ONCE:
                    self._sealed.pop(0).remove()
            case _:
                secure = isinstance(self._there.get(name), SecureValue)
                self._put(name, "SecureString" if secure else "String")

    def rest(self) -> None:
        """Let everything be decrypted again."""
        while self._sealed:
            self._sealed.pop().remove()

    def _put(self, name: str, type: ParameterType) -> None:  # noqa: A002
        value = f"value {self._chance.getrandbits(64):016x}"
        self._stub.put(name, value, type)
        self._there[name] = SecureValue.of(value) if type == "SecureString" else value
