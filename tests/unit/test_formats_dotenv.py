"""Dotenv files, as the readers take them that differ most."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from io import StringIO

import dotenv
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from paramsync.core.shaping.formats.dotenv import DOTENV
from paramsync.core.shaping.formats.file import Item, UnfitFile

from .readers import Reader, started, texts

NODE = """
const encoded = text => Buffer.from(text).toString("base64")
require("readline").createInterface({input: process.stdin}).on("line", line => {
  const entries = Object.entries(require("util").parseEnv(Buffer.from(line, "base64").toString()))
  console.log([...entries.flat().map(encoded), "end"].join(" "))
})
"""


def fits(value: str) -> bool:
    try:
        DOTENV.render([Item("a", value)])
    except UnfitFile:
        return False
    return True


files = st.dictionaries(st.text("ABC_", min_size=1, max_size=3), texts.filter(fits), max_size=5)
bare = st.text("abcXYZ019_-./:@%+,=", max_size=12)


def rendered(values: dict[str, str]) -> str:
    return DOTENV.render([Item(name, value) for name, value in values.items()])


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("", ""),
        ("db.example.com:5432", "db.example.com:5432"),
        ("a/b+c==", "a/b+c=="),
        ("true", "true"),
        ("two words", "'two words'"),
        (" spaces ", "' spaces '"),
        ("#1", "'#1'"),
        ('{"a": "$b", "c": `d`}', '\'{"a": "$b", "c": `d`}\''),
        (r"C:\new\table", r"'C:\new\table'"),
        ("line\nline\n", "'line\nline\n'"),
        ("ß😀\u2028", "'ß😀\u2028'"),
        ("$HOME $(id) `id`", "'$HOME $(id) `id`'"),
        ("it's # here\n", '"it\'s # here\n"'),
    ],
)
def test_an_entry(value: str, written: str) -> None:
    assert rendered({"a/b": value}) == f"A_B={written}\n"


@pytest.mark.parametrize(
    "value",
    ["\0", "a\rb", "a\r\n", "${HOME}", "${", r"\\server", "ends with \\", 'it\'s "so"', "it's \\", "it's $5", "'`'"],
)
def test_what_readers_take_differently_is_refused(value: str) -> None:
    with pytest.raises(UnfitFile, match=r"^the value of a/b cannot be written so that all readers agree: it has a NUL"):
        rendered({"a/b": value})


def test_a_name_that_no_variable_has_is_refused_with_a_proposal() -> None:
    with pytest.raises(
        UnfitFile,
        match=r"^1st cannot have an entry: it gives no name of an env.* rename the parameter",
    ):
        rendered({"1st": "x"})


@settings(max_examples=300)
@given(files)
@example({"A": "x y\n" * 50_000})
def test_python_dotenv_reads_what_was_written(values: dict[str, str]) -> None:
    # A file is opened with universal newlines, which a StringIO with newline=None does too.
    stream = StringIO(newline=None)
    stream.write(rendered(values))
    stream.seek(0)
    assert dotenv.dotenv_values(stream=stream) == values


@pytest.fixture(scope="module")
def node() -> Iterator[Reader]:
    program = shutil.which("node")
    if (
        program is None
        or subprocess.run([program, "--eval", "process.exit(require('util').parseEnv ? 0 : 1)"]).returncode
    ):
        pytest.skip("there is no node with util.parseEnv, from 20.12 on")
    with started([program, "--no-warnings", "--eval", NODE]) as reader:
        yield reader


@settings(max_examples=300)
@given(files)
def test_node_reads_what_was_written(node: Reader, values: dict[str, str]) -> None:
    assert node.entries(rendered(values)) == values


@settings(max_examples=50)
@given(texts.filter(fits))
def test_a_shell_reads_what_was_written(tmp_path_factory: pytest.TempPathFactory, value: str) -> None:
    file = tmp_path_factory.getbasetemp() / "shell.env"
    file.write_bytes(rendered({"a": value, "b": "it's"}).encode())
    shown = subprocess.run(["sh", "-c", '. "$0"; printf "%s|%s" "$A" "$B"', file], capture_output=True, check=True)
    assert (shown.stdout, shown.stderr) == (f"{value}|it's".encode(), b"")


def docker_env_file(text: str) -> dict[str, str]:
    """The rules of ``docker run --env-file`` (docker/cli, ``opts/file.go``, later ``pkg/kvfile``).

    A line is an entry, without spaces before it; one that is empty or begins with "#" is none. What stands before the
    first "=" is the name and has no space or tab, all after it is the value, quotes included.
    """
    entries = {}
    for line in re.split(r"\r?\n", text.removeprefix("\ufeff")):
        assert len(line.encode()) < 64 * 1024, "longer than bufio.MaxScanTokenSize"
        if (line := line.lstrip()) and not line.startswith("#"):
            name, equals, value = line.partition("=")
            assert name
            assert equals
            assert not re.search(r"[ \t]", name)
            entries[name] = value
    return entries


@settings(max_examples=100)
@given(st.dictionaries(st.text("ABC_", min_size=1, max_size=3), bare | texts.filter(fits), max_size=5))
def test_docker_reads_what_was_written_without_quotes(values: dict[str, str]) -> None:
    unquoted = {name: value for name, value in values.items() if re.fullmatch(r"[-A-Za-z0-9_./:@%+,=]*", value)}
    assert docker_env_file(rendered(unquoted)) == unquoted
    others = values.keys() - unquoted.keys()
    assert all(rendered({name: values[name]}).split("=", 1)[1][0] in "'\"" for name in others)
