"""A Parameter Store in memory, in virtual time, as feeds see it: with faults, and with everything counted."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from paramsync.api.sync import ParameterType
from paramsync.aws.errors import SourceError, Undecryptable
from paramsync.core.listing import Listed
from paramsync.core.parameters import Parameter, Stamp, Subtree
from paramsync.core.reasons import Reason
from paramsync.core.search import Opened
from paramsync.core.values import NOT_OPENED, SecureValue, Value
from paramsync.runtime.feeds.look import Urgent

from .builders import ACCOUNT, NOW, parameter

PAGE = 10
UNDECRYPTABLE = Undecryptable(Reason.DECRYPTION_FAILED, "AWS denies kms:Decrypt; allow it for the operator's role")


@dataclass(frozen=True)
class Asked:
    """One request: when, what of, and whether it was urgent."""

    at: float
    path: str
    what: str
    """``list``, ``list decrypted`` or ``open`` with the names that were asked for."""

    urgent: bool = False


@dataclass
class ParameterStore:
    """Parameters by full name. A version is a version of this store: deleting and re-creating starts at 1 again."""

    parameters: dict[str, Parameter] = field(default_factory=dict)
    takes: float = 0.0
    """Seconds that a listing takes."""

    error: Exception | None = None
    """What every request fails with."""

    open_error: Exception | None = None
    """What every decryption of single parameters fails with."""

    locked: set[str] = field(default_factory=set)
    """Names that cannot be decrypted."""

    hidden: set[str] = field(default_factory=set)
    """Names that a listing shows and that GetParameters does not find yet."""

    account: str = ACCOUNT
    asked: list[Asked] = field(default_factory=list)
    decrypted: int = 0

    def put(self, *made: Parameter) -> None:
        """Write parameters as they are given."""
        self.parameters |= {each.stamp.name: each for each in made}

    def write(self, name: str, value: str, kind: ParameterType = ParameterType.STRING) -> None:
        """Write a new version now."""
        before = self.parameters.get(name)
        version = before.stamp.version + 1 if before is not None else 1
        self.put(parameter(name, value, kind=kind, version=version, modified=now()))

    def delete(self, *names: str) -> None:
        """Delete parameters."""
        for name in names:
            del self.parameters[name]

    async def read(self, subtree: Subtree, *, decrypt: bool, urgent: Urgent, admit: Callable[[int], None]) -> Listed:
        self.asked.append(Asked(clock(), subtree.path, "list decrypted" if decrypt else "list", urgent()))
        covered = {name: each for name, each in self.parameters.items() if subtree.covers(name)}
        await asyncio.sleep(self.takes)
        if self.error is not None:
            raise self.error
        if decrypt:
            self._check(each.stamp for each in covered.values())
            admit(sum(each.value.size for each in covered.values() if isinstance(each.value, SecureValue)))
        listed = {name: each if decrypt else _closed(each) for name, each in covered.items()}
        return Listed(listed, self.account if listed else None, max(-(-len(listed) // PAGE), 1))

    async def open(self, subtree: Subtree, stamps: Sequence[Stamp], *, urgent: Urgent) -> Opened:
        names = " ".join(subtree.relative_name(stamp.name) for stamp in stamps)
        self.asked.append(Asked(clock(), subtree.path, f"open {names}", urgent()))
        for error in (self.error, self.open_error):
            if error is not None:
                raise error
        there = [stamp for stamp in stamps if stamp.name not in self.hidden]
        found = [each for each in map(self.parameters.get, (stamp.name for stamp in there)) if each is not None]
        self._check(each.stamp for each in found)
        values: dict[Stamp, Value] = {each.stamp: each.value for each in found if each.stamp in there}
        self.decrypted += len(values)
        return Opened(values, frozenset(stamps) - values.keys())

    def _check(self, stamps: Iterable[Stamp]) -> None:
        if any(stamp.name in self.locked and stamp.type is ParameterType.SECURE_STRING for stamp in stamps):
            raise replace_error(UNDECRYPTABLE)

    def listings(self, path: str | None = None) -> list[float]:
        """When a path was listed."""
        return [round(each.at, 1) for each in self.asked if each.what.startswith("list") and path in (None, each.path)]

    def opened(self) -> list[str]:
        """What was asked for one by one."""
        return [each.what.removeprefix("open ") for each in self.asked if each.what.startswith("open")]


def replace_error(error: SourceError) -> SourceError:
    """A new exception that says the same."""
    return type(error)(error.reason, str(error))


def clock() -> float:
    """The loop's time."""
    return asyncio.get_running_loop().time()


def now() -> datetime:
    """The loop's time as a moment."""
    return NOW + timedelta(seconds=clock())


def _closed(each: Parameter) -> Parameter:
    return replace(each, value=NOT_OPENED) if each.stamp.type is ParameterType.SECURE_STRING else each
