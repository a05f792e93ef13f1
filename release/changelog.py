"""The changelog: what a release says about itself."""

import re
from datetime import date
from pathlib import Path
from typing import Final

from release.errors import ReleaseError
from release.versions import ROOT

_SECTION: Final = re.compile(r"^## \[(?P<name>[^\]]+)\](?: - (?P<date>\S+))?$", re.MULTILINE)
_LINK: Final = re.compile(r"\]\((?!https?:|#)([^)]+)\)")


def notes(version: str, root: Path = ROOT) -> str:
    """What the changelog says of a version that is ready to be released. Raises ReleaseError.

    Links into the repository lead to the files as they were at the tag.
    """
    text = (root / "CHANGELOG.md").read_text()
    titles = list(_SECTION.finditer(text))
    ends = [title.start() for title in titles[1:]] + [len(text)]
    bodies = {title["name"]: text[title.end() : end].strip() for title, end in zip(titles, ends, strict=True)}
    if version not in bodies:
        raise ReleaseError(f"CHANGELOG.md has no section `## [{version}] - YYYY-MM-DD`: rename [Unreleased] to it")
    if bodies.get("Unreleased"):
        raise ReleaseError(f"CHANGELOG.md has entries below [Unreleased]: move them below [{version}]")
    _check_date(version, next(title["date"] for title in titles if title["name"] == version))
    if not bodies[version]:
        raise ReleaseError(f"CHANGELOG.md says nothing about {version}: write what changed, for those who upgrade")
    return _LINK.sub(rf"](../blob/v{version}/\1)", bodies[version]) + "\n"


def _check_date(version: str, said: str | None) -> None:
    try:
        date.fromisoformat(said or "")
    except ValueError:
        raise ReleaseError(
            f"CHANGELOG.md dates {version} with {said!r}: write the day of the release, YYYY-MM-DD"
        ) from None
