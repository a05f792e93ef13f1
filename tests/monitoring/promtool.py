"""Prometheus's own tool, and its parser of expressions."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, TypeAdapter


class PromtoolError(RuntimeError):
    """Promtool found something wrong; the message is its own."""


class Selector(BaseModel):
    """One choice of series in an expression."""

    metric: str
    labels: list[str]
    """By which it chooses."""


class Query(BaseModel):
    """What one expression asks for."""

    error: str
    """Why it is none, or empty."""

    selectors: list[Selector]
    groupings: list[str]
    """The labels that are kept, dropped or matched."""


_QUERIES = TypeAdapter(list[Query])


@dataclass(frozen=True)
class Promtool:
    """The programs."""

    programs: Path

    def check_rules(self, rules: Path) -> None:
        """Raises PromtoolError."""
        self._run("check", "rules", "--lint=all", "--lint-fatal", str(rules))

    def test_rules(self, tests: Path) -> None:
        """Raises PromtoolError."""
        self._run("test", "rules", str(tests))

    def check_config(self, config: Path) -> None:
        """Raises PromtoolError."""
        self._run("check", "config", str(config))

    def queries(self, expressions: Sequence[str]) -> list[Query]:
        """What expressions ask for."""
        command = [str(self.programs / "queries")]
        answer = subprocess.run(command, input=json.dumps(expressions).encode(), stdout=subprocess.PIPE, check=True)
        return _QUERIES.validate_json(answer.stdout)

    def _run(self, *arguments: str) -> None:
        command = [str(self.programs / "promtool"), *arguments]
        run = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if run.returncode != 0:
            raise PromtoolError(run.stdout + run.stderr)
