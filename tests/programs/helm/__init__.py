"""Helm."""

from pathlib import Path
from typing import Final

from tests.programs.building import GoModule, Program

HELM: Final = GoModule("helm", Path(__file__).parent, {"helm": Program("helm.sh/helm/v4/cmd/helm", "1 to 2 minutes")})
