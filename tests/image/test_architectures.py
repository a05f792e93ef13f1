"""Whether this machine runs programs of another architecture, by what its kernel says, and what is said if not."""

import shutil
from pathlib import Path

import pytest

from tests.image import architectures
from tests.image.architectures import ARCHITECTURES, Architecture, need_programs_of, own, runs_in_containers
from tests.image.tools import ImageToolsError

FOREIGN = next(each for each in ARCHITECTURES.values() if not each.native)


@pytest.mark.parametrize(
    ("says", "runs"),
    [
        pytest.param("enabled\ninterpreter /usr/libexec/qemu-binfmt/aarch64\nflags: PF\noffset 0\n", True, id="F"),
        pytest.param("enabled\ninterpreter /usr/bin/qemu-aarch64-static\nflags: OCF\noffset 0\n", True, id="OCF"),
        pytest.param("enabled\ninterpreter /usr/bin/qemu-F\nflags: POC\noffset 0\n", False, id="not in containers"),
        pytest.param("disabled\ninterpreter /usr/bin/qemu-aarch64-static\nflags: F\noffset 0\n", False, id="disabled"),
        pytest.param(None, False, id="not registered"),
    ],
)  # fmt: skip
def test_only_an_emulator_that_is_open_already_runs_in_containers(tmp_path: Path, says: str | None, runs: bool) -> None:
    handler = tmp_path / "qemu-aarch64"
    if says is not None:
        handler.write_text(says)
    assert runs_in_containers(handler) == runs


def test_its_own_programs_need_no_emulator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    need_programs_of(own())


def test_without_a_handler_and_without_apt_the_error_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(architectures, "HANDLERS", tmp_path)
    monkeypatch.setenv("PATH", "")
    assert shutil.which("apt-get") is None
    with pytest.raises(ImageToolsError, match="install qemu-user-static and binfmt-support: there is no apt-get"):
        need_programs_of(FOREIGN)


def test_a_machine_for_which_none_is_made_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(architectures, "ARCHITECTURES", {"other": Architecture("other", "no-machine", 0, "max")})
    with pytest.raises(ImageToolsError, match="images are made for other, not for"):
        own()
