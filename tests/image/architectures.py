"""The architectures that images are made for, and how this machine comes to run programs of another one.

The kernel hands a program for another architecture to QEMU, which runs it as it is, only slower: no image knows of it.
"""

import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.image.tools import CommandError, ImageToolsError, install, run

HANDLERS = Path("/proc/sys/fs/binfmt_misc")
"""Where the kernel lists what it hands to whom: Documentation/admin-guide/binfmt-misc.rst of its source."""

EMULATION = ("qemu-user-static", "binfmt-support")
"""The packages of Debian that bring QEMU and tell the kernel."""


@dataclass(frozen=True)
class Architecture:
    """An architecture of processors."""

    name: str
    """As Debian and Docker call it."""
    machine: str
    """As the kernel and QEMU call it."""
    elf: int
    """Its number in the head of a program or a library: `e_machine`, elf(5)."""
    emulated: str
    """The processor that QEMU is to be."""

    @property
    def native(self) -> bool:
        """Whether this machine is of it."""
        return platform.machine() == self.machine

    @property
    def environment(self) -> dict[str, str]:
        """What QEMU has to find in the environment of a program; nothing where none is needed."""
        return {} if self.native else {"QEMU_CPU": self.emulated}

    @property
    def handler(self) -> Path:
        """What the kernel says of handing its programs to QEMU."""
        return HANDLERS / f"qemu-{self.machine}"


ARCHITECTURES = {
    "amd64": Architecture("amd64", "x86_64", 62, "max"),
    # Debian's programs sign every return address. QEMU before 10 does that with the real cipher, unless told otherwise,
    # and Python is then seven times slower: "Pointer Authentication" in QEMU's "Arm CPU Features".
    "arm64": Architecture("arm64", "aarch64", 183, "max,pauth-impdef=on"),
}


def own() -> Architecture:
    """That of this machine. Raises ImageToolsError if images are made for others only."""
    for each in ARCHITECTURES.values():
        if each.native:
            return each
    raise ImageToolsError(f"images are made for {' and '.join(ARCHITECTURES)}, not for {platform.machine()}")


def need_programs_of(architecture: Architecture) -> None:
    """Have this machine run programs of an architecture, as root. Raises ImageToolsError if it cannot."""
    handler = architecture.handler
    if architecture.native or runs_in_containers(handler):
        return
    if shutil.which("apt-get") is None:
        raise ImageToolsError(f"install {' and '.join(EMULATION)}: there is no apt-get to do it")
    install(EMULATION)
    try:
        # Where no service of the machine has done it, as in a container.
        run(["update-binfmts", "--enable", handler.name])
    except CommandError as error:
        raise ImageToolsError(f"programs for {architecture.name} cannot be run here: {error}") from None
    if not runs_in_containers(handler):
        raise ImageToolsError(
            f"programs for {architecture.name} cannot be run here: the kernel has no {handler} that is enabled and has "
            "flag F; has it binfmt_misc, and may root of this machine use it?"
        )


def runs_in_containers(handler: Path) -> bool:
    """Whether a handler is in force, and in containers too, where QEMU is not: it was opened when it was registered."""
    try:
        lines = handler.read_text().splitlines()
    except FileNotFoundError:
        return False
    flags = [line.partition(":")[2].strip() for line in lines if line.startswith("flags:")]
    return lines[0] == "enabled" and any("F" in each for each in flags)
