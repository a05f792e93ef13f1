"""Renders the chart, as Helm does it."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from deploy.helm.generating import CHART

Json = dict[str, Any]


class HelmError(RuntimeError):
    """Helm refused; the message is its own."""


@dataclass(frozen=True)
class Helm:
    """Helm's program, with a home of its own."""

    program: Path
    home: Path

    def run(self, *arguments: str, kubeconfig: Path | None = None, input: str | None = None) -> str:  # noqa: A002
        """Run it, and return what it prints. Raises HelmError."""
        environment = {"HOME": str(self.home), **({"KUBECONFIG": str(kubeconfig)} if kubeconfig else {})}
        command = [str(self.program), *arguments]
        run = subprocess.run(command, env=environment, input=input, capture_output=True, text=True, timeout=240)
        if run.returncode != 0:
            raise HelmError(run.stderr.strip())
        return run.stdout

    def render(
        self,
        values: Mapping[str, object] | None = None,
        *,
        release: str = "paramsync",
        namespace: str = "paramsync",
        kubernetes: str = "1.36.3",
    ) -> list[Json]:
        """The objects of the chart with these values. Raises HelmError."""
        arguments = ["template", release, str(CHART), "--namespace", namespace, "--kube-version", kubernetes]
        text = self.run(*arguments, "--values", "-", input=json.dumps(values or {}))
        return [document for document in yaml.load_all(text, Loader=yaml.CSafeLoader) if document is not None]


def one(objects: Sequence[Json], kind: str, name: str | None = None) -> Json:
    """The one object of a kind, or of a kind and a name. Raises AssertionError if there is another number of them."""
    found = [each for each in objects if each["kind"] == kind and name in (None, each["metadata"]["name"])]
    assert len(found) == 1, f"{kind} {name}: {len(found)} of them"
    return found[0]
