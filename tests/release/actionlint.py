"""actionlint."""

from pathlib import Path
from typing import Final

from tests.programs.building import GoModule, Program

ACTIONLINT: Final = GoModule(
    "actionlint",
    Path(__file__).parent / "assets",
    {"actionlint": Program("github.com/rhysd/actionlint/cmd/actionlint", "10 to 30 seconds")},
)
