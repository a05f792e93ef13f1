"""What a phase cost, and how that compares with its bounds."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections import Counter

WRITES = frozenset({"create", "patch", "update", "delete"})
MIB = 2**20


@dataclass(frozen=True)
class Cost:
    """What was counted and measured from one moment to another."""

    seconds: float
    cpu: float
    rss: float
    """MiB, at the end."""
    calls: Counter[str]
    """Requests to SSM and STS, by action."""
    decrypted: int
    kubernetes: Counter[str]
    """The operator's requests to the API server, by verb and resource."""

    @property
    def sts(self) -> int:
        """Requests to STS."""
        return sum(count for action, count in self.calls.items() if not action.startswith("GetParameters"))

    @property
    def writes(self) -> int:
        """Requests to the API server that would change something."""
        return sum(count for what, count in self.kubernetes.items() if what.split()[0] in WRITES)

    def show(self, name: str) -> None:
        """Print it."""
        calls = ", ".join(f"{count} {action}" for action, count in sorted(self.calls.items()))
        asked = ", ".join(f"{count} {what}" for what, count in sorted(self.kubernetes.items()))
        print(f"  {name}: {self.seconds:.1f} s, {self.cpu:.2f} s of CPU, {self.rss:.1f} MiB")
        print(f"      AWS: {calls or 'nothing'}; {self.decrypted} decryptions, {self.sts} to STS")
        print(f"      API server: {asked or 'nothing'}", flush=True)


@dataclass(frozen=True)
class Check:
    """A measured value and its bound."""

    scenario: str
    bound: str
    measured: float
    least: float
    most: float
    is_asserted: bool
    unit: str

    @property
    def holds(self) -> bool:
        """Whether the value is within its bound."""
        return self.least <= self.measured <= self.most

    @property
    def verdict(self) -> str:
        """One word for it."""
        if self.holds:
            return "holds"
        return "MISSED" if self.is_asserted else "missed (shown only)"

    def line(self) -> str:
        """A line of the table."""
        limit = f"{'=' if self.least == self.most else '<='} {self.most:g}"
        if self.most == float("inf"):
            limit = f">= {self.least:g}" if self.least > float("-inf") else "-"
        value = f"{self.measured:.6g}{self.unit}"
        return f"{self.scenario:<18} {self.bound:<74} {value:>14}  {limit:<10} {self.verdict}"


@dataclass
class Results:
    """All checks of a run."""

    scenario: str = ""
    checks: list[Check] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)

    def equal(self, bound: str, measured: float, wanted: float) -> None:
        """A count that must be just this."""
        self._add(bound, measured, wanted, wanted, is_asserted=True)

    def at_most(self, bound: str, measured: float, most: float) -> None:
        """A count that must not be more."""
        self._add(bound, measured, float("-inf"), most, is_asserted=True)

    def at_least(self, bound: str, measured: float, least: float) -> None:
        """A count that must not be less."""
        self._add(bound, measured, least, float("inf"), is_asserted=True)

    def show(self, bound: str, measured: float, most: float = float("inf"), unit: str = "") -> None:
        """A value that depends on the machine."""
        self._add(bound, measured, float("-inf"), most, is_asserted=False, unit=unit)

    @property
    def missed(self) -> list[Check]:
        """The checks that must hold and do not."""
        return [check for check in self.checks if check.is_asserted and not check.holds]

    def table(self) -> None:
        """Print all checks."""
        print(f"\nafter {time.monotonic() - self._began:.0f} s:")
        for check in self.checks:
            print(check.line())
        print(
            f"{len(self.missed)} of {len(self.checks)} bounds missed" if self.missed else "all counts are within bounds"
        )

    def _add(
        self, bound: str, measured: float, least: float, most: float, *, is_asserted: bool, unit: str = ""
    ) -> None:
        check = Check(self.scenario, bound, measured, least, most, is_asserted, unit)
        self.checks.append(check)
        print(f"    {check.line()}", flush=True)


def pages(parameters: int) -> int:
    """How many list calls a subtree of so many parameters takes."""
    return -(-parameters // 10)
