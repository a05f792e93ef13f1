"""One version in all places, and notes of what is released."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import paramsync
from release.changelog import notes
from release.errors import ReleaseError
from release.versions import PLACES, ROOT, agreed, tagged


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_all_places_of_this_repository_name_one_version() -> None:
    chart = yaml.safe_load((ROOT / "deploy/helm/paramsync/Chart.yaml").read_text())
    assert agreed() == paramsync.__version__ == chart["version"] == chart["appVersion"]


def test_the_supported_versions_are_those_of_this_one() -> None:
    minor = paramsync.__version__.rpartition(".")[0]
    assert f"| {minor}.x | yes |" in (ROOT / "SECURITY.md").read_text()


def test_a_tag_of_the_agreed_version_passes(repository: Path) -> None:
    assert tagged("v1.2.3", repository) == "1.2.3"


@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place.file}:{place.what}")
def test_a_place_that_says_something_else_is_named(repository: Path, place: object) -> None:
    chosen = next(known for known in PLACES if known is place)
    text = (repository / chosen.file).read_text()
    match = re.search(chosen.line, text, re.MULTILINE)
    assert match
    (repository / chosen.file).write_text(text[: match.start(1)] + "9.9.9" + text[match.end(1) :])
    with pytest.raises(ReleaseError, match=re.escape(chosen.file)):
        agreed(repository)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place.file}:{place.what}")
def test_a_place_that_is_missing_is_named(repository: Path, place: object) -> None:
    chosen = next(known for known in PLACES if known is place)
    (repository / chosen.file).write_text("nothing\n")
    with pytest.raises(ReleaseError, match=f"{re.escape(chosen.file)} names no version"):
        agreed(repository)
    (repository / chosen.file).unlink()
    with pytest.raises(ReleaseError, match=f"{re.escape(chosen.file)} is missing"):
        agreed(repository)


@pytest.mark.parametrize("tag", ["1.2.3", "v1.2.4", "v1.2.3-rc.1", "v1.2.3\n", ""])
def test_any_other_tag_is_refused(repository: Path, tag: str) -> None:
    with pytest.raises(ReleaseError, match=r"the tag must be v1\.2\.3"):
        tagged(tag, repository)


@pytest.mark.parametrize("version", ["1.2", "1.2.3rc1", "01.2.3", "v1.2.3"])
def test_a_version_is_three_numbers(repository: Path, version: str) -> None:
    edit(repository / "operator/paramsync/__init__.py", "1.2.3", version)
    with pytest.raises(ReleaseError, match=r"MAJOR\.MINOR\.PATCH"):
        agreed(repository)


def test_notes_are_the_section_of_the_version_with_links_to_its_tag(repository: Path) -> None:
    assert notes("1.2.3", repository) == (
        "- [The page](../blob/v1.2.3/docs/page.md) and [a site](https://example.com/) and [here](#there).\n"
    )


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("## [1.2.3] - 2026-11-24", "## [1.2.3] - unreleased", "YYYY-MM-DD"),
        ("## [1.2.3] - 2026-11-24", "## [1.2.3] - 2026-11-31", "YYYY-MM-DD"),
        ("## [1.2.3] - 2026-11-24", "## [1.2.3]", "YYYY-MM-DD"),
        ("## [Unreleased]\n", "## [Unreleased]\n\n- New.\n", r"move them below \[1\.2\.3\]"),
        ("## [1.2.3]", "## [1.2.1]", r"no section `## \[1\.2\.3\]"),
        ("- [The page](docs/page.md) and [a site](https://example.com/) and [here](#there).\n", "", "says nothing"),
    ],
)
def test_a_changelog_that_is_not_ready_is_refused(repository: Path, old: str, new: str, says: str) -> None:
    edit(repository / "CHANGELOG.md", old, new)
    with pytest.raises(ReleaseError, match=says):
        notes("1.2.3", repository)


def test_the_command_prints_or_says_what_to_do(repository: Path) -> None:
    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "release", "--root", str(repository), *arguments]
        return subprocess.run(line, cwd=ROOT, capture_output=True, text=True)

    assert command("version").stdout == "1.2.3\n"
    assert command("version", "--tag", "v1.2.3").stdout == "1.2.3\n"
    assert command("notes", "v1.2.3").stdout == notes("1.2.3", repository)
    refused = command("version", "--tag", "v2.0.0")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "release: the tag is 'v2.0.0', but the repository is at 1.2.3: the tag must be v1.2.3\n"
