"""Runs the scripts of .ci with programs that only record how they were called, and answer as they are told."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

RECORDED: Final = ("cosign", "docker", "gh", "git", "grype", "helm", "make", "sudo")

_PROGRAM: Final = """#!{python} -SE
import json, os, pathlib, re, shutil, sys
home = pathlib.Path({home!r})
program, arguments = pathlib.Path(sys.argv[0]).name, sys.argv[1:]
with (home / "calls").open("a+") as calls:
    calls.seek(0)
    number = len(calls.readlines())
    said = "" if sys.stdin.isatty() else sys.stdin.read()
    calls.write(json.dumps([[program, *arguments], said]) + "\\n")
answers = json.loads((home / "answers").read_text())
answer = next((each for each in answers if re.match(each["call"], " ".join([program, *arguments]))), None)
if answer is None:
    sys.exit(f"{{program}}: nobody expected {{arguments}}")
if number == json.loads((home / "fails").read_text()):
    print("a body of an error that true names", flush=True)
    sys.exit(7)
for option, file in answer["writes"].items():
    inside = [each.removeprefix(option) for each in arguments if option.endswith("=") and each.startswith(option)]
    shutil.copyfile(file, inside[0] if inside else arguments[arguments.index(option) + 1])
if answer["runs"]:
    os.execv(answer["runs"], [answer["runs"], *arguments])
print(answer["stdout"])
print(answer["stderr"], file=sys.stderr)
sys.exit(answer["code"])
"""


@dataclass(frozen=True)
class Answer:
    """What a program does when its whole command line begins with `call`, a regular expression."""

    call: str
    stdout: str = ""
    stderr: str = ""
    code: int = 0
    runs: str = ""
    """A program that is run instead."""
    writes: Mapping[str, str] = field(default_factory=dict)
    """By the option that names the file to write, as --output or sarif=, the file that is copied there."""


@dataclass(frozen=True)
class Call:
    """A call of a program."""

    line: str
    stdin: str


@dataclass(frozen=True)
class Ran:
    """How a script ended, and what it called."""

    code: int
    said: str
    calls: tuple[Call, ...]
    outputs: str
    """What it wrote into the outputs of its step."""

    @property
    def lines(self) -> list[str]:
        """The command lines."""
        return [call.line for call in self.calls]


class Scripts:
    """The scripts of a checkout."""

    def __init__(self, checkout: Path, home: Path) -> None:
        self.checkout = checkout
        self.home = home
        self.answers: list[Answer] = []
        self.fails: int | None = None
        """The program that is called after so many others fails."""
        (home / "bin").mkdir()
        for name in RECORDED:
            self.record(home / "bin" / name)

    def record(self, program: Path) -> None:
        """Put a program there that records."""
        program.write_text(_PROGRAM.format(python=sys.executable, home=str(self.home)))
        program.chmod(0o755)

    def run(self, script: str, *arguments: str, **variables: str) -> Ran:
        """Run a script, with these variables besides those of every workflow."""
        outputs = self.home / "outputs"
        for file in (outputs, self.home / "calls"):
            file.write_text("")
        (self.home / "fails").write_text(json.dumps(self.fails))
        (self.home / "answers").write_text(json.dumps([vars(answer) for answer in self.answers]))
        environment = {
            "PATH": f"{self.home / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "GITHUB_OUTPUT": str(outputs),
            "GITHUB_REPOSITORY": "team/paramsync",
            "GITHUB_SERVER_URL": "https://github.example.com",
            "IMAGE_REPOSITORY": "registry.example.com/team/paramsync",
            "CHART_REPOSITORY": "charts.example.com/team/charts",
            "PYTHONDONTWRITEBYTECODE": "1",
            **variables,
        }
        command = [str(self.checkout / ".ci" / script), *arguments]
        run = subprocess.run(
            command, cwd=self.checkout, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        recorded = [json.loads(line) for line in (self.home / "calls").read_text().splitlines()]
        calls = tuple(Call(" ".join(words), said) for words, said in recorded)
        return Ran(run.returncode, run.stdout + run.stderr, calls, outputs.read_text())

    def stops_at_each_failure(self, script: str, *arguments: str, cleans: str = "^$", **variables: str) -> None:
        """Let each call of a script fail in turn: it must fail, and call nothing more but what cleans up.

        Raises AssertionError.
        """
        whole = self.run(script, *arguments, **variables)
        assert whole.code == 0, whole.said
        assert whole.calls
        for number, call in enumerate(whole.calls):
            if re.match(cleans, call.line):
                continue
            self.fails = number
            failed = self.run(script, *arguments, **variables)
            self.fails = None
            assert failed.code != 0, f"it goes on without: {call.line}"
            assert failed.outputs == "", f"it says what it made without: {call.line}"
            after = [line for line in failed.lines[number + 1 :] if not re.match(cleans, line)]
            assert after == [], f"after the failure of {call.line}"
