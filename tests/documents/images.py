"""Docker's command line, as far as the pages use it: podman, which takes the same words, carries it out.

The image of the tests is in podman's store, under the name that a reader writes for `IMAGE`; a build finds its layers
there.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.documents.claims import PLACEHOLDERS
from tests.image.architectures import own
from tests.image.building import build_options
from tests.image.image import RUN, Image
from tests.image.tools import run as run_tool
from tests.programs.cache import alone, kept, stopwatch

IMAGE: Final = PLACEHOLDERS["IMAGE"]
MADE: Final = "paramsync.test.documents"
"""The label of containers that are made by commands of the pages."""

PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where podman looks for what it calls; a reader's programs are stand-ins."""


@contextmanager
def shelf(image: Image) -> Iterator[None]:
    """Have the image under the name that pages use, alone among all processes; what they make is gone at the end."""
    with alone(kept("image") / "documents.lock", stopwatch()):
        try:
            run_tool(["podman", "tag", image.name, IMAGE])
            yield
        finally:
            for container in run_tool(["podman", "ps", "--all", "--quiet", "--filter", f"label={MADE}"]).split():
                run_tool(["podman", "rm", "--force", container])
            names = run_tool(["podman", "images", "--format", "{{.Repository}}:{{.Tag}}"]).split()
            for name in (name for name in names if name.startswith(f"{IMAGE}:")):
                # Twice: named once, an image loses all its names.
                run_tool(["podman", "untag", name, name])


def run(arguments: list[str]) -> int:
    """Check a command, and carry it out where that can be had."""
    length = 2 if arguments[0] == "buildx" else 1
    command, rest = arguments[:length], arguments[length:]
    # podman looks at the options before it shows its help.
    if (checked := _podman([*command, "--help", *rest], quiet=True)) != 0:
        return checked
    match command:
        case ["build"]:
            with build_options(own()) as options:
                return _podman(["build", "--quiet", *options, *rest])
        case ["buildx", "build"]:
            # For another architecture an emulator takes 14 minutes: `make image ARCH=arm64`.
            return 0 if (Path(rest[-1]) / "Dockerfile").is_file() else _refused(f"{rest[-1]} has no Dockerfile")
        case ["push"]:
            # There is no registry: a directory gets what one would.
            with tempfile.TemporaryDirectory() as directory:
                return _podman(["push", "--quiet", *rest, f"dir:{directory}"])
        case ["run"]:
            confined = ("--rm", "--pull=never", "--network", "none")
            return _podman([*RUN[1:], *confined, *_for_this_machine(rest)])
        case ["create"]:
            return _podman(["create", "--pull=never", "--label", MADE, *_for_this_machine(rest)])
        case ["export"]:
            return _podman(["export", *rest])
        case _:
            return _refused(f"tests/documents/images.py does not know how to run docker {command[0]}")


def _for_this_machine(words: list[str]) -> list[str]:
    """Words of a command, for this machine's architecture: the image is there for that one."""
    if "--platform" not in words:
        return words
    at = words.index("--platform")
    return [*words[:at], *words[at + 2 :]]


def _podman(arguments: Sequence[str], *, quiet: bool = False) -> int:
    output = subprocess.DEVNULL if quiet else None
    command = ["/usr/bin/env", f"PATH={PATH}", "podman", *arguments]
    return subprocess.run(command, env={**os.environ, "PATH": PATH}, stdout=output, check=False).returncode


def _refused(why: str) -> int:
    print(why, file=sys.stderr)
    return 1
