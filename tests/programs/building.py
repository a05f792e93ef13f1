"""Programs that are written in Go, built once from what a go.mod pins, and kept in a cache.

To renew them, set the versions in the module's go.mod and run `go mod tidy` there.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.programs.cache import Say, alone, kept, stopwatch


class BuildError(RuntimeError):
    """The programs are neither there nor can they be built; the message says what to do."""


@dataclass(frozen=True)
class Program:
    """One program of a module."""

    package: str
    """Of a module that go.mod requires, or below the module itself (``./cmd``)."""
    duration: str
    """How long its build takes, as a person is told."""


@dataclass(frozen=True)
class GoModule:
    """A directory with a go.mod, and the programs that are built by it."""

    name: str
    """The directory in the cache."""
    directory: Path
    programs: Mapping[str, Program]
    stamped_by: str = ""
    """The program whose version is written into all of them, as Kubernetes' programs do; others know theirs."""
    own_flags: tuple[str, ...] = field(default=("-mod=readonly", "-trimpath", "-buildvcs=false"))

    def built(self) -> Path:
        """The directory of the programs. Builds them if need be, which takes minutes, with progress on stderr.

        Raises BuildError.
        """
        home = kept(self.name) / self._digest()
        if not home.exists():
            say = stopwatch()
            with alone(home.with_suffix(".lock"), say):
                if not home.exists():  # another process may have built it while this one waited for the lock
                    self._build(home, say)
        return home

    def version(self, program: str) -> str:
        """The version of a program, as go.mod says; empty if its source is the module's own."""
        package = self.programs[program].package
        if package.startswith("."):
            return ""
        match = re.search(
            rf"^(?:require)?\s*{re.escape(package.partition('/cmd/')[0])} (v\S+)",
            (self.directory / "go.mod").read_text(),
            re.MULTILINE,
        )
        if match is None:
            raise BuildError(f"{self.directory / 'go.mod'} does not require {package}")
        return match[1]

    def _flags(self) -> list[str]:
        variables = ""
        if self.stamped_by:
            version = self.version(self.stamped_by)
            major, minor, _ = version.removeprefix("v").split(".", 2)
            # Without a version in the binary, Helm and kubectl cannot parse what the server says about itself.
            stamps = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
            variables = "".join(f" -X k8s.io/component-base/version.{key}={value}" for key, value in stamps.items())
        return [*self.own_flags, "-ldflags", f"-s -w{variables}"]

    def _digest(self) -> str:
        """What the build depends on; another digest is another directory in the cache."""
        sources = sorted([self.directory / "go.mod", self.directory / "go.sum", *self.directory.rglob("*.go")])
        inputs = [path.read_bytes() for path in sources]
        return hashlib.sha256(b"\0".join([*inputs, *(flag.encode() for flag in self._flags())])).hexdigest()[:16]

    def _build(self, home: Path, say: Say) -> None:
        """Build into a directory beside `home` that gets its name only when it is complete."""
        go = _go(self.directory)
        with tempfile.TemporaryDirectory(prefix=".building-", dir=home.parent, ignore_cleanup_errors=True) as building:
            finished = Path(building) / "bin"
            for number, (name, program) in enumerate(self.programs.items(), start=1):
                called = f"{name} {self.version(name)}".rstrip()
                say(f"building {called} ({number} of {len(self.programs)}, {program.duration}, once)")
                command = [str(go), "build", *self._flags(), "-o", str(finished / name), program.package]
                run = subprocess.run(command, cwd=self.directory, env=_environment(), capture_output=True, text=True)
                if run.returncode != 0:
                    tail = "\n".join(run.stderr.splitlines()[-20:])
                    raise BuildError(f"building {called} with {go} failed:\n{tail}")
            finished.rename(home)
        say(f"built into {home}")


def source(directory: Path, module: str) -> Path:
    """Where the source of a module is that the go.mod of a directory requires. Raises BuildError."""
    command = [str(_go(directory)), "mod", "download", "-json", module]
    run = subprocess.run(command, cwd=directory, env=_environment(), capture_output=True, text=True)
    if run.returncode != 0:
        raise BuildError(f"{module} cannot be had:\n{run.stdout}{run.stderr}")
    return Path(json.loads(run.stdout)["Dir"])


def _environment() -> dict[str, str]:
    return {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}


def _oldest_go(directory: Path) -> tuple[int, ...]:
    match = re.search(r"^go (\S+)$", (directory / "go.mod").read_text(), re.MULTILINE)
    if match is None:
        raise BuildError(f"{directory / 'go.mod'} does not say which Go it needs")
    return tuple(map(int, match[1].split(".")))


def _go(directory: Path) -> Path:
    """The `go` of the PATH if it is new enough, else the one that the dev dependencies bring."""
    oldest = _oldest_go(directory)
    candidates = [shutil.which("go"), shutil.which("go", path=str(Path(sys.executable).parent))]
    for candidate in candidates:
        if candidate and _go_version(candidate) >= oldest:
            return Path(candidate)
    wanted = ".".join(map(str, oldest))
    raise BuildError(f"no Go {wanted} or newer in the PATH or beside {sys.executable}: run `make setup`")


def _go_version(go: str) -> tuple[int, ...]:
    # Outside of any module, so that a too old Go answers instead of refusing its go.mod.
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    run = subprocess.run([go, "env", "GOVERSION"], cwd="/", env=environment, capture_output=True, text=True)
    match = re.match(r"go(\d+)\.(\d+)(?:\.(\d+))?", run.stdout)
    return tuple(int(part or 0) for part in match.groups()) if match else ()
