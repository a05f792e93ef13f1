"""Builds the image once for each state of what it is made of, on a base that is made here: no image is pulled."""

import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import getsource
from pathlib import Path

from tests.image.architectures import Architecture, need_programs_of
from tests.image.image import Image
from tests.image.tools import need_tools, run
from tests.programs.cache import Say, alone, kept, stopwatch

ROOT = Path(__file__).parents[2]
SUITE = "trixie"
REPOSITORY = "localhost/paramsync-test"
KEPT = 6
"""Images of earlier states that stay, so that others who build at the same time keep theirs."""

BASE_LABEL = "paramsync.test.base"
LABELS = (BASE_LABEL, "org.opencontainers.image.title=paramsync")
"""What the base and the stages built on it carry, and the images."""

AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
ISOLATION = ("--isolation", "chroot")


def image(architecture: Architecture) -> Image:
    """The image of the working tree; built if need be. Raises ImageToolsError or CommandError."""
    need_tools()
    need_programs_of(architecture)
    cache, say = kept("image"), stopwatch()
    with alone(cache / f"{architecture.name}.lock", say):
        name = f"{REPOSITORY}:{_digest(_base(architecture, cache, say))}"
        built = Image(name, _options("--env", architecture))
        if not built.exists():
            say(f"building the image for {architecture.name} ({'a minute' if architecture.native else 'ten minutes'})")
            _build(built.name, architecture)
            say(f"built {built.name}")
            with alone(cache / "lock", say):
                forget_old()
    return built


def base_image(architecture: Architecture) -> Image:
    """The image that the Dockerfile builds on, as it is called here: it is there once an image was built."""
    (name,) = re.findall(r"^FROM (\S+) AS builder$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    return Image(f"localhost/{name}-{architecture.name}", _options("--env", architecture))


def context() -> Iterator[Path]:
    """The files that .dockerignore lets into the build, in order."""
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for name in sorted(allowed):
        path = ROOT / name
        yield from sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]


def _digest(base: str) -> str:
    """What the image depends on; another digest is another tag."""
    inputs = [ROOT / "Dockerfile", *(path for path in context() if "__pycache__" not in path.parts)]
    known = hashlib.sha256(base.encode())
    for path in inputs:
        known.update(f"\0{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return known.hexdigest()[:16]


def _base(architecture: Architecture, cache: Path, say: Say) -> str:
    """Have the base in the store, under the name that the Dockerfile says and the architecture; what identifies it."""
    key = f"{SUITE}-{architecture.name}-{hashlib.sha256(getsource(_bootstrap).encode()).hexdigest()[:8]}"
    archive, local = cache / f"{key}.tar", base_image(architecture)
    if not archive.exists():
        say(f"making the base that the image is built on ({'a minute' if architecture.native else 'minutes'}, once)")
        _bootstrap(architecture, archive)
    if not local.exists() or local.labels().get(BASE_LABEL) != key:
        label = f"LABEL {BASE_LABEL}={key}"
        run(["podman", "import", "--arch", architecture.name, "--change", label, archive, local.name])
    return key


def _bootstrap(architecture: Architecture, archive: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="paramsync-base-") as directory:
        root = Path(directory) / "root"
        make = ("debootstrap", f"--arch={architecture.name}", "--variant=minbase", SUITE)
        run([*make, root], variables=architecture.environment)
        # As in Debian's own images: with the updates for security.
        sources = root / "etc/apt/sources.list"
        (mirror,) = re.findall(rf"^deb (\S+?)/debian/? {SUITE} main", sources.read_text())
        security = f"deb {mirror}/debian-security {SUITE}-security main\n"
        sources.write_text(f"{sources.read_text().rstrip()}\n{security}")
        for waste in ("var/cache/apt/archives", "var/lib/apt/lists"):
            shutil.rmtree(root / waste)
        unfinished = archive.with_suffix(".unfinished")
        run(["tar", "-C", root, "-cf", unfinished, "."])
        unfinished.rename(archive)


def _build(name: str, architecture: Architecture) -> None:
    """Build as `docker build .` does."""
    with build_options(architecture) as options:
        run(["buildah", "bud", *options, "--tag", name, "."], cwd=ROOT)


@contextmanager
def build_options(architecture: Architecture) -> Iterator[list[str]]:
    """Options for `buildah bud` and `podman build`, with which the Dockerfile can be built here.

    The base is in the store once an image was built. pip is told which authorities this machine trusts; nothing of that
    stays.
    """
    with tempfile.NamedTemporaryFile("w", prefix="paramsync-pip-", suffix=".conf") as settings:
        mounts = []
        if AUTHORITIES.exists():
            settings.write("[global]\ncert = /run/authorities.crt\n")
            settings.flush()
            Path(settings.name).chmod(0o644)
            mounts = ["-v", f"{AUTHORITIES}:/run/authorities.crt:ro", "-v", f"{settings.name}:/etc/pip.conf:ro"]
        base = ("--arch", architecture.name, "--from", base_image(architecture).name)
        yield ["--layers", *ISOLATION, *base, *_options("--build-arg", architecture), *mounts]


def _options(option: str, architecture: Architecture) -> tuple[str, ...]:
    return tuple(f"{option}={key}={text}" for key, text in architecture.environment.items())


def forget_old(unnamed_for: str = "24h") -> None:
    """Take the names from old images, and remove what has been without a name for so long, as old stages of builds."""
    # By age; podman lists the newest first.
    listed = run(["podman", "images", "--sort", "created", "--format", "{{.Repository}}:{{.Tag}}", REPOSITORY])
    for name in listed.split()[KEPT:]:
        run(["podman", "untag", name])
    for ours in LABELS:
        run(["podman", "image", "prune", "--force", "--filter", f"label={ours}", "--filter", f"until={unnamed_for}"])
