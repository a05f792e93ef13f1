"""What the Dockerfile and its lists say, without an image: pinned, locked, for every architecture."""

import re
import sysconfig
from pathlib import Path

import pytest

from paramsync import __version__
from tests.image.architectures import Architecture
from tests.image.building import ROOT, base_image
from tests.image.image import RUN
from tests.image.tools import run

DOCKERFILE = (ROOT / "Dockerfile").read_text()
MADE_BY = [ROOT / "Dockerfile", *sorted((ROOT / "deploy" / "image").glob("*.[pt][yx]*"))]
PLATFORMS = ("x86_64-manylinux_2_40", "aarch64-manylinux_2_40")


def test_the_base_is_pinned_and_nothing_else_is_brought() -> None:
    first, last = re.findall(r"^FROM (.*)$", DOCKERFILE, re.MULTILINE)
    # In the line itself: Dependabot renews no version that stands in an ARG.
    assert re.fullmatch(r"debian:13\.[0-9]+-slim AS builder", first)
    assert last == "scratch"


def test_everything_is_installed_from_a_lock_file_or_from_the_checkout() -> None:
    installs = re.findall(r"pip .*?(?:install|wheel) .*", DOCKERFILE)
    assert len(installs) == 4
    for command in installs:
        assert "--require-hashes --only-binary :all:" in command or "--no-index --no-deps" in command


def test_the_label_is_the_version() -> None:
    assert re.findall(r'image\.version="(.*)"', DOCKERFILE) == [__version__]


def test_no_architecture_is_named() -> None:
    named = re.compile(r"amd64|x86.64|arm64|aarch64")
    assert len(MADE_BY) == 4
    assert [path.name for path in MADE_BY if named.search(path.read_text())] == []


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_locked_dependency_has_a_wheel_with_its_hash(platform: str, tmp_path: Path) -> None:
    uv = Path(sysconfig.get_path("scripts")) / "uv"
    target = ("--target", tmp_path, "--python-platform", platform, "--python-version", "3.13")
    for name in ("run.txt", "build.txt"):
        locked = ROOT / "requirements" / name
        run([uv, "pip", "install", "--quiet", *target, "--only-binary", ":all:", "--require-hashes", "-r", locked])
    libraries = [path.name for path in tmp_path.rglob("*.so") if ".cpython-313-" in path.name]
    assert libraries
    assert [name for name in libraries if platform.partition("-")[0] not in name] == []


def test_every_package_of_debian_is_there_for_arm64_too(architecture: Architecture) -> None:
    """Asked of the archive that the base is installed from, by its own apt with another architecture."""
    text = (ROOT / "deploy" / "image" / "packages.txt").read_text()
    packages = [name for line in text.splitlines() if (name := line.partition("#")[0].strip())]
    (of_builder,) = re.findall(r"install .*packages\.txt\) (.*)$", DOCKERFILE, re.MULTILINE)
    packages += of_builder.split()
    apt = "apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures=arm64"
    script = f"{apt} update && {apt} --print-uris download {' '.join(packages)}"
    printed = run([*RUN, "--rm", "--network", "host", base_image(architecture).name, "sh", "-c", script])
    found = re.findall(r"' ([a-z0-9.+-]+)_\S+_(?:arm64|all)\.deb ", printed)
    assert sorted(found) == sorted(packages)
