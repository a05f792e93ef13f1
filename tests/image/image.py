"""A built image: what it says of itself, what is in it, and how it is run as the chart runs it."""

import json
import tarfile
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.image.tools import CommandError, run

RUN = ("podman", "--runtime", "runc", "run", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000")
"""The limits are those that a process in a container may have on any machine: podman asks for more by itself."""

CONFINED = (
    *("--user", "65532:65532"),
    *("--read-only", "--read-only-tmpfs=false"),
    *("--cap-drop", "ALL"),
    *("--security-opt", "no-new-privileges"),
)
"""The securityContext of the chart."""


@dataclass(frozen=True)
class Image:
    """An image in podman's store."""

    name: str
    variables: tuple[str, ...] = ()
    """Options that put into the environment what QEMU needs, if the image is for another architecture."""

    def exists(self) -> bool:
        """Whether it is there."""
        try:
            run(["podman", "image", "exists", self.name])
        except CommandError:
            return False
        return True

    def config(self) -> dict[str, Any]:
        """What it says of itself: user, entry point, environment, labels."""
        config: dict[str, Any] = self._inspected()["Config"]
        return config

    def architecture(self) -> str:
        """The architecture that it says it is for, as Docker calls it."""
        name: str = self._inspected()["Architecture"]
        return name

    def labels(self) -> dict[str, str]:
        """Its labels."""
        return self.config().get("Labels") or {}

    def _inspected(self) -> dict[str, Any]:
        found: dict[str, Any]
        (found,) = json.loads(run(["podman", "image", "inspect", self.name]))
        return found

    def compressed_size(self) -> int:
        """Bytes of its layers as a registry keeps them."""
        return _compressed_size(self.name)

    def export(self, archive: Path) -> None:
        """Write the file system of a container that was never started into a tar archive."""
        container = run(["podman", "create", self.name]).strip()
        try:
            run(["podman", "export", "--output", archive, container])
        finally:
            run(["podman", "rm", container])

    def files(self) -> dict[str, tarfile.TarInfo]:
        """What is in it, by its path."""
        with tempfile.TemporaryDirectory() as directory:
            archive = Path(directory) / "root.tar"
            self.export(archive)
            with tarfile.open(archive) as opened:
                return {f"/{member.name.strip('/')}": member for member in opened}

    def run(self, *arguments: str, entrypoint: str | None = None, options: tuple[str, ...] = ()) -> str:
        """Run a command in it to its end, confined and without a network, and return what it prints.

        Raises CommandError.
        """
        entry = () if entrypoint is None else ("--entrypoint", entrypoint)
        network = () if "--network" in options else ("--network", "none")
        return run([*RUN, "--rm", *CONFINED, *self.variables, *network, *entry, *options, self.name, *arguments])

    def python(self, program: str, *arguments: str, options: tuple[str, ...] = ()) -> str:
        """Run a program in its Python."""
        return self.run("-W", "error", "-c", program, *arguments, entrypoint="python", options=options)


@cache
def _compressed_size(name: str) -> int:
    with tempfile.TemporaryDirectory() as directory:
        run(["podman", "push", "--quiet", "--compression-format", "gzip", name, f"oci:{directory}"])
        blobs = Path(directory) / "blobs" / "sha256"
        index = json.loads((Path(directory) / "index.json").read_text())
        manifest = json.loads((blobs / index["manifests"][0]["digest"].partition(":")[2]).read_text())
        return sum(layer["size"] for layer in manifest["layers"])
