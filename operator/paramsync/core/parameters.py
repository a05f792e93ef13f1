"""What Parameter Store holds: parameters, the subtrees that list them, and snapshots of those."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from paramsync.api.sync import ParameterType

from .identity import Identity
from .values import Sealed, SecureValue, Value


@dataclass(frozen=True, slots=True)
class Stamp:
    """What identifies a value. The version alone does not: delete and re-create starts at 1 again."""

    name: str
    type: ParameterType
    version: int
    modified: datetime


@dataclass(frozen=True, slots=True)
class Parameter:
    """A stamp with its value, whose class the stamp's type decides."""

    stamp: Stamp
    value: Value

    def __post_init__(self) -> None:
        secure = self.stamp.type is ParameterType.SECURE_STRING
        if not isinstance(self.value, (SecureValue, Sealed) if secure else (str, Sealed)):
            raise TypeError(f"the value of {self.stamp.name} is not of the class that its type asks for")


@dataclass(frozen=True, slots=True)
class Subtree:
    """What one listing covers."""

    identity: Identity
    path: str
    recursive: bool = True
    label: str | None = None
    """Read the versions that carry this label, instead of the newest ones."""

    def relative_name(self, name: str) -> str:
        """A parameter's name below this path: ``/prod/pay/db/host`` under ``/prod/pay`` is ``db/host``."""
        return name.removeprefix(self.path).removeprefix("/")

    def covers(self, name: str) -> bool:
        """Whether a parameter of that full name would be listed here."""
        if self.path != "/" and not name.startswith(f"{self.path}/"):
            return False
        return self.recursive or "/" not in self.relative_name(name)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is published of a subtree, by full name."""

    subtree: Subtree
    parameters: Mapping[str, Parameter]
    began: datetime
    """When the first page of the latest complete listing was asked for."""

    account: str | None = None
    """The account that the parameters' ARNs name; None if that is not known."""

    settled: bool = True
    """Whether a second listing has agreed with the first one since the operator's start."""

    absence_settled: bool = True
    """Whether a name that no listing showed has been missing long enough to count as removed."""

    missing: frozenset[str] = frozenset()
    """Names that the latest listing did not show, or with another type: what is published of them may be over."""

    def is_settled(self, name: str) -> bool:
        """Whether what this snapshot says of a name (its stamp, or that it is gone) may be acted on."""
        return self.settled and name not in self.missing if name in self.parameters else self.absence_settled
