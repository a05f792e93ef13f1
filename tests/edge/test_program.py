"""The program: quick to help, complete in a shell, and a plugin of kubectl."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from paramsync import __version__
from paramsync.cli.main import main

SCRIPTS = Path(sysconfig.get_path("scripts"))
ROOT = Path(__file__).parents[2]

HEAVY = (
    "aiohttp",
    "asyncio",
    "boto3",
    "botocore",
    "kopf",
    "kubernetes",
    "pydantic",
    "re2",
    "tabulate",
    "urllib3",
    "yaml",
)
LOOK = """
import json, sys
from click.testing import CliRunner
from paramsync.cli.main import main
for name in ["", *main.commands]:
    result = CliRunner().invoke(main, [*filter(None, [name]), "--help"])
    assert result.exit_code == 0, result.output
print(json.dumps(sorted({module.partition(".")[0] for module in sys.modules})))
print(json.dumps([module for module in sys.modules if module.startswith("paramsync.")]))
"""


def output(*command: str | Path, **variables: str) -> str:
    environment = {**os.environ, "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}", **variables}
    done = subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def test_help_loads_nothing_that_takes_long() -> None:
    loaded, ours = map(json.loads, output(sys.executable, "-c", LOOK).splitlines())
    assert set(loaded) & set(HEAVY) == set()
    assert [module for module in ours if not module.startswith("paramsync.cli")] == []


@pytest.mark.parametrize("line", ["--help", "--version", "plan --help", "crds"])
def test_a_full_disk_is_told_in_one_line(line: str) -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run([SCRIPTS / "paramsync", *line.split()], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (ran.returncode, ran.stderr) == (1, "Error: No space left on device\n")


def test_no_plugin_of_a_library_sees_what_is_validated(tmp_path: Path) -> None:
    about = tmp_path / "eager-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: eager\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[pydantic]\neager = eager:plugin\n")
    (tmp_path / "eager.py").write_text("print('seen')\nplugin = None\n")
    file = tmp_path / "sync.yaml"
    file.write_text("{apiVersion: paramsync.dev/v1alpha1, kind: ParameterSync, metadata: {name: app}, spec: {}}")
    ran = subprocess.run(
        [SCRIPTS / "paramsync", "validate", "-f", file],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 1
    assert "spec.sources" in ran.stdout
    assert "seen" not in ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("shell", "line", "expected"),
    [
        ("bash", "paramsync ia", {"plain,iam-policy"}),
        ("bash", "paramsync tree --ro", {"plain,--role-arn"}),
        ("bash", "paramsync plan -o ", {"plain,table", "plain,json", "plain,yaml"}),
        ("bash", "paramsync plan -f ", {"file,"}),
    ],
)
def test_a_shell_completes_it(shell: str, line: str, expected: set[str]) -> None:
    variables = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" ")), "_PARAMSYNC_COMPLETE": f"{shell}_complete"}
    assert set(output(SCRIPTS / "paramsync", **variables).split()) == expected


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_told_how_to_complete_it(shell: str) -> None:
    assert "_PARAMSYNC_COMPLETE" in output(SCRIPTS / "paramsync", _PARAMSYNC_COMPLETE=f"{shell}_source")
    assert f"{shell}_source" in (ROOT / "docs" / "cli.md").read_text()


@pytest.mark.parametrize(
    "line",
    ["", "plann -f app.yaml", "--no", "plan", "plan --no", "plan -f nowhere.yaml", "tree -o xml", "get", "explain"],
)
def test_an_error_in_how_it_is_written_is_not_taken_for_changes(line: str) -> None:
    result = CliRunner().invoke(main, line.split())
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Error: " in result.stderr or line == ""


def test_kubectl_finds_it() -> None:
    assert output(SCRIPTS / "kubectl", "paramsync", "--version") == f"paramsync, version {__version__}\n"
    assert output(SCRIPTS / "kubectl", "paramsync", "tree", "--help").startswith("Usage: kubectl paramsync tree")


@pytest.mark.parametrize(
    ("words", "expected", "last"),
    [
        ((), set(main.commands), ":4"),
        (("",), set(main.commands), ":4"),
        (("ia",), {"iam-policy"}, ":4"),
        (("tree", "--ro"), {"--role-arn"}, ":4"),
        (("plan", "-o", ""), {"table", "json", "yaml"}, ":4"),
        (("plan", "-f", ""), set(), ":0"),
    ],
)
def test_kubectl_completes_it(words: tuple[str, ...], expected: set[str], last: str) -> None:
    *lines, directive = output(SCRIPTS / "kubectl_complete-paramsync", *words).splitlines()
    assert ({line.split("\t")[0] for line in lines}, directive) == (expected, last)
    if words:
        assert output(SCRIPTS / "kubectl", "__complete", "paramsync", *words).splitlines() == [*lines, directive]


def test_the_reference_has_every_command_and_option() -> None:
    text = (ROOT / "docs" / "reference" / "cli.md").read_text()
    sections = dict(part.split("\n", 1) for part in text.split("\n## paramsync ")[1:])
    assert set(sections) == set(main.commands)
    for name, command in main.commands.items():
        options = [each for each in command.params if isinstance(each, click.Option)]
        assert [
            opt for each in options for opt in (*each.opts, *each.secondary_opts) if opt not in sections[name]
        ] == []
        assert [each.name for each in options if not each.help] == []
