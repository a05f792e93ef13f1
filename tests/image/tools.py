"""The programs that make and run images, from Debian: installed if they are missing and if that can be."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.cluster.waiting import wait_until

PROGRAMS = ("buildah", "podman", "runc", "debootstrap")
"""Each is in a package of its name."""

KEYRING = "debian-archive-keyring"

PATIENCE = 300.0
"""Seconds that another apt may take."""

LISTS_ARE_LOCKED = "Could not get lock /var/lib/apt/lists/lock"


class ImageToolsError(RuntimeError):
    """Images cannot be made on this machine; the message says why."""


class CommandError(RuntimeError):
    """A command ended with an error; the message shows the end of what it said."""


def need_tools() -> None:
    """Install what is missing. Raises ImageToolsError if images cannot be made here."""
    missing = to_install(os.geteuid(), shutil.which)
    if missing:
        install([*missing, KEYRING])


def install(packages: Sequence[str]) -> None:
    """Install packages of the distribution. Raises ImageToolsError if that cannot be."""
    apt = ["apt-get", "-o", f"DPkg::Lock::Timeout={PATIENCE:.0f}", "--yes"]
    try:
        wait_until(lambda: _is_updated(apt), "the lock of apt's lists is free", PATIENCE)
        run([*apt, "--no-install-recommends", "install", *packages])
    except (CommandError, TimeoutError) as error:
        raise ImageToolsError(f"{', '.join(packages)} cannot be installed: {error}") from None


def _is_updated(apt: Sequence[str]) -> bool:
    """Renew the lists of packages, unless another apt does that: its lock is none that apt waits for."""
    try:
        run([*apt, "update"])
    except CommandError as error:
        if LISTS_ARE_LOCKED not in str(error):
            raise
        return False
    return True


def to_install(user: int, which: Callable[[str], str | Path | None]) -> list[str]:
    """The packages that are missing. Raises ImageToolsError if this user cannot make images, or cannot install them.

    :param which: where a program is, as ``shutil.which`` tells.
    """
    if user != 0:
        raise ImageToolsError("images are made as root: run the tests of tests/image as root")
    missing = [name for name in PROGRAMS if which(name) is None]
    if missing and which("apt-get") is None:
        raise ImageToolsError(f"install {', '.join(missing)}: there is no apt-get to do it")
    return missing


def run(
    command: Sequence[str | os.PathLike[str]],
    cwd: str | os.PathLike[str] = "/",
    variables: Mapping[str, str] | None = None,
) -> str:
    """Run a command, with more variables in its environment, and return what it printed. Raises CommandError."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", **(variables or {})}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        end = "\n".join([*done.stdout.splitlines(), *done.stderr.splitlines()][-20:])
        raise CommandError(f"`{' '.join(map(str, command))}` ended with {done.returncode}:\n{end}")
    return done.stdout
