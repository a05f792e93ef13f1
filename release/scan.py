"""Whether a scanner saw what is in the image: one that sees nothing finds nothing."""

import json
import re
from pathlib import Path
from urllib.parse import unquote

from release.errors import ReleaseError


def seen(contents: Path, scan: Path) -> int:
    """The number of packages in the image, all of which the scanner saw. Raises ReleaseError."""
    there = _packages(contents)
    if not there:
        raise ReleaseError(f"{contents} names no packages: it is not what is in the image")
    missed = sorted(there - _packages(scan))
    if missed:
        raise ReleaseError(
            f"the scanner did not see {len(missed)} of {len(there)} packages, so its verdict means nothing: "
            f"{', '.join(missed[:5])}"
        )
    return len(there)


def _packages(path: Path) -> set[str]:
    """Type, name and version of the packages, as deb/debian/libc6@2.41-12, whatever else their URLs say."""
    try:
        components = json.loads(path.read_text()).get("components", [])
    except (OSError, ValueError, AttributeError):
        raise ReleaseError(f"{path} is no CycloneDX document in JSON: did the program that writes it fail?") from None
    urls = (unquote(each.get("purl", "").partition("?")[0]) for each in components)
    return {_same_name(url.removeprefix("pkg:")) for url in urls if url}


def _same_name(package: str) -> str:
    """Names of Python distributions are equal whatever their case and their separators are."""
    name, _, version = package.rpartition("@")
    return f"{re.sub(r'[-_.]+', '-', name).lower()}@{version}" if name.startswith("pypi/") else package
