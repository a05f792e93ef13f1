"""cosign's own reference of its commands, which is fetched and not built: to build what reads its command line takes
minutes. cosign writes the reference from that code, and its own checks fail where the two differ.
"""

from pathlib import Path

from tests.programs.building import source

MODULE = "github.com/sigstore/cosign/v3"


def reference() -> Path:
    """The directory with a page for each command, named like `cosign_verify.md`. Raises BuildError."""
    return source(Path(__file__).parent, MODULE) / "doc"
