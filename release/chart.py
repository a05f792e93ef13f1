"""The chart as it is released: it names the image by its digest, so that a moved tag changes nothing."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Final

import yaml

from release.errors import ReleaseError

_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_REPOSITORY: Final = re.compile(r"[a-z0-9][a-z0-9.-]*(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+")


def package(chart: Path, repository: str, digest: str, to: Path, helm: Path) -> Path:
    """Make the archive of a chart that runs `repository@digest`, below `to`. Raises ReleaseError."""
    if not _REPOSITORY.fullmatch(repository):
        raise ReleaseError(
            f"{repository!r} is no repository of images: write it as registry.example.com/team/paramsync"
        )
    if not _DIGEST.fullmatch(digest):
        raise ReleaseError(f"{digest!r} is no digest: give sha256: and 64 digits, as the registry names the image")
    to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory) / chart.name
        shutil.copytree(chart, copy)
        values = copy / "values.yaml"
        values.write_text(with_image(values.read_text(), repository, digest))
        command = [str(helm), "package", str(copy), "--destination", str(to)]
        run = subprocess.run(command, check=False, capture_output=True, text=True)
    if run.returncode != 0:
        raise ReleaseError(f"helm package {chart} failed: {run.stderr.strip()}")
    about: dict[str, Any] = yaml.safe_load((chart / "Chart.yaml").read_text())
    return to / f"{about['name']}-{about['version']}.tgz"


def with_image(values: str, repository: str, digest: str) -> str:
    """The text of values.yaml with another image, comments and all. Raises ReleaseError."""
    before: dict[str, Any] = yaml.safe_load(values)
    image = before.get("image")
    if not isinstance(image, dict) or not {"repository", "digest"} <= image.keys():
        raise ReleaseError("values.yaml must have image.repository and image.digest, each on a line of its own")
    changed = values
    for key, value in (("repository", repository), ("digest", digest)):
        changed = re.sub(
            rf"""(^image:(?:\n(?:[ ]+.*|[ ]*\#.*)?)*?\n[ ]+{key}:)[ ]*(?:"[^"\n]*"|'[^'\n]*'|[^\s\#]+)?""",
            lambda match, value=value: f"{match[1]} {value}",  # type: ignore[misc]
            changed,
            count=1,
            flags=re.MULTILINE,
        )
    # The text is edited for the sake of its comments; what it means is what counts.
    if yaml.safe_load(changed) != {**before, "image": {**image, "repository": repository, "digest": digest}}:
        raise ReleaseError("the image in values.yaml cannot be replaced: write repository and digest below `image:`")
    return changed
