"""The command line of GitHub's client for attestations, as its own code reads it; it asks nobody for anything."""

from pathlib import Path
from typing import Final

from tests.programs.building import GoModule, Program

GH: Final = GoModule("gh", Path(__file__).parent, {"gh": Program(".", "1 to 4 minutes")})
