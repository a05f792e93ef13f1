"""Argo CD and Flux, as the tests ask them: through the program that is built from their packages."""

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy" / "argocd"

Json = dict[str, Any]


class ArgoError(RuntimeError):
    """The program refused a request; the message is its own."""


@dataclass(frozen=True)
class Argo:
    """The program, with the settings that `deploy/argocd` gives Argo CD."""

    program: Path
    directory: Path
    """For what it keeps of a cluster."""
    tracking: str = "annotation"
    """How it marks what is an application's: by annotation, label or annotation+label."""

    def health(self, *objects: Json) -> list[tuple[str, str]]:
        """What Argo CD makes of objects: a word and a message; both empty for what has no health."""
        return self._assessed("health", objects)

    def kstatus(self, *objects: Json) -> list[str]:
        """What Flux makes of objects, in a word."""
        return [status for status, _ in self._assessed("kstatus", objects)]

    def actions(self, *objects: Json) -> list[dict[str, bool]]:
        """The actions that Argo CD offers for objects, each with whether it can be run just now."""
        asked = self.ask("actions", objects=objects)
        return [{each["name"]: not each.get("disabled", False) for each in found} for found in asked]

    def act(self, action: str, found: Json) -> Json:
        """The merge patch that an action makes of an object. Raises ArgoError."""
        (patch,) = self.ask("act", action=action, objects=[found])
        return dict(patch)

    def validate(self, application: Json) -> None:
        """Raises ArgoError if an application has a field that Argo CD does not know."""
        self.ask("application", application=application)

    def start(self, command: str, **request: Any) -> subprocess.Popen[str]:
        """Let it work on a request; `answer` waits for what comes of it."""
        data = {**settings(), "application.resourceTrackingMethod": self.tracking}
        process = subprocess.Popen(
            [self.program, command],
            # kubectl's cache goes by the port, which may have been another control plane's an hour ago.
            env={**os.environ, "KUBECACHEDIR": str(self.directory)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps({"settings": data, **request}))
        process.stdin.close()
        process.stdin = None
        return process

    def ask(self, command: str, **request: Any) -> Any:
        """Raises ArgoError."""
        return answer(self.start(command, **request))

    def _assessed(self, command: str, objects: Sequence[Json]) -> list[tuple[str, str]]:
        return [(each["status"], each["message"]) for each in self.ask(command, objects=objects)]


def answer(process: subprocess.Popen[str]) -> Any:
    """What the program says in the end. Raises ArgoError."""
    said, complaint = process.communicate(timeout=120)
    if process.returncode != 0:
        raise ArgoError(complaint.strip())
    return json.loads(said)


def settings() -> dict[str, str]:
    """The data of argocd-cm after the patches that are shipped."""
    data: dict[str, str] = {}
    for name in ("health.yaml", "actions.yaml"):
        data |= yaml.safe_load((DEPLOY / name).read_text())["data"]
    return data
