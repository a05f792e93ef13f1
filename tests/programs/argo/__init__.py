"""What Argo CD's application controller does, and what Flux makes of an object, as one program."""

from pathlib import Path
from typing import Final

from tests.programs.building import GoModule, Program

ARGO: Final = GoModule("argo", Path(__file__).parent, {"argo": Program(".", "3 to 5 minutes")})
