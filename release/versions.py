"""All places of the repository that name the version, and that they agree."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from release.errors import ReleaseError

ROOT: Final = Path(__file__).parents[1]
_VERSION: Final = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")


@dataclass(frozen=True)
class Place:
    """A line of a file that names the version."""

    file: str
    what: str
    line: str
    """A regular expression with one group; the first line that it matches counts."""

    def version(self, root: Path) -> str:
        """The version that the file names. Raises ReleaseError."""
        try:
            text = (root / self.file).read_text()
        except FileNotFoundError:
            raise ReleaseError(f"{self.file} is missing; it must name the version as {self.what}") from None
        match = re.search(self.line, text, re.MULTILINE)
        if match is None:
            raise ReleaseError(f"{self.file} names no version; it must do so as {self.what}")
        return match[1]


PACKAGE: Final = Place("operator/paramsync/__init__.py", "__version__", r'^__version__ = "([^"]+)"$')
PLACES: Final[Sequence[Place]] = (
    PACKAGE,
    Place("CHANGELOG.md", "the title of its first release", r"^## \[(\d[^\]]*)\] - "),
    Place("deploy/helm/paramsync/Chart.yaml", "version", r"""^version: ["']?([^\s"'#]+)"""),
    Place("deploy/helm/paramsync/Chart.yaml", "appVersion", r"""^appVersion: ["']?([^\s"'#]+)"""),
    Place("Dockerfile", "a label", r'org\.opencontainers\.image\.version="([^"]+)"'),
    Place("docs/index.md", "the version that it describes", r"^Version (\d[\d.]*\d)"),
)


def agreed(root: Path = ROOT) -> str:
    """The version that all places name. Raises ReleaseError."""
    version = PACKAGE.version(root)
    if not _VERSION.fullmatch(version):
        raise ReleaseError(f"{PACKAGE.file} says {version!r}; a version is MAJOR.MINOR.PATCH, in numbers, as 1.20.3")
    found = {place: place.version(root) for place in PLACES}
    others = [f"{place.what} in {place.file} is {said}" for place, said in found.items() if said != version]
    if others:
        raise ReleaseError(
            f"{PACKAGE.what} in {PACKAGE.file} is {version}, but {', and '.join(others)}: make them equal"
        )
    return version


def tagged(tag: str, root: Path = ROOT) -> str:
    """The agreed version, if the tag is that of this version. Raises ReleaseError."""
    version = agreed(root)
    if tag != f"v{version}":
        raise ReleaseError(f"the tag is {tag!r}, but the repository is at {version}: the tag must be v{version}")
    return version
