"""The wheel is the product: it installs with the locked dependencies and runs where there is no checkout."""

import json
import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest

from paramsync import __version__

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "operator"


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command that knows nothing of this checkout but what its arguments say, and return what it printed."""
    kept = {key: text for key, text in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV", "COV_"))}
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=kept, capture_output=True, text=True)
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


@dataclass(frozen=True)
class Installed:
    """A virtual environment with nothing but the wheel and the locked dependencies."""

    bin: Path
    elsewhere: Path
    """A working directory that has nothing to do with the checkout."""

    def run(self, program: str, *arguments: str) -> str:
        return run(self.bin / program, *arguments, cwd=self.elsewhere)

    def python(self, *arguments: str) -> str:
        return self.run("python", *arguments)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, ROOT, cwd=out)
    (built,) = out.iterdir()
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    directory = tmp_path_factory.mktemp("installed")
    environment, elsewhere = directory / "environment", directory / "elsewhere"
    elsewhere.mkdir()
    run(sys.executable, "-m", "venv", "--without-pip", environment, cwd=elsewhere)
    uv = Path(sysconfig.get_path("scripts")) / "uv"
    install = (uv, "pip", "install", "--quiet", "--python", environment / "bin" / "python")
    run(*install, "--require-hashes", "-r", ROOT / "requirements" / "run.txt", cwd=elsewhere)
    # Offline and without dependencies: whatever it needs, the lock file has brought.
    run(*install, "--offline", "--no-deps", wheel, cwd=elsewhere)
    return Installed(environment / "bin", elsewhere)


def names(wheel: Path) -> set[str]:
    with ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_is_for_every_platform_and_has_the_version_of_the_code(wheel: Path) -> None:
    assert wheel.name == f"paramsync-{__version__}-py3-none-any.whl"


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    source = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    info = f"paramsync-{__version__}.dist-info/"
    assert {name for name in names(wheel) if not name.startswith(info)} == source
    assert {name.split("/")[0] for name in source} == {"paramsync"}
    assert "paramsync/py.typed" in source
    assert f"{info}licenses/LICENSE" in names(wheel)


def test_the_metadata_says_what_it_is(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        metadata = Parser().parsestr(archive.read(f"paramsync-{__version__}.dist-info/METADATA").decode())
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata.get_payload() == (ROOT / "README.md").read_text()


def test_the_installed_command_tells_its_version(installed: Installed) -> None:
    assert installed.run("paramsync", "--version") == f"paramsync, version {__version__}\n"
    assert installed.run("kubectl-paramsync", "--version") == f"paramsync, version {__version__}\n"
    assert "plan\t" in installed.run("kubectl_complete-paramsync", "")


def test_the_locked_dependencies_are_all_that_it_needs(installed: Installed) -> None:
    uv = Path(sysconfig.get_path("scripts")) / "uv"
    run(uv, "pip", "check", "--python", installed.bin / "python", cwd=installed.elsewhere)
    modules = [
        ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
        for path in SOURCE.rglob("*.py")
        if path.name != "__main__.py"
    ]
    installed.python("-W", "error", "-c", f"import importlib\nfor name in {modules}: importlib.import_module(name)")


def test_the_installed_command_prints_the_definitions_of_the_checkout(installed: Installed) -> None:
    installed.run("paramsync", "crds", "--output", "definitions")
    made = {path.name: path.read_text() for path in (installed.elsewhere / "definitions").iterdir()}
    assert made == {path.name: path.read_text() for path in (ROOT / "crds").iterdir()}


def test_the_module_runs_like_the_command(installed: Installed) -> None:
    shown = installed.python("-m", "paramsync", "run", "--help")
    assert "Run the operator until SIGTERM or Ctrl-C." in shown
    assert shown.partition("\n")[2] == installed.run("paramsync", "run", "--help").partition("\n")[2]


def test_nothing_of_the_checkout_is_used(installed: Installed) -> None:
    asked = (
        "import json, sys, operator, paramsync; print(json.dumps([sys.path, paramsync.__file__, operator.__file__]))"
    )
    path, package, standard = json.loads(installed.python("-c", asked))
    assert [entry for entry in path if entry and Path(entry).is_relative_to(ROOT)] == []
    assert Path(package).is_relative_to(installed.bin.parent)
    # Our source root is called like a module of the standard library, which must not be shadowed.
    assert Path(standard).parent == Path(sysconfig.get_path("stdlib"))
