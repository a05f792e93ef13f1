"""The control plane's programs: those in $KUBEBUILDER_ASSETS, or built once from what go.mod pins.

To renew them, set the versions in `assets/go.mod` (etcd, Kubernetes, its staging modules) and run `go mod tidy` there.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ASSETS = Path(__file__).parent / "assets"
OLDEST_GO = (1, 26)

PROGRAMS = {
    "etcd": ("go.etcd.io/etcd/server/v3", "1 to 2 minutes"),
    "kube-apiserver": ("k8s.io/kubernetes/cmd/kube-apiserver", "3 to 5 minutes"),
    "kube-controller-manager": ("k8s.io/kubernetes/cmd/kube-controller-manager", "1 to 2 minutes"),
}


class BuildError(RuntimeError):
    """The programs are neither there nor can they be built; the message says what to do."""


@dataclass(frozen=True)
class Binaries:
    """Where the three programs are."""

    etcd: Path
    kube_apiserver: Path
    kube_controller_manager: Path

    @classmethod
    def below(cls, directory: Path) -> "Binaries":
        """The programs in a directory. Raises BuildError if one is missing."""
        paths = [directory / name for name in PROGRAMS]
        if missing := [path.name for path in paths if not os.access(path, os.X_OK)]:
            raise BuildError(f"{directory} lacks {', '.join(missing)}")
        return cls(*paths)


def binaries() -> Binaries:
    """Find the programs or build them, which takes minutes, with progress on stderr. Raises BuildError."""
    if assets := os.environ.get("KUBEBUILDER_ASSETS"):
        try:
            return Binaries.below(Path(assets))
        except BuildError as error:
            raise BuildError(f"KUBEBUILDER_ASSETS: {error}; add it, or unset the variable to build all") from None
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "paramsync" / "control-plane"
    home = cache / _digest()
    if not home.exists():
        cache.mkdir(parents=True, exist_ok=True)
        say = _stopwatch()
        with _alone(home.with_suffix(".lock"), say):
            if not home.exists():  # another process may have built it while this one waited for the lock
                _build(home, say)
    return Binaries.below(home)


def _versions() -> dict[str, str]:
    """The version of each program, as go.mod says."""
    lines = (ASSETS / "go.mod").read_text()
    found = {}
    for name, (package, _) in PROGRAMS.items():
        module = package.partition("/cmd/")[0]
        match = re.search(rf"^\s*{re.escape(module)} (v\S+)", lines, re.MULTILINE)
        if match is None:
            raise BuildError(f"go.mod does not require {module}")
        found[name] = match[1]
    return found


def _flags() -> list[str]:
    version = _versions()["kube-apiserver"]
    major, minor, _ = version.removeprefix("v").split(".", 2)
    # Without a version in the binary, Helm and kubectl cannot parse what the server says about itself.
    stamps = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    variables = " ".join(f"-X k8s.io/component-base/version.{key}={value}" for key, value in stamps.items())
    return ["-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", f"-s -w {variables}"]


def _digest() -> str:
    """What the build depends on; another digest is another directory in the cache."""
    inputs = [(ASSETS / name).read_bytes() for name in ("go.mod", "go.sum")]
    return hashlib.sha256(b"\0".join([*inputs, *(flag.encode() for flag in _flags())])).hexdigest()[:16]


def _build(home: Path, say: Callable[[str], None]) -> None:
    """Build into a directory beside `home` that gets its name only when it is complete."""
    go = _go()
    environment = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    versions = _versions()
    with tempfile.TemporaryDirectory(prefix=".building-", dir=home.parent, ignore_cleanup_errors=True) as building:
        finished = Path(building) / "bin"
        for number, (name, (package, duration)) in enumerate(PROGRAMS.items(), start=1):
            say(f"building {name} {versions[name]} ({number} of {len(PROGRAMS)}, {duration}, once)")
            command = [str(go), "build", *_flags(), "-o", str(finished / name), package]
            run = subprocess.run(command, cwd=ASSETS, env=environment, capture_output=True, text=True)
            if run.returncode != 0:
                tail = "\n".join(run.stderr.splitlines()[-20:])
                raise BuildError(f"building {name} {versions[name]} with {go} failed:\n{tail}")
        finished.rename(home)
    say(f"built into {home}")


def _go() -> Path:
    """The `go` of the PATH if it is new enough, else the one that the dev dependencies bring."""
    candidates = [shutil.which("go"), shutil.which("go", path=str(Path(sys.executable).parent))]
    for candidate in candidates:
        if candidate and _go_version(candidate) >= OLDEST_GO:
            return Path(candidate)
    oldest = ".".join(map(str, OLDEST_GO))
    raise BuildError(f"no Go {oldest} or newer in the PATH or beside {sys.executable}: run `make setup`")


def _go_version(go: str) -> tuple[int, ...]:
    # Outside of any module, so that a too old Go answers instead of refusing its go.mod.
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    run = subprocess.run([go, "env", "GOVERSION"], cwd="/", env=environment, capture_output=True, text=True)
    match = re.match(r"go(\d+)\.(\d+)", run.stdout)
    return (int(match[1]), int(match[2])) if match else ()


@contextmanager
def _alone(lock: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Hold a lock between processes, which ends with the process at the latest."""
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another process that builds the control plane")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _stopwatch() -> Callable[[str], None]:
    began = time.monotonic()

    def say(message: str) -> None:
        print(f"{time.monotonic() - began:4.0f} s  {message}", file=sys.stderr, flush=True)

    return say
