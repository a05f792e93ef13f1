"""What is in the image, what is not, and what it says of itself."""

import re
import stat
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

import pytest

from paramsync import __version__
from tests.image.architectures import Architecture
from tests.image.building import ROOT
from tests.image.fixtures import LIMIT
from tests.image.image import Image
from tests.image.summary import IMAGE
from tests.image.tools import CommandError

SITE = "/opt/paramsync/lib/python3.13/site-packages"

SHELLS = {"sh", "bash", "dash", "ash", "busybox", "zsh"}
MANAGERS = {"apt", "apt-get", "dpkg", "pip", "pip3", "easy_install", "uv", "perl"}
COMPILERS = {"cc", "gcc", "g++", "c++", "clang", "ld", "as", "make", "cpp"}


@pytest.fixture(scope="module")
def files(image: Image) -> Mapping[str, tarfile.TarInfo]:
    return image.files()


def test_it_says_how_it_is_run(image: Image) -> None:
    config = image.config()
    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == ["paramsync"]
    assert config["Cmd"] == ["run"]
    assert config["WorkingDir"] == "/"
    assert [*config["ExposedPorts"]] == ["8080/tcp", "8081/tcp"]
    assert not config.get("Healthcheck"), "Kubernetes asks /healthz"


def test_every_program_and_library_is_for_the_architecture_that_it_says(
    image: Image, architecture: Architecture, tmp_path: Path
) -> None:
    assert image.architecture() == architecture.name
    image.export(tmp_path / "root.tar")
    made_for = elf_machines(tmp_path / "root.tar")
    assert {path: number for path, number in made_for.items() if number != architecture.elf} == {}
    names = {PurePosixPath(path).name.partition(".")[0] for path in made_for}
    assert {"python3", "libc", "_pydantic_core", "_http_parser"} <= names


def elf_machines(archive: Path) -> dict[str, int]:
    """For which processors the programs and libraries are that are in an archive: `e_machine` of elf(5)."""
    found = {}
    with tarfile.open(archive) as opened:
        for member in filter(tarfile.TarInfo.isreg, opened):
            file = opened.extractfile(member)
            assert file, "a regular file can be read"
            head = file.read(20)
            if head.startswith(b"\x7fELF"):
                found[member.name] = int.from_bytes(head[18:20], "little")
    return found


def test_nothing_of_the_machine_that_built_it_is_in_its_environment(image: Image) -> None:
    names = {each.partition("=")[0] for each in image.config()["Env"]}
    assert names == {"PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUTF8", "SSL_CERT_FILE"}


def test_the_labels(image: Image) -> None:
    ours = {key: text for key, text in image.labels().items() if key.startswith("org.opencontainers.image.")}
    assert {key.rpartition(".")[2] for key in ours} == {"title", "description", "version", "licenses"}
    assert ours["org.opencontainers.image.version"] == __version__
    assert ours["org.opencontainers.image.licenses"] == "Apache-2.0"


def test_the_only_programs_are_python_and_the_operator(files: Mapping[str, tarfile.TarInfo]) -> None:
    folders = {"/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/opt/paramsync/bin"}
    programs = {path for path in files if str(PurePosixPath(path).parent) in folders}
    assert programs == {
        "/usr/bin/python3.13",
        "/opt/paramsync/bin/python",
        "/opt/paramsync/bin/python3",
        "/opt/paramsync/bin/python3.13",
        "/opt/paramsync/bin/paramsync",
    }


def test_no_shell_no_package_manager_no_compiler(files: Mapping[str, tarfile.TarInfo]) -> None:
    present = {PurePosixPath(path).name for path, member in files.items() if not member.isdir()}
    assert present & (SHELLS | MANAGERS | COMPILERS) == set()


@pytest.mark.parametrize("program", ["sh", "bash", "dash", "pip", "apt-get", "/bin/sh"])
def test_a_program_that_is_not_there_cannot_be_run(image: Image, program: str) -> None:
    with pytest.raises(CommandError, match=r"(executable file not found|no such file)"):
        image.run("--version", entrypoint=program)


def test_pip_and_its_kin_cannot_be_imported(image: Image) -> None:
    program = "import importlib.util, sys; print([each for each in sys.argv[1:] if importlib.util.find_spec(each)])"
    assert image.python(program, "pip", "setuptools", "ensurepip", "hatchling", "test", "paramsync") == (
        "['paramsync']\n"
    )


def test_no_file_gives_rights_to_who_runs_it(files: Mapping[str, tarfile.TarInfo]) -> None:
    risen = stat.S_ISUID | stat.S_ISGID
    assert [path for path, member in files.items() if member.mode & risen] == []
    assert [path for path, member in files.items() if any("capability" in name for name in member.pax_headers)] == []


def test_nothing_but_tmp_can_be_written_by_who_runs_it(files: Mapping[str, tarfile.TarInfo]) -> None:
    open_to_all = [path for path, each in files.items() if each.mode & stat.S_IWOTH and not each.issym()]
    assert open_to_all == ["/tmp"]
    assert files["/tmp"].mode & stat.S_ISVTX
    assert {(each.uid, each.gid) for each in files.values()} == {(0, 0)}


def test_it_is_small(image: Image, record_property: Callable[[str, object], None]) -> None:
    size = image.compressed_size()
    record_property(IMAGE, f"{size / 1e6:.1f} MB compressed")
    assert size < LIMIT


def test_all_files_have_the_time_of_the_dockerfile_so_that_the_same_input_gives_the_same_layer(
    files: Mapping[str, tarfile.TarInfo],
) -> None:
    (epoch,) = re.findall(r"^ARG SOURCE_DATE_EPOCH=([0-9]+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert {path: each.mtime for path, each in files.items() if each.mtime != int(epoch)} == {}


def test_the_user_has_a_name_and_no_shell(image: Image) -> None:
    program = "import os, pwd; print(os.getuid(), os.getgid(), os.getgroups(), *pwd.getpwuid(os.getuid())[5:])"
    assert image.python(program) == "65532 65532 [65532] /home/paramsync /usr/sbin/nologin\n"


def test_nothing_can_be_written_when_the_root_is_read_only(image: Image) -> None:
    program = """
import os
for directory, _, _ in os.walk("/"):
    if not directory.startswith(("/proc", "/dev", "/sys")) and os.access(directory, os.W_OK):
        print(directory)
"""
    assert image.python(program) == ""


def test_every_module_and_every_library_of_it_can_be_loaded(image: Image) -> None:
    program = f"""
import importlib, pathlib
site = pathlib.Path({SITE!r})
for path in pathlib.Path("/usr/lib/python3.13/lib-dynload").glob("*.so"):
    importlib.import_module(path.name.partition(".")[0])
for path in site.rglob("*.so"):
    importlib.import_module(".".join([*path.relative_to(site).parent.parts, path.name.partition(".")[0]]))
for path in (site / "paramsync").rglob("*.py"):
    if path.name != "__main__.py":
        importlib.import_module(".".join(path.relative_to(site).with_suffix("").parts).removesuffix(".__init__"))
"""
    assert image.python(program) == ""


def test_every_module_is_compiled_and_loaded_so(image: Image) -> None:
    program = f"""
import importlib.util, json, pathlib, paramsync.runtime.operator
for root in ("/usr/lib/python3.13", {SITE!r}):
    for path in pathlib.Path(root).rglob("*.py"):
        compiled = pathlib.Path(importlib.util.cache_from_source(str(path)))
        if not compiled.exists():
            print(path)
        elif int.from_bytes(compiled.read_bytes()[4:8], "little") != 1:
            print(path, "is compared with its source")
print(json.loads.__code__.co_filename, paramsync.runtime.operator.Operator.run.__code__.co_filename)
"""
    assert image.python(program).splitlines() == [
        f"/usr/lib/python3.13/json/__init__.py {SITE}/paramsync/runtime/operator.py"
    ]


def test_the_public_authorities_are_trusted(image: Image) -> None:
    program = "import ssl; print(ssl.create_default_context().cert_store_stats()['x509_ca'] > 100)"
    assert image.python(program) == "True\n"


def test_the_command_tells_its_version(image: Image) -> None:
    assert image.run("--version") == f"paramsync, version {__version__}\n"


def test_without_an_api_server_the_error_says_what_to_do(image: Image) -> None:
    with pytest.raises(CommandError, match=r"no API server is known: .*; give --kubeconfig"):
        image.run()
