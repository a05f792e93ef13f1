"""What builds leave behind is removed in the end, and nothing that is another's."""

import time
from pathlib import Path

import pytest

from tests.image.building import BASE_LABEL, ISOLATION, KEPT, REPOSITORY, forget_old
from tests.image.tools import run

pytestmark = pytest.mark.usefixtures("image")


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """What a small image is built from; the store of images is another one, and empty."""
    store = f'driver = "vfs"\ngraphroot = "{tmp_path / "graph"}"\nrunroot = "{tmp_path / "run"}"\n'
    (tmp_path / "storage.conf").write_text(f"[storage]\n{store}")
    monkeypatch.setenv("CONTAINERS_STORAGE_CONF", str(tmp_path / "storage.conf"))
    made = tmp_path / "source"
    made.mkdir()
    (made / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    return made


def build(source: Path, label: str, *tag: str, ago: int = 100) -> None:
    """Build an image as it was built so many seconds ago: podman sorts by whole seconds."""
    when = str(int(time.time()) - ago)
    run(["buildah", "bud", *ISOLATION, "--timestamp", when, "--label", label, *tag, source])


def names() -> list[str]:
    return run(["podman", "images", "--sort", "created", "--format", "{{.Repository}}:{{.Tag}}"]).split()


@pytest.mark.parametrize(("unnamed_for", "unnamed"), [("24h", 4), ("1s", 1)])
def test_old_images_and_stages_are_removed(source: Path, unnamed_for: str, unnamed: int) -> None:
    build(source, "whose=another")
    build(source, f"{BASE_LABEL}=x")
    for number in range(KEPT + 2):
        build(
            source, "org.opencontainers.image.title=paramsync", "--tag", f"{REPOSITORY}:{number}",
            "--label", f"number={number}", ago=50 - number,
        )  # fmt: skip
    forget_old(unnamed_for)
    newest = [f"{REPOSITORY}:{number}" for number in range(KEPT + 1, 1, -1)]
    assert [name for name in names() if "<none>" not in name] == newest
    assert sum("<none>" in name for name in names()) == unnamed
